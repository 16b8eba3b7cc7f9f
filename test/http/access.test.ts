import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Action, type Actor, bearerTokens, createConfigHandler, roles, toNodeHandler } from '../../src/http/index.js'
import type { HttpManager } from '../../src/http/manager.js'
import { ADMIN, EDITOR, type OpenHandler, openHandler, TOKENS, VIEWER } from './open-handler.js'

const DRAFT = { template: 'Hello' }
let open: OpenHandler

beforeAll(async () => {
  open = await openHandler()
})

afterAll(() => open.close())

describe('making a handler', () => {
  const manager = {} as HttpManager
  const authenticate = bearerTokens({ ada: TOKENS.ada })

  it('needs to be told who may read', () => {
    expect(() => createConfigHandler(manager)).toThrow(/authenticate must be given/)
    expect(() => createConfigHandler(manager, { anonymousReads: false })).toThrow(/authenticate/)
    expect(() => createConfigHandler(manager, { authenticate: 'token' as never })).toThrow(/must be a function/)
    expect(() => createConfigHandler(manager, { anonymousReads: true as never })).toThrow(/loopback/)
  })

  it('takes an option that is undefined for one that was left out', () => {
    const nothing = { basePath: undefined, trustedOrigins: undefined, admin: undefined, llm: undefined, playground: undefined }
    const nobody = { maxBodyBytes: undefined, redisStatistics: undefined, onError: undefined, anonymousReads: undefined }

    expect(createConfigHandler(open.manager, { authenticate, ...nothing, ...nobody }).basePath).toBe('/config')
    expect(() => createConfigHandler(manager, { authenticate: undefined, ...nothing, ...nobody })).toThrow(/authenticate must be given/)
    expect(createConfigHandler(open.manager, { authenticate: undefined, anonymousReads: 'loopback' }).basePath).toBe('/config')
  })

  it.each([
    [{ basePath: 'config' }, /basePath/],
    [{ basePath: '/a//b' }, /basePath/],
    [{ basePath: '/a?b' }, /basePath/],
    [{ trustedOrigins: ['https://tools.example.com/'] }, /trustedOrigins\[0\]/],
    [{ maxBodyBytes: 0 }, /maxBodyBytes/],
    [{ playground: { runsPerMinute: 0 } }, /playground.runsPerMinute/],
    [{ playground: { runs: 1 } as never }, /playground.runs/],
    [{ authentcate: () => undefined } as never, /did you mean authenticate/],
  ])('refuses %j', (options, message) => {
    expect(() => createConfigHandler(manager, { authenticate, ...options })).toThrow(message)
  })
})

describe('bearer tokens', () => {
  it.each([
    ['no token at all', {}, /one token or more/],
    ['an undefined one', { ada: undefined }, /tokens.ada must be a token, got none/],
    ['an undefined one with rights', { ada: { token: undefined, can: roles.admin } }, /got none/],
    ['an empty one', { ada: '' }, /at least 24 characters/],
    ['a short one', { ada: 'short' }, /at least 24 characters/],
    ['one with a blank', { ada: `${TOKENS.ada} x` }, /without blanks/],
    ['one for two names', { ada: TOKENS.ada, bob: TOKENS.ada }, /must not be the token of "ada" too/],
    ['a right that is no function', { ada: { token: TOKENS.ada, can: true as never } }, /must be a function/],
    ['a misspelt right', { ada: { token: TOKENS.ada, may: roles.admin } as never }, /tokens.ada.may/],
  ])('refuse %s', (_, tokens, message) => {
    expect(() => bearerTokens(tokens)).toThrow(message)
  })

  it('refuse a role that was not called', () => {
    expect(() => bearerTokens({ eve: { token: TOKENS.eve, can: roles.editor as never } })).toThrow(/roles.editor\(\)/)
  })

  it.each([
    [{ label: ['staging'] }, /did you mean labels/],
    [{ labels: 'staging' }, /must be a list of labels/],
    [{ labels: [undefined] }, /labels\[0\]/],
    [{ labels: ['Staging'] }, /labels\[0\]/],
    [{ labels: null }, /must be a list of labels/],
    [['staging'], /options.0/],
  ])('refuse an editor who would be told nothing: %j', (options, message) => {
    expect(() => roles.editor(options as never)).toThrow(message)
  })

  it('are in no message', () => {
    expect(() => bearerTokens({ ada: 'secret-but-short' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    )
  })

  it('find their bearer, and nobody else', async () => {
    const authenticate = bearerTokens({ ada: { token: TOKENS.ada, can: roles.admin }, vic: TOKENS.vic })
    const ask = (authorization?: string) =>
      authenticate(new Request('http://host/', { headers: authorization === undefined ? {} : { authorization } }), {})

    expect(await ask(`Bearer ${TOKENS.ada}`)).toMatchObject({ name: 'ada' })
    expect(await ask(`bearer  ${TOKENS.vic}`)).toEqual({ name: 'vic' })
    for (const wrong of [undefined, '', 'Bearer', `Basic ${TOKENS.ada}`, `Bearer ${TOKENS.ada}2`, `Bearer ${TOKENS.ada} x`])
      expect(await ask(wrong), wrong).toBeUndefined()
  })

  it('are never taken for another, whatever their lengths are', async () => {
    const token = fc.stringMatching(/^[!-~]{24,60}$/)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(token, { minLength: 3, maxLength: 3 }), fc.nat(80), async ([short, long, other], length) => {
        const authenticate = bearerTokens({ ada: short, vic: long })
        const ask = (sent: string) => authenticate(new Request('http://host/', { headers: { authorization: `Bearer ${sent}` } }), {})
        // A long one first: nothing of it may be left when a shorter one is compared.
        expect(await ask(`${long}${long}`)).toBeUndefined()
        expect(await ask(long as string)).toEqual({ name: 'vic' })
        expect(await ask(short as string)).toEqual({ name: 'ada' })
        for (const wrong of [other, `${short}0`, `${long}0`, `${long}`.slice(0, length), `${short}`.slice(0, length)])
          if (wrong !== short && wrong !== long) expect(await ask(wrong as string), wrong).toBeUndefined()
      }),
    )
  })
})

describe('the address of a request', () => {
  it.each([
    ['http://host/config/api/prompts?limit=1&label=a#x?y', 200, undefined],
    ['http://host/config/api/prompts#x?limit=wrong', 200, undefined],
    ['http://host/config/api/prompts?limit=wrong', 400, 'limit'],
    ['http://host/config/api/prompts?', 200, undefined],
    ['http://user@host:8080/config/api/prompts', 200, undefined],
    ['http://[::1]/config/api/prompts?x=/config', 400, 'x'],
    ['http://host/config/../config/api/prompts', 200, undefined],
    ['http://host?/config/api/prompts', 404, undefined],
    ['http://host/', 404, undefined],
    ['http://host//config/api/prompts', 404, undefined],
  ])('%s is read as a URL', async (url, status, field) => {
    const { pathname } = new URL(url)
    // Node's own Request takes no user in its URL; other hosts hand on what they were sent.
    const request = url.includes('@')
      ? ({ url, method: 'GET', headers: new Headers(ADMIN) } as Request)
      : new Request(url, { headers: ADMIN })

    const answer = await open.handler(request)
    const body = (await answer.json()) as { instance?: string; errors?: { parameter: string }[] }

    expect(answer.status).toBe(status)
    expect(body.errors?.[0]?.parameter).toBe(field)
    if (status >= 400) expect(body.instance).toBe(pathname)
  })
})

describe('GET /actor', () => {
  it('says who asks, and what of the whole project the role allows', async () => {
    const ask = async (headers: Record<string, string>) => (await open.ask('GET', '/actor', undefined, headers)).body

    expect(await ask(ADMIN)).toEqual({ name: 'ada', signed_in: true, may: { import: true, refresh: true } })
    expect(await ask(EDITOR)).toEqual({ name: 'eve', signed_in: true, may: { import: false, refresh: false } })
    expect(await ask(VIEWER)).toEqual({ name: 'vic', signed_in: true, may: { import: false, refresh: false } })
    expect((await open.ask('GET', '/actor', undefined, {})).status).toBe(401)
  })

  it('asks the role about the project that is named', async () => {
    const can = ({ verb, project }: Action) => verb === 'read' || project === 'own'
    const other = await openHandler({ authenticate: () => ({ name: 'ann', can }) })

    expect((await other.ask('GET', '/actor?project=own')).body.may).toEqual({ import: true, refresh: false })
    expect((await other.ask('GET', '/actor')).body.may).toEqual({ import: false, refresh: false })
    expect((await other.ask('GET', '/actor?project=a+b')).status).toBe(400)
    await other.close()
  })

  it('is served to the anonymous readers of this machine as such', async () => {
    const other = await openHandler({ anonymousReads: 'loopback' })
    const server = createServer(toNodeHandler(other.handler)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/config/api/actor`)

    expect(await answer.json()).toEqual({ name: 'anonymous', signed_in: false, may: { import: false, refresh: false } })
    server.close()
    await other.close()
  })
})

describe('an actor', () => {
  it('without rights only reads', async () => {
    expect((await open.ask('GET', '/prompts', undefined, VIEWER)).status).toBe(200)
    expect(await open.ask('POST', '/prompts', { name: 'x', ...DRAFT }, VIEWER)).toMatchObject({
      status: 403,
      body: { code: 'E_FORBIDDEN', detail: '"vic" may only read.' },
    })
    expect((await open.ask('DELETE', '/prompts/x', undefined, VIEWER)).status).toBe(403)
    expect((await open.ask('POST', '/cache/refresh', {}, VIEWER)).status).toBe(403)
  })

  it('that may edit staging touches no other label', async () => {
    const write = (path: string, body: object) => open.ask('POST', path, body, EDITOR)
    await open.ask('POST', '/prompts', { name: 'edited', ...DRAFT, labels: ['production'] })

    expect((await write('/prompts/edited/versions', DRAFT)).status).toBe(201)
    expect((await write('/prompts/edited/promote', { version: 1, label: 'staging' })).status).toBe(200)
    expect((await write('/prompts/edited/rollback', { label: 'staging' })).status).toBe(200)
    for (const [path, body] of [
      ['/prompts/edited/versions', { ...DRAFT, labels: ['staging', 'production'] }],
      ['/prompts/edited/promote', { version: 2 }],
      ['/prompts/edited/rollback', {}],
      ['/prompts/edited/remove-label', { label: 'production' }],
      ['/rollouts', { kind: 'prompt', name: 'edited', arms: [{ version: 1, weight: 1 }] }],
      ['/embeddings', { name: 'live at once', embedding_model: 'm' }],
      ['/context-rules', { name: 'live at once' }],
      ['/cache/refresh', {}],
    ] as const) {
      expect(await write(path, body), path).toMatchObject({ status: 403, body: { code: 'E_FORBIDDEN' } })
    }
    expect((await open.ask('DELETE', '/prompts/edited?force=true', undefined, EDITOR)).status).toBe(403)
    expect((await open.ask('GET', '/prompts/edited')).body.version).toBe(1)
  })

  it('is asked about exactly what is done, with the project and the label that the request means', async () => {
    const asked: Action[] = []
    const can = (action: Action) => asked.push(action) > 0
    const other = await openHandler({ authenticate: () => ({ name: 'ann', can }) }, { project: 'shop', label: 'live' })

    await other.ask('POST', '/prompts', { name: 'p', ...DRAFT, labels: ['live', 'canary'] })
    await other.ask('POST', '/prompts/p/versions', { ...DRAFT, project: 'shop' })
    await other.ask('POST', '/prompts/p/promote', { version: 2 })
    await other.ask('GET', '/prompts/p')
    await other.ask('DELETE', '/prompts/p?version=1')
    await other.ask('POST', '/cache/refresh', { config_type: 'prompt' })

    const on = { kind: 'prompt', project: 'shop', name: 'p' }
    expect(asked).toEqual([
      { ...on, verb: 'create', labels: ['live', 'canary'] },
      { ...on, verb: 'version', labels: ['staging'] },
      { ...on, verb: 'promote', labels: ['live'] },
      { ...on, verb: 'read', labels: [] },
      { ...on, verb: 'deactivate', labels: ['canary'] },
      { verb: 'refresh', kind: 'prompt', project: '*', name: '*', labels: [] },
    ])
    // What was asked about is what was moved.
    expect((await other.manager.getPrompt('p'))?.version).toBe(2)
    await other.close()
  })

  it.each([
    ['a promise of no', async () => false],
    ['something truthy', () => 'yes' as never],
    ['roles.editor itself', roles.editor as never],
  ])('whose rights answer with %s may not', async (_, can: Actor['can']) => {
    const other = await openHandler({ authenticate: () => ({ name: 'ann', ...(can && { can }) }) })

    expect((await other.ask('POST', '/prompts', { name: 'x', ...DRAFT })).status).toBe(403)
    await other.close()
  })

  it('that nobody named, and an authenticate that throws, are failures and no open doors', async () => {
    for (const authenticate of [() => ({ name: '' }), () => Promise.reject(new Error('session store at 10.0.0.1 is away'))]) {
      const other = await openHandler({ authenticate })

      const answer = await other.ask('GET', '/prompts')

      expect(answer).toMatchObject({ status: 500, body: { code: 'E_INTERNAL' } })
      expect(JSON.stringify(answer.body)).not.toContain('10.0.0.1')
      expect(other.reported).toHaveLength(1)
      await other.close()
    }
  })
})

describe('a request without a Node socket', () => {
  it('never reads anonymously, whatever its Host says', async () => {
    const other = await openHandler({ anonymousReads: 'loopback' })

    expect((await other.ask('GET', '/prompts', undefined, { host: '127.0.0.1' })).status).toBe(401)
    expect((await other.ask('GET', '/prompts')).status).toBe(200)
    await other.close()
  })

  it('is refused when a page of another site sends a write with the session of its user', async () => {
    const session = { authenticate: () => ({ name: 'ann', can: roles.admin }), trustedOrigins: ['https://tools.example.com'] }
    const other = await openHandler(session)
    const post = (headers: Record<string, string>) => other.ask('POST', '/prompts/x/versions', { ...DRAFT, create: true }, headers)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }

    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site', origin: 'https://blog.host' },
      { 'sec-fetch-site': 'cross-site', ...form },
      { origin: 'https://evil.example', ...form },
      { origin: 'null' },
      { origin: 'http://host.evil.example' },
      { origin: 'nonsense' },
      { origin: 'http://host', 'sec-fetch-site': 'cross-site' },
      { origin: 'http://host:81' },
      { origin: 'http://user@host.evil.example' },
    ] as Record<string, string>[]) {
      expect(await post(headers), JSON.stringify(headers)).toMatchObject({ status: 403, body: { code: 'E_CROSS_SITE' } })
    }
    for (const headers of [
      {},
      { 'sec-fetch-site': 'same-origin', origin: 'http://host' },
      { 'sec-fetch-site': 'none' },
      { origin: 'http://host' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://tools.example.com' },
    ] as Record<string, string>[]) {
      expect((await post(headers)).status, JSON.stringify(headers)).toBe(201)
    }
    expect((await other.ask('GET', '/prompts', undefined, { 'sec-fetch-site': 'cross-site' })).status).toBe(200)
    await other.close()
  })

  it('that is not below the base path is a 404, also with the page left out', async () => {
    const other = await openHandler({ admin: false, basePath: '/a/b' })
    const get = async (path: string) => (await other.handler(new Request(`http://host${path}`, { headers: ADMIN }))).status

    expect(await get('/a/b/api/prompts')).toBe(200)
    for (const path of ['/', '/a', '/a/b', '/a/b/', '/a/bc/api/prompts', '/a/b/admin/', '/api/prompts', '/a/b/api', '/a/b/other'])
      expect(await get(path), path).toBe(404)
    await other.close()
  })
})
