import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { ADMIN, type OpenHandler, openHandler } from './open-handler.js'

let open: OpenHandler

beforeAll(async () => {
  open = await openHandler()
  await open.manager.transaction(async ({ prompts }) => {
    for (const template of ['One', 'Two', 'Three']) await prompts.createVersion({ name: 'zz', template, parameters: { big: 'x' } })
    for (let version = 0; version < 30; version++) await prompts.createVersion({ name: 'aa-zz', template: 'x'.repeat(20_000) })
  })
})

afterAll(() => open.close())

const namesOf = ({ body }: { body: { items: { name: string; version: number }[] } }) =>
  body.items.map(({ name, version }) => `${name} v${version}`)

describe('a list', () => {
  it('leaves long fields out unless they are asked for', async () => {
    const [brief] = (await open.ask('GET', '/prompts?name=zz')).body.items
    const [whole] = (await open.ask('GET', '/prompts?name=zz&include=content')).body.items

    expect(brief).toMatchObject({ name: 'zz', version: 3, variables: [], labels: ['staging'] })
    expect(brief).not.toHaveProperty('template')
    expect(brief).not.toHaveProperty('parameters')
    expect(whole).toMatchObject({ template: 'Three', parameters: { big: 'x' } })
    expect((await open.ask('GET', '/prompts?include=everything')).status).toBe(400)
  })

  it('finds exactly one name, however many others hold it', async () => {
    const first = await open.ask('GET', '/prompts?name=zz&limit=2&total=true')
    const rest = await open.ask('GET', `/prompts?name=zz&limit=2&cursor=${first.body.cursor}`)

    expect(namesOf(first)).toEqual(['zz v3', 'zz v2'])
    expect(namesOf(rest)).toEqual(['zz v1'])
    expect(first.body.total).toBe(3)
    expect(rest.body).not.toHaveProperty('cursor')
    expect((await open.ask('GET', '/prompts?name=z')).body.items).toEqual([])
    expect((await open.ask('GET', '/prompts?search=zz&label=latest&total=true')).body).toMatchObject({ items: [{}, {}], total: 2 })
    expect((await open.ask('GET', '/prompts?limit=1&total=1')).body.total).toBe(33)
  })

  it('looks for a text in names, in content, or in both', async () => {
    expect(namesOf(await open.ask('GET', '/prompts?search=THREE&search_in=content'))).toEqual(['zz v3'])
    expect(namesOf(await open.ask('GET', '/prompts?search=three'))).toEqual([])
    expect(namesOf(await open.ask('GET', '/prompts?search=three&search_in=all'))).toEqual(['zz v3'])
    expect((await open.ask('GET', '/prompts?search=three&search_in=everywhere')).status).toBe(400)
  })

  it('of context rules does the same', async () => {
    for (const important of ['a', 'b']) await open.ask('POST', '/context-rules/pay/versions', { important, create: true })
    await open.ask('POST', '/context-rules', { name: 'pay-in' })

    const page = await open.ask('GET', '/context-rules?name=pay&limit=1&total=true')

    expect(page.body).toMatchObject({ items: [{ name: 'pay', version: 2 }], total: 2, cursor: expect.any(String) })
    expect((await open.ask('GET', `/context-rules?name=pay&limit=1&cursor=${page.body.cursor}`)).body.items).toHaveLength(1)
  })

  it('is a twentieth of the bytes of the bodies, and smaller still when it is compressed', async () => {
    const bytes = async (query: string, encoding: string) => {
      const request = new Request(`http://host/config/api/prompts?search=aa-zz&limit=30${query}`, {
        headers: { ...ADMIN, 'accept-encoding': encoding },
      })
      return Buffer.from(await (await open.handler(request)).arrayBuffer())
    }
    const [plain, gzip, whole] = [await bytes('', 'identity'), await bytes('', 'gzip'), await bytes('&include=content', 'identity')]

    expect(plain.length).toBeLessThan(whole.length / 20)
    expect(gzip.length).toBeLessThan(plain.length / 5)
    expect(gunzipSync(gzip).toString()).toBe(plain.toString())
  })

  it.each(['gzip', 'GZIP', '*', 'br, gzip', 'gzip ; q=0.5', '*;q=0, gzip', 'identity;q=0, *;q=0.1'])(
    'is compressed for a client that takes "%s"',
    async (encoding) => {
      const request = new Request('http://host/config/api/prompts', { headers: { ...ADMIN, 'accept-encoding': encoding } })

      expect((await open.handler(request)).headers.get('content-encoding')).toBe('gzip')
    },
  )

  it.each(['gzip;q=0', 'gzip;q=0.000', 'gzip; Q=0', 'gzip;q=0, *', '*, gzip;q=0', 'br, *;q=0', 'identity', 'br', ''])(
    'is not compressed for a client that takes "%s"',
    async (encoding) => {
      const request = new Request('http://host/config/api/prompts', { headers: { ...ADMIN, 'accept-encoding': encoding } })

      expect((await open.handler(request)).headers.get('content-encoding')).toBeNull()
    },
  )
})

describe('changes', () => {
  it('of a name come in pages, newest first, and those of nobody are 404', async () => {
    const page = await open.ask('GET', '/prompts/zz/history?limit=2')
    const rest = await open.ask('GET', `/prompts/zz/history?limit=2&cursor=${page.body.cursor}`)

    expect(page.body.items.map((change: { new_version: number }) => change.new_version)).toEqual([3, 2])
    expect(rest.body.items.map((change: { new_version: number }) => change.new_version)).toEqual([1])
    expect((await open.ask('GET', '/prompts/nobody/history')).status).toBe(404)
    expect((await open.ask('GET', '/context-rules/nobody/history')).status).toBe(404)
  })

  it.each([
    ...['0000-01-01', '0000-01', '0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-01:00', '+010000-01', '-000001-01-01'],
    ...[
      '2026-02-30',
      '2026-13',
      '2026-04-31T00:00Z',
      '2026-01-01T25:00',
      '2026-01-01T00:00:60Z',
      '2026-01junk',
      '2026',
      'now',
      '',
      '\u0000',
    ],
  ])('since %j are those since no date', async (since) => {
    const answer = await open.ask('GET', `/changelog?since=${encodeURIComponent(since)}`)

    expect(answer).toMatchObject({ status: 400, body: { code: 'E_INVALID_ARGUMENT', field: 'since' } })
  })

  it.each(['0001-01-01', '2024-02-29', '2026-01', '2026-01-01T00:00Z', '2026-01-01 00:00:00.123456+05:30', '9999-12-31T23:59:59.999Z'])(
    'since %s are answered',
    async (since) => {
      expect((await open.ask('GET', `/changelog?since=${encodeURIComponent(since)}`)).status).toBe(200)
    },
  )

  it('since a revision end where that is reached', async () => {
    const { revision } = (await open.ask('POST', '/prompts', { name: 'since', template: 'x' })).body
    for (const template of ['a', 'b', 'c']) await open.ask('POST', '/prompts/since/versions', { template })

    const page = await open.ask('GET', `/changelog?since_revision=${revision}&limit=2`)
    const rest = await open.ask('GET', `/changelog?since_revision=${revision}&limit=2&cursor=${page.body.cursor}`)

    expect([...page.body.items, ...rest.body.items].map((change: { new_version: number }) => change.new_version)).toEqual([4, 3, 2])
    expect(rest.body).not.toHaveProperty('cursor')
    expect((await open.ask('GET', `/changelog?since_revision=${revision + 3}`)).body.items).toEqual([])
  })
})

describe('an answer', () => {
  it('is not sent again to a client that has it, whichever tier it came from', async () => {
    const read = (etag?: string) =>
      open.ask('GET', '/prompts/zz?label=staging', undefined, { ...ADMIN, ...(etag && { 'if-none-match': etag }) })
    const etag = (await read()).headers.get('etag')!

    expect([(await read(etag)).status, (await read(`"x", W/${etag}`)).status, (await read('"x"')).status]).toEqual([304, 304, 200])
    await open.ask('POST', '/prompts/zz/promote', { version: 1, label: 'staging' })
    expect((await read(etag)).status).toBe(200)
  })

  it('of a write says how many workers serve it, when it waited for them', async () => {
    const other = await openHandler({}, { redis: testRedisUrl(), namespace: uniqueNamespace() })
    await expect.poll(() => other.manager.stats().redis.state).toBe('up')

    const made = await other.ask('POST', '/prompts?wait_for_workers=1000', { name: 'x', template: 'x' })
    const promoted = await other.ask('POST', '/prompts/x/promote?waitForWorkers=1000', { version: 1 })
    const gone = await other.ask('DELETE', '/prompts/x?force=true&wait_for_workers=1000')

    for (const { body } of [made, promoted, gone]) expect(body.receipt).toEqual({ workers: 1, applied: 1, ms: expect.any(Number) })
    expect((await other.ask('POST', '/prompts?wait_for_workers=60001', { name: 'y', template: 'x' })).status).toBe(400)
    await other.close()
  })
})

describe('a query', () => {
  it('means the same every time, also when very many others came between', async () => {
    const ask = async (query: string) => {
      const { status, body } = await open.ask('GET', `/prompts/zz?${query}`)
      return [status, body.version ?? body.field]
    }
    const wanted = { 'version=1': [200, 1], 'version=2': [200, 2], 'version=x': [400, 'version'], 'labl=staging': [400, 'labl'] }
    const expectAll = async () => {
      for (const [query, answer] of Object.entries(wanted)) expect(await ask(query), query).toEqual(answer)
    }

    await expectAll()
    for (let revision = 0; revision < 250; revision++) expect((await ask(`version=3&subject=s${revision}`))[0]).toBe(200)
    await expectAll()
    // A list reads the same text by a schema of its own.
    expect((await open.ask('GET', '/prompts?version=1')).status).toBe(400)
  })
})
