import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConfigHandler } from '../../src/http/index.js'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { ADMIN, type OpenHandler, type OpenWorker, openHandler, openWorker } from './open-handler.js'

let open: OpenHandler

beforeAll(async () => {
  open = await openHandler()
})

afterAll(() => open.close())

const create = (name: string, labels = ['production'], template = 'One') => open.ask('POST', '/prompts', { name, template, labels })
const problemOf = (reply: { readonly body: { readonly errors?: unknown } }) => reply.body.errors

describe('a body', () => {
  it('is told everything that is wrong with it at once, with a pointer each', async () => {
    const reply = await open.ask('POST', '/prompts?wait_for_workers=soon&nobody=1', {
      name: ' blank',
      template: 7,
      lables: ['x'],
      template_fromat: 'raw',
      labels: ['UPPER', 'ok', 'latest'],
      parameters: [],
      description: 'a\0b',
    })

    expect(reply.status).toBe(400)
    expect(problemOf(reply)).toEqual([
      { parameter: 'wait_for_workers', detail: 'must be an integer' },
      { parameter: 'nobody', detail: 'is not known here. Known are wait_for_workers' },
      { pointer: '/template', detail: 'must be text, or a list of messages' },
      { pointer: '/description', detail: 'must not hold NUL characters or lone surrogates' },
      { pointer: '/parameters', detail: 'must be an object' },
      { pointer: '/labels/0', detail: 'may hold lower-case letters, digits, "_", "." and "-" only' },
      { pointer: '/labels/2', detail: 'must not be "latest": that label always means the highest active version' },
      { pointer: '/name', detail: 'must not begin or end with a blank' },
      { pointer: '/lables', detail: 'is not known here: did you mean labels?' },
      { pointer: '/template_fromat', detail: 'is not known here: did you mean template_format?' },
    ])
  })

  it.each([
    ['POST', '/prompts', { template: 'x' }, '/name', 'is required'],
    ['POST', '/prompts', { name: 'x' }, '/template', 'is required'],
    [
      'POST',
      '/prompts/x/versions',
      { template: 'x', template_formt: 'raw' },
      '/template_formt',
      expect.stringContaining('template_format'),
    ],
    ['POST', '/prompts/x/versions', { template: 'x', create: 'yes' }, '/create', 'must be true or false'],
    ['POST', '/prompts/x/promote', { version: 0 }, '/version', 'must be 1 or more'],
    ['POST', '/prompts/x/promote', { version: 1, constructor: 1 }, '/constructor', expect.stringContaining('not known')],
    ['POST', '/prompts/x/promote', '{"version": 1, "__proto__": {}}', '/__proto__', expect.stringContaining('not known')],
    ['POST', '/models', { name: 'x', provider: 'p', model: 'm' }, '/model_name', 'is required'],
    [
      'POST',
      '/models',
      { name: 'x', provider: 'p', model_name: 'm', fallbacks: [{ provider: 'p', model: 'm', x: 1 }] },
      '/fallbacks/0/x',
      'is not known here. Known are provider, model, parameters, prices',
    ],
    [
      'POST',
      '/models',
      { name: 'x', provider: 'p', model_name: 'm', prices: { input_per_million: 1, output_per_million: -1, currency: 'USD' } },
      '/prices/output_per_million',
      'must be 0 or more',
    ],
    [
      'POST',
      '/models',
      { name: 'x', provider: 'p', model_name: 'm', prices: { inputPerMillion: 1, output_per_million: 1, currency: 'USD' } },
      '/prices/inputPerMillion',
      'is not known here: did you mean input_per_million?',
    ],
    ['POST', '/embeddings', { name: 'x', embedding_model: 'm', dimensions: 1.5 }, '/dimensions', 'must be an integer'],
    ['POST', '/embeddings', { name: 'x', embedding_model: 'm', chunk_size: 1.5 }, '/chunk_size', 'must be an integer'],
    ['POST', '/rollouts', { kind: 'nope', name: 'x', arms: [] }, '/kind', 'must be one of prompt, model, embedding, flag'],
    [
      'POST',
      '/rollouts',
      { kind: 'prompt', name: 'x', arms: [{ version: 1, weight: -1, share: 2 }] },
      '/arms/0/weight',
      'must be 0 or more',
    ],
    [
      'POST',
      '/rollouts',
      { kind: 'prompt', name: 'x', arms: [{ version: 1, weight: 1 }], schedule: [{ at: 'soon', coverage: 1 }] },
      '/schedule/0/at',
      'must be an ISO 8601 date',
    ],
    ['POST', '/cache/refresh', { config_type: 'prompts' }, '/config_type', expect.stringContaining('must be one of')],
  ])('%s %s %j is refused at %s', async (method, path, body, pointer, detail) => {
    const reply = await open.ask(method, path, body)

    expect(reply.status).toBe(400)
    expect(problemOf(reply)).toContainEqual({ pointer, detail })
  })

  it.each([
    ['[]', 400],
    ['null', 400],
    ['"text"', 400],
    ['7', 400],
    ['{"name":', 400],
    ['\uFEFF{}', 400],
  ])('of %s is %d', async (body, status) => {
    expect((await open.ask('POST', '/prompts', body)).status).toBe(status)
  })

  it('that is no JSON by its type, or compressed, or too large, is refused', async () => {
    const send = async (headers: Record<string, string>, body: string | Uint8Array) =>
      (await open.handler(new Request('http://host/config/api/prompts', { method: 'POST', headers: { ...ADMIN, ...headers }, body })))
        .status

    expect(await send({ 'content-type': 'text/plain' }, '{}')).toBe(415)
    expect(await send({ 'content-type': 'application/x-www-form-urlencoded' }, 'name=x')).toBe(415)
    expect(await send({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}')).toBe(415)
    expect(await send({ 'content-type': 'application/json' }, 'x'.repeat(3_000_000))).toBe(413)
    expect(await send({ 'content-type': 'application/json' }, new Uint8Array([0x22, 0xff, 0x22]))).toBe(400)
    expect(await send({ 'content-type': 'application/json; charset=utf-8' }, '{"name":"typed","template":"x"}')).toBe(201)
  })

  it.each([1_000, 5_000, 100_000, 1_000_000])('nested %d levels deep is refused, whatever walks through it', async (levels) => {
    const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`
    const deepObject = `${'{"a":'.repeat(levels / 5)}1${'}'.repeat(levels / 5)}`
    for (const [path, body] of [
      ['/prompts', `{"name":"deep","template":"x","parameters":{"a":${deep}}}`],
      ['/prompts', `{"name":"deep","template":[{"role":"user","content":${deep}}]}`],
      ['/flags', `{"name":"deep","value":${levels > 2_500 ? deepObject : deep}}`],
      ['/rollouts', `{"kind":"prompt","name":"deep","arms":[],"when":{"a":${deep}}}`],
      ['/prompts/deep/preview', `{"template":"{a}","variables":{"a":${deep}}}`],
      ['/import', deep],
    ] as const) {
      const answer = await open.ask('POST', path, body, { ...ADMIN, 'idempotency-key': `deep-${levels}-${path}` })
      expect(answer, path).toMatchObject({ status: 400, body: { code: 'E_MALFORMED', detail: expect.stringContaining('500 levels') } })
    }
  })

  it('that cannot be read any more is told so, and is no failure of the host', async () => {
    const post = (body: string | ReadableStream) =>
      new Request('http://host/config/api/prompts', {
        method: 'POST',
        headers: { ...ADMIN, 'content-type': 'application/json' },
        body,
        duplex: 'half',
      } as RequestInit)
    const read = post('{"name":"read","template":"x"}')
    await read.text()
    const locked = post('{"name":"locked","template":"x"}')
    locked.body!.getReader()
    const broken = post(new ReadableStream({ pull: (controller) => controller.error(new Error('The client went away.')) }))

    for (const request of [read, locked, broken]) {
      const answer = await open.handler(request)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ code: 'E_MALFORMED', detail: expect.stringMatching(/read before|broke off/) })
    }
    expect(open.reported).toEqual([])
  })

  it('keeps keys that JavaScript has a meaning for', async () => {
    const parameters = '{"constructor":1,"__proto__":{"a":1},"toString":"x"}'
    await open.ask('POST', '/prompts', `{"name":"keys","template":"x","labels":["production"],"parameters":${parameters}}`)
    await open.ask('POST', '/prompts/keys/versions', { template: 'y' })
    const rollout = await open.ask('POST', '/rollouts', {
      kind: 'prompt',
      name: 'keys',
      arms: [
        { version: 1, weight: 1 },
        { version: 2, weight: 1 },
      ],
      when: { constructor: 'x' },
      forced: { constructor: 2, toString: 1 },
    })

    expect(JSON.parse(JSON.stringify((await open.ask('GET', '/prompts/keys')).body.parameters))).toEqual(JSON.parse(parameters))
    expect(rollout.body.when).toEqual({ constructor: 'x' })
    expect(rollout.body.forced).toEqual({ constructor: 2, toString: 1 })
  })
})

describe('a name', () => {
  it.each([
    ...['.', '..', ' a', 'a ', '\u00a0a', 'a\n', ''],
    ...['\u200b', 'a\u200b', '\ufeffa', 'a\u00ad', 'a\u0007b', 'a\tb', 'a\u0085b', 'a\u2028b', '\u202egnp', 'a\u2066b'],
  ])('%j is not given', async (name) => {
    expect((await open.ask('POST', '/prompts', { name, template: 'x' })).status).toBe(400)
    expect((await open.ask('POST', '/context-rules', { name })).status).toBe(400)
    if (name.trim() !== '' && !/^\.+$/.test(name)) {
      const path = `/prompts/${encodeURIComponent(name)}/versions`
      expect((await open.ask('POST', path, { template: 'x', create: true })).status).toBe(400)
    }
  })

  it.each([
    ...['a/b', 'a%2Fb', '%', '...', '.a', 'a?b#c', 'a;b', 'a+b', 'a&b=c', '"', '\\', '__proto__', 'constructor', 'toString'],
    ...['日本語', '👩‍👩‍👧', 'می‌خواهم', 'e\u0301', '<script>alert(1)</script>', "'; drop table prompts; --"],
  ])('%j is given, read, listed, and found where its making said', async (name) => {
    const made = await open.ask('POST', '/prompts', { name, template: 'x', labels: ['production'], project: 'names' })
    const path = `/prompts/${encodeURIComponent(name)}`

    expect(made.status).toBe(201)
    expect((await open.ask('GET', `${path}?project=names`)).body.name).toBe(name)
    expect((await open.ask('GET', `${path}/history?project=names`)).body.items).toHaveLength(1)
    expect((await open.ask('GET', `/prompts?project=names&name=${encodeURIComponent(name)}`)).body.items).toHaveLength(1)
    expect((await open.ask('GET', made.headers.get('location')!.slice('/config/api'.length))).body.name).toBe(name)
  })

  it('that is new has to be asked for when a version is written', async () => {
    expect(await open.ask('POST', '/prompts/misspelt/versions', { template: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'E_NOT_FOUND' },
    })
    expect((await open.ask('POST', '/models/misspelt/versions', { provider: 'p', model_name: 'm' })).status).toBe(404)
    expect((await open.ask('POST', '/context-rules/misspelt/versions', {})).status).toBe(404)
    expect((await open.ask('POST', '/prompts/wanted/versions', { template: 'x', create: true })).status).toBe(201)
    expect((await open.ask('POST', '/prompts/wanted/versions', { template: 'y' })).body.version).toBe(2)
  })

  it('says where what was made can be read', async () => {
    const made = await open.ask('POST', '/prompts', { name: 'a/b c', template: 'x', project: 'other' })
    const location = made.headers.get('location')!

    expect(location).toBe('/config/api/prompts/a%2Fb%20c?version=1&project=other')
    expect((await open.ask('GET', location.slice('/config/api'.length))).body).toMatchObject({ name: 'a/b c', project: 'other' })
  })
})

describe('taking out of use', () => {
  it('needs force where labels are, also for a whole name, and has a way back', async () => {
    await create('retired')
    await open.ask('POST', '/prompts/retired/versions', { template: 'Two', labels: [] })
    await open.ask('POST', '/prompts/retired/versions', { template: 'Bad', labels: [] })
    await open.ask('DELETE', '/prompts/retired?version=3')

    const refused = await open.ask('DELETE', '/prompts/retired')
    const taken = await open.ask('DELETE', '/prompts/retired?force=true')
    const gone = await open.ask('GET', '/prompts/retired')
    const again = await open.ask('DELETE', '/prompts/retired?force=true')
    const back = await open.ask('POST', '/prompts/retired/activate', {})

    expect(refused).toMatchObject({ status: 409, body: { code: 'E_IN_USE', detail: expect.stringContaining('"production"') } })
    expect(taken).toMatchObject({ status: 200, body: { deactivated: 2 } })
    expect([gone.status, again.status]).toEqual([404, 404])
    expect(back).toMatchObject({
      status: 200,
      body: { version: 2, is_active: true, revision: expect.any(Number), propagated: true },
    })
    // Its labels are where they were, and the version that was bad before is still out of use.
    expect((await open.ask('GET', '/prompts/retired')).body).toMatchObject({ version: 1, labels: ['production'] })
    expect((await open.ask('GET', '/prompts/retired?version=3')).status).toBe(404)
  })

  it('of one version goes back by that version, and of a missing one is 404', async () => {
    await create('single', ['staging'])
    await open.ask('POST', '/prompts/single/versions', { template: 'Two' })

    expect((await open.ask('DELETE', '/prompts/single?version=1')).body).toEqual({ deactivated: 1 })
    expect((await open.ask('POST', '/prompts/single/activate', { version: 1 })).body).toMatchObject({ version: 1, is_active: true })
    expect((await open.ask('POST', '/prompts/single/activate')).status).toBe(200)
    expect((await open.ask('POST', '/prompts/single/activate', { version: 9 })).status).toBe(404)
    expect((await open.ask('POST', '/prompts/nobody/activate', {})).status).toBe(404)
    expect((await open.ask('DELETE', '/prompts/nobody')).status).toBe(404)
    expect((await open.ask('DELETE', '/models/nobody?force=true')).status).toBe(404)
  })

  it('pauses a rollout only with force', async () => {
    await create('split')
    await open.ask('POST', '/prompts/split/versions', { template: 'Two', labels: [] })
    const { body } = await open.ask('POST', '/rollouts', { kind: 'prompt', name: 'split', arms: [{ version: 2, weight: 1 }] })

    expect((await open.ask('DELETE', '/prompts/split')).status).toBe(409)
    expect((await open.ask('DELETE', '/prompts/split?force=true')).body).toEqual({ deactivated: 2 })
    expect((await open.ask('GET', `/rollouts/${body.id}`)).body.status).toBe('paused')
  })

  it('works for context rules, whose newest version goes back', async () => {
    await open.ask('POST', '/context-rules', { name: 'ctx', important: 'a' })

    expect((await open.ask('DELETE', '/context-rules/ctx')).body).toEqual({ deactivated: 1 })
    expect((await open.ask('GET', '/context-rules/ctx')).status).toBe(404)
    expect((await open.ask('POST', '/context-rules/ctx/activate', {})).body).toMatchObject({ name: 'ctx', version: 1 })
    expect((await open.ask('GET', '/context-rules/ctx')).status).toBe(200)
  })
})

describe('prices and dimensions', () => {
  const prices = { input_per_million: 0.15, output_per_million: 0.6, cached_input_per_million: 0.075, currency: 'USD' }

  it('come back as they were sent, are inherited by the rules of the library, and are taken away by null', async () => {
    const fallbacks = [{ provider: 'openai', model: 'small', prices }]
    const model = { name: 'priced', provider: 'openai', model_name: 'large' }
    const made = await open.ask('POST', '/models', { ...model, prices, fallbacks, labels: ['production'] })
    const read = await open.ask('GET', '/models/priced')
    const listed = await open.ask('GET', '/models?name=priced')
    const other = await open.ask('POST', '/models/priced/versions', { provider: 'openai', model_name: 'larger' })
    const again = await open.ask('POST', '/models/priced/versions', { provider: 'openai', model_name: 'larger', prices })
    const none = await open.ask('POST', '/models/priced/versions', { provider: 'openai', model_name: 'larger', prices: null })

    expect(made).toMatchObject({ status: 201, body: { prices, fallbacks } })
    expect(read.body).toMatchObject({ prices, fallbacks })
    expect(listed.body.items[0]).toMatchObject({ prices })
    expect([other.body.prices, again.body.prices, none.body.prices]).toEqual([null, prices, null])
    expect((await open.manager.getModelConfig('priced'))?.prices).toEqual({
      inputPerMillion: 0.15,
      outputPerMillion: 0.6,
      cachedInputPerMillion: 0.075,
      currency: 'USD',
    })

    const embedding = await open.ask('POST', '/embeddings', { name: 'docs', embedding_model: 'm', dimensions: 768 })
    const shorter = await open.ask('POST', '/embeddings/docs/versions', { embedding_model: 'm', dimensions: null })
    expect([embedding.body.dimensions, shorter.body.dimensions]).toEqual([768, null])
  })
})

describe('the other verbs', () => {
  it('takes a label off', async () => {
    await create('labelled', ['production', 'canary'])

    expect((await open.ask('POST', '/prompts/labelled/remove-label', { label: 'canary' })).body).toMatchObject({
      name: 'labelled',
      label: 'canary',
    })
    expect((await open.ask('GET', '/prompts/labelled')).body.labels).toEqual(['production'])
    expect((await open.ask('POST', '/prompts/labelled/remove-label', { label: 'canary' })).status).toBe(404)
    expect((await open.ask('POST', '/prompts/labelled/remove-label', {})).status).toBe(400)
  })

  it('says what a path takes', async () => {
    const options = await open.ask('OPTIONS', '/prompts/x', undefined, {})
    const wrong = await open.ask('PUT', '/prompts/x')
    const head = await open.ask('HEAD', '/healthz')

    expect([options.status, options.headers.get('allow')]).toEqual([204, 'DELETE, GET, HEAD, OPTIONS'])
    expect(wrong).toMatchObject({ status: 405, body: { code: 'E_METHOD' } })
    expect(wrong.headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS')
    expect((await open.ask('GET', '/prompts/x/promote')).headers.get('allow')).toBe('OPTIONS, POST')
    expect([head.status, head.body]).toEqual([200, undefined])
  })

  it('gives every answer the id of its request', async () => {
    const given = await open.ask('GET', '/nothing', undefined, { ...ADMIN, 'x-request-id': 'trace:42' })
    const made = await open.ask('GET', '/prompts', undefined, { ...ADMIN, 'x-request-id': 'no\tgood' })

    expect(given.headers.get('x-request-id')).toBe('trace:42')
    expect(given.body.request_id).toBe('trace:42')
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('If-Match', () => {
  it('keeps a write from what changed in the meantime', async () => {
    await create('guarded')
    const etag = (await open.ask('GET', '/prompts/guarded')).headers.get('etag')!
    const write = (method: string, path: string, ifMatch: string, body?: object) =>
      open.ask(method, path, body, { ...ADMIN, 'if-match': ifMatch })

    expect(await write('DELETE', '/prompts/guarded?force=true', '"stale"')).toMatchObject({ status: 412, body: { code: 'E_CHANGED' } })
    expect((await write('POST', '/prompts/guarded/versions', '"stale"', { template: 'x' })).status).toBe(412)
    expect(
      (await write('POST', '/prompts/guarded/versions', `"other", W/${etag}`, { template: 'Two', labels: ['production'] })).status,
    ).toBe(201)
    expect((await write('POST', '/prompts/guarded/promote', etag, { version: 1 })).status).toBe(412)
    expect((await write('POST', '/prompts/guarded/promote', '*', { version: 1 })).status).toBe(200)
    expect((await write('POST', '/prompts/nobody/promote', '*', { version: 1 })).status).toBe(412)
    expect((await write('POST', '/prompts', '*', { name: 'new', template: 'x' })).status).toBe(412)
  })

  it('has an opposite, for a write that must meet nothing', async () => {
    await create('there')
    const etag = (await open.ask('GET', '/prompts/there')).headers.get('etag')!
    const write = (path: string, ifNoneMatch: string, body: object) =>
      open.ask('POST', path, body, { ...ADMIN, 'if-none-match': ifNoneMatch })

    expect(await write('/prompts/there/versions', '*', { template: 'x' })).toMatchObject({ status: 412, body: { code: 'E_CHANGED' } })
    expect((await write('/prompts/there/versions', `"other", W/${etag}`, { template: 'x' })).status).toBe(412)
    expect((await write('/prompts', '*', { name: 'there', template: 'x' })).status).toBe(412)
    expect((await write('/prompts/there/versions', '"other"', { template: 'x' })).status).toBe(201)
    expect((await write('/prompts/not-there/versions', '*', { template: 'x', create: true })).status).toBe(201)
    expect((await write('/templates/check', '*', { template: 'x' })).status).toBe(200)
  })

  it('takes the tag of a compressed answer, and of any tier', async () => {
    await create('tiers', ['production'], 'x'.repeat(2_000))
    const tag = async () =>
      (await open.ask('GET', '/prompts/tiers', undefined, { ...ADMIN, 'accept-encoding': 'identity' })).headers.get('etag')
    const [first, second] = [await tag(), await tag()]
    const gzip = await open.handler(
      new Request('http://host/config/api/prompts/tiers', { headers: { ...ADMIN, 'accept-encoding': 'br, gzip' } }),
    )

    expect(first).toBe(second)
    expect(gzip.headers.get('content-encoding')).toBe('gzip')
    expect(gzip.headers.get('etag')).toBe(`W/${first}`)
    expect(
      (await open.ask('DELETE', '/prompts/tiers?force=true', undefined, { ...ADMIN, 'if-match': gzip.headers.get('etag')! })).status,
    ).toBe(200)
  })

  describe('of many writers at once, through two workers', () => {
    let second: OpenWorker
    beforeAll(async () => {
      second = await openWorker(open.databaseUrl)
    })
    afterAll(() => second.close())
    /** Sends the same request many times at once, half of them to each worker, and counts the answers. */
    const race = async (method: string, path: string, headers: Record<string, string>, body?: (place: number) => object) => {
      const request = (place: number) =>
        new Request(`http://host/config/api${path}`, {
          method,
          headers: { ...ADMIN, ...headers, ...(body && { 'content-type': 'application/json' }) },
          ...(body && { body: JSON.stringify(body(place)) }),
        })
      const workers = [open.handler, second.handler]
      const answers = await Promise.all(Array.from({ length: 12 }, (_, place) => workers[place % 2]!(request(place))))
      return answers.map(({ status }) => status).sort()
    }
    const tagOf = async (path: string) => (await open.ask('GET', path)).headers.get('etag')!
    const once = (status: number) => [status, ...Array<number>(11).fill(412)]

    it.each([
      [
        'a version',
        'POST',
        '/prompts/raced-version/versions',
        201,
        (place: number) => ({ template: `By ${place}`, labels: ['production'] }),
      ],
      ['a version without labels', 'POST', '/prompts/raced-draft/versions', 201, (place: number) => ({ template: `By ${place}` })],
      ['a promotion', 'POST', '/prompts/raced-promotion/promote', 200, () => ({ version: 2 })],
      ['a deactivation', 'DELETE', '/prompts/raced-deactivation?force=true', 200, undefined],
    ] as const)('lets one through: %s', async (_, method, path, status, body) => {
      const name = path.split('/')[2]!.split('?')[0]!
      await create(name)
      await open.ask('POST', `/prompts/${name}/versions`, { template: 'Two' })

      expect(await race(method, path, { 'if-match': await tagOf(`/prompts/${name}`) }, body)).toEqual(once(status))
    })

    it('lets one through: a context rule, whatever happens to others of its project', async () => {
      await open.ask('POST', '/context-rules', { name: 'raced', important: 'one' })
      await open.ask('POST', '/context-rules', { name: 'other', important: 'one' })
      const etag = await tagOf('/context-rules/raced')
      const others = async () => {
        for (let place = 0; place < 10; place++) await open.ask('POST', '/context-rules/other/versions', { important: `by ${place}` })
      }
      const path = '/context-rules/raced/versions'
      const [statuses] = await Promise.all([race('POST', path, { 'if-match': etag }, (place) => ({ important: `by ${place}` })), others()])

      expect(statuses).toEqual(once(201))
    })

    it('lets one through: a ramp', async () => {
      await create('raced-ramp')
      const arms = [{ version: 1, weight: 1 }]
      const { id } = (await open.ask('POST', '/rollouts', { kind: 'prompt', name: 'raced-ramp', arms, coverage: 5 })).body
      const etag = await tagOf(`/rollouts/${id}`)

      expect(await race('POST', `/rollouts/${id}/ramp`, { 'if-match': etag }, (place) => ({ coverage: 10 + place }))).toEqual(once(200))
    })

    it('lets one through that must meet nothing, also where it gives no label that a GET reads by', async () => {
      const headers = { 'if-none-match': '*' }
      const staged = await race('POST', '/prompts/raced-draft-birth/versions', headers, () => ({ template: 'x', create: true }))

      expect(staged).toEqual(once(201))
      expect((await open.ask('POST', '/prompts', { name: 'raced-draft-birth', template: 'x' }, { ...ADMIN, ...headers })).status).toBe(412)
      expect(
        await race('POST', '/prompts/raced-birth/versions', headers, () => ({ template: 'x', create: true, labels: ['production'] })),
      ).toEqual(once(201))
    })
  })

  it('works for rollouts', async () => {
    await create('ramped')
    const started = await open.ask('POST', '/rollouts', { kind: 'prompt', name: 'ramped', arms: [{ version: 1, weight: 1 }], coverage: 5 })
    const path = `/rollouts/${started.body.id}`
    const etag = (await open.ask('GET', path)).headers.get('etag')!
    const begin = async (ifMatch: string) =>
      (
        await open.ask(
          'POST',
          '/rollouts',
          { kind: 'prompt', name: 'ramped', label: 'canary', arms: [{ version: 1, weight: 1 }] },
          { ...ADMIN, 'if-match': ifMatch },
        )
      ).status
    await open.ask('POST', '/prompts/ramped/promote', { version: 1, label: 'canary' })
    const canary = (await open.ask('GET', '/prompts/ramped?label=canary')).headers.get('etag')!
    expect([await begin('"stale"'), await begin(canary)]).toEqual([412, 201])
    const ramp = (coverage: number) => open.ask('POST', `${path}/ramp`, { coverage }, { ...ADMIN, 'if-match': etag })

    expect([(await ramp(10)).status, (await ramp(20)).status]).toEqual([200, 412])
    expect(started.headers.get('location')).toBe(`/config/api${path}`)
  })
})

describe('Idempotency-Key', () => {
  const workers: ConfigurationManager[] = []
  afterAll(() => Promise.all(workers.map((worker) => worker.shutdown())))
  const secondWorker = () => {
    const worker = createConfigManager({ database: open.databaseUrl, redis: false })
    workers.push(worker)
    return worker
  }
  const keyed = (body: object, key = 'key') =>
    new Request('http://host/config/api/prompts/once/versions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ create: true, ...body }),
    })
  const repeat = (key: string, body: object, headers = ADMIN) =>
    open.ask('POST', '/prompts/once/versions', { create: true, ...body }, { ...headers, 'idempotency-key': key })

  it('carries a request out once, and answers its repetition in the same way', async () => {
    const first = await repeat('key-1', { template: 'One' })
    const second = await repeat('key-1', { template: 'One' })
    const other = await repeat('key-2', { template: 'One' })

    expect(second.body).toEqual(first.body)
    expect(second.status).toBe(201)
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect([first.body.version, other.body.version]).toEqual([1, 2])
  })

  it('is refused for another request, and is nobody else’s', async () => {
    await repeat('key-3', { template: 'One' })

    expect(await repeat('key-3', { template: 'Two' })).toMatchObject({ status: 422, body: { code: 'E_KEY_REUSED' } })
    expect((await repeat('key 3', { template: 'One' })).status).toBe(400)
    expect((await open.ask('POST', '/prompts/once/promote', { version: 1 }, { ...ADMIN, 'idempotency-key': 'key-3' })).status).toBe(422)
  })

  it('lets one of two requests at once through, and one that failed be sent again', async () => {
    const replies = await Promise.all([repeat('key-4', { template: 'One' }), repeat('key-4', { template: 'One' })])
    const next = await repeat('key-4-next', { template: 'Two' })
    const failed = await open.ask('POST', '/prompts/missing/promote', { version: 1 }, { ...ADMIN, 'idempotency-key': 'key-5' })
    await create('missing', ['staging'])
    const mended = await open.ask('POST', '/prompts/missing/promote', { version: 1 }, { ...ADMIN, 'idempotency-key': 'key-5' })

    // The later one is told that the other is running, or answered the same when that one has ended.
    const isFirst = ({ status, headers }: (typeof replies)[number]) => status === 201 && headers.get('idempotency-replayed') === null
    const [later] = replies.filter((reply) => !isFirst(reply))
    expect(replies.filter(isFirst)).toHaveLength(1)
    expect([201, 409]).toContain(later?.status)
    expect(next.body).toMatchObject({ version: replies.find(isFirst)!.body.version + 1 })
    expect([failed.status, mended.status]).toEqual([404, 200])
  })

  it('is known to every worker: the one that is asked again answers the same', async () => {
    const other = createConfigHandler(secondWorker(), { authenticate: () => ({ name: 'ada', can: () => true }) })
    const first = await repeat('key-6', { template: 'From one worker' })
    const again = await other(keyed({ template: 'From one worker' }, 'key-6'))
    const mistaken = await other(keyed({ template: 'Something else' }, 'key-6'))

    expect([first.status, again.status, mistaken.status]).toEqual([201, 201, 422])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await again.json()).toEqual(first.body)
  })

  it('whose worker is gone, or whose answer is not kept, is told so and not carried out again', async () => {
    const states = ['lost', 'forgotten'] as const
    for (const state of states) {
      let fingerprint = ''
      const idempotencyKeys = {
        claim: async (claim: { fingerprint: string }) => {
          fingerprint = claim.fingerprint
          return { state, fingerprint } as const
        },
        keep: async () => {},
        release: async () => {},
      }
      const before = (await open.ask('GET', '/prompts/once/history')).body.items.length
      const handler = createConfigHandler(Object.assign(secondWorker(), { idempotencyKeys }), {
        authenticate: () => ({ name: 'ann', can: () => true }),
      })
      const answer = await handler(keyed({ template: 'x' }))

      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ code: state === 'lost' ? 'E_KEY_LOST' : 'E_KEY_ANSWERED' })
      expect((await open.ask('GET', '/prompts/once/history')).body.items).toHaveLength(before)
    }
  })

  it('that cannot be kept or freed leaves the answer of its request as it is', async () => {
    const down = () => Promise.reject(new Error('away'))
    const idempotencyKeys = { claim: async () => ({ state: 'new' }) as const, keep: down, release: down }
    const handler = createConfigHandler(Object.assign(secondWorker(), { idempotencyKeys }), {
      authenticate: () => ({ name: 'ann', can: () => true }),
    })

    expect((await handler(keyed({ template: 'Committed' }))).status).toBe(201)
    expect((await handler(keyed({ template: 7 }))).status).toBe(400)
  })

  it('is kept where the manager keeps keys', async () => {
    const kept: unknown[] = []
    const idempotencyKeys = {
      claim: async (claim: object) => (kept.push(claim) > 0 ? { state: 'new' } : undefined),
      keep: async (key: object, answer: object) => void kept.push([key, answer]),
      release: async () => {},
    }
    const other = await openHandler({}, {})
    Object.assign(other.manager, { idempotencyKeys })
    const handler = createConfigHandler(other.manager, { authenticate: () => ({ name: 'ann', can: () => true }) })

    await handler(
      new Request('http://host/config/api/prompts', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        body: '{"name":"x","template":"x"}',
      }),
    )

    expect(kept).toEqual([
      { actor: 'ann', key: 'k', fingerprint: expect.any(String), ttlMs: 86_400_000 },
      [
        { actor: 'ann', key: 'k' },
        { status: 201, headers: expect.objectContaining({ location: expect.any(String) }), body: expect.stringContaining('"x"') },
      ],
    ])
    await other.close()
  })
})
