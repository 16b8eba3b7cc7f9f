import { beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { aCache, aGate } from './a-cache.js'
import { FakeHistory } from './fake-history.js'
import { FakeRedis } from './fake-redis.js'

const SCOPES = Array.from({ length: 300 }, (_, place) => `prompt:default:p${place}`)
const [A, B] = SCOPES as [string, string]
let history: FakeHistory
let redis: FakeRedis

beforeEach(async () => {
  history = new FakeHistory()
  redis = new FakeRedis()
  for (const scope of SCOPES) history.commit([scope])
  await redis.put(SCOPES.map((scope) => ({ document: history.document(scope) })))
})

/** A process that starts when all that is above has happened. */
async function aStart(options: Parameters<typeof aCache>[1] = {}) {
  const start = aCache(history, { redis, ...options })
  await start.cache.log.catchUp()
  history.logReads = 0
  return start
}

describe('a process that has just started', () => {
  it('serves what is in Redis once PostgreSQL has said, of all in one question, that it is the last', async () => {
    const { source, cache } = await aStart()

    const sources = await Promise.all(SCOPES.slice(0, 50).map(source))

    expect(new Set(sources)).toEqual(new Set(['redis']))
    expect([history.logReads, history.loads.length, cache.counters.loads]).toEqual([1, 0, 0])
  })

  it('loads what Redis has an older one of, or one of a change that was lost', async () => {
    const stale = history.document(A)
    history.commit([A])
    const lost = { ...history.document(B), revision: 1, token: 'lost' }
    for (const document of [stale, lost]) redis.documents.set(document.scope, document)
    const { source, read } = await aStart()

    expect(await Promise.all([source(A), source(B)])).toEqual(['database', 'database'])
    expect(await Promise.all([read(A), read(B)])).toEqual([`${A}@301`, `${B}@2`])
  })

  it('does not serve a load that began before the log was first read, and was overtaken since', async () => {
    const { cache, read } = aCache(history)
    const gate = aGate()
    history.gate = gate.closed
    const reading = read(A)
    await eventually(() => expect(history.loads).toEqual([A]))
    history.commit([A])
    await cache.log.catchUp()
    history.gate = undefined
    gate.open()

    expect(await reading).toBe(`${A}@301`)
  })

  it('does not take the changes that late messages name for the last ones, however often the log is asked again', async () => {
    const late = SCOPES.slice(0, 3)
    const first = late.map((scope) => history.document(scope))
    history.commit(late)
    for (const document of first) redis.documents.set(document.scope, document)
    const { cache, read, hear } = aCache(history, { redis })
    const gates = late.map(() => aGate())
    history.logGate = gates[0]?.closed
    const reading = cache.log.catchUp()
    for (const [place, { scope, revision, token }] of first.entries()) {
      await eventually(() => expect(history.logReads).toBe(place + 1))
      hear({ revision, token, scopes: [scope] })
      history.logGate = gates[place + 1]?.closed
      gates[place]?.open()
    }
    await reading

    expect(await Promise.all(late.map(read))).toEqual(late.map((scope) => `${scope}@301`))
  })

  it('serves nothing older than a change that is announced while PostgreSQL confirms the document', async () => {
    const { read, hear } = await aStart()
    const gate = aGate()
    history.logGate = gate.closed
    const reading = read(A)
    await eventually(() => expect(history.logReads).toBe(1))
    hear(history.commit([A]))
    history.logGate = undefined
    gate.open()

    expect(await reading).toBe(`${A}@301`)
  })

  it('serves all of a transaction once PostgreSQL tells it of a change that it has not heard of', async () => {
    const { cache, read } = await aStart()
    await Promise.all([read(A), read(B)])
    history.commit([A, B])

    await cache.forget(A)
    await redis.put([{ document: history.document(A) }])

    expect([await read(A), await read(B)]).toEqual([`${A}@301`, `${B}@301`])
  })
})

describe('with PostgreSQL away', () => {
  it('serves a document that nobody can confirm as stale, and as an ordinary one when the log confirms it', async () => {
    const { cache, said } = await aStart()
    history.failure = new Error('away')

    const away = await cache.document(A)
    history.failure = undefined
    await cache.log.catchUp()
    const back = await cache.document(A)

    expect([away?.entry.value, away?.stale, back?.entry.value, back?.stale]).toEqual([`${A}@1`, true, `${A}@1`, false])
    expect(said.changed).toEqual([])
  })

  it('confirms all of them with one read of the log, also what came in while it was under way', async () => {
    const { cache } = aCache(history, { redis, readMs: 100 })
    const gate = aGate()
    history.logGate = gate.closed
    const early = await cache.document(A)
    history.logGate = undefined
    gate.open()
    await eventually(() => expect(cache.log.applied).toBe(300))

    expect([early?.stale, (await cache.document(A))?.stale]).toEqual([true, false])
  })

  it('says that a document changed that it served meanwhile and the log does not confirm', async () => {
    const { cache, said, read } = await aStart()
    const first = history.document(A)
    history.commit([A])
    await cache.log.catchUp()
    redis.documents.set(A, first)
    const { cache: other, said: told, read: readOther } = await aStart()
    history.failure = new Error('away')
    expect((await other.document(A))?.stale).toBe(true)
    history.failure = undefined
    await other.log.catchUp()

    expect(told.changed).toEqual([[A]])
    expect(await Promise.all([read(A), readOther(A)])).toEqual([`${A}@301`, `${A}@301`])
    expect(said.changed).toEqual([[A]])
  })

  it('does not count it as recent, however far the log is known', async () => {
    const { cache } = await aStart()
    history.failure = new Error('away')
    expect((await cache.document(A))?.stale).toBe(true)

    await expect(cache.document(A, { minRevision: 300 })).rejects.toThrow()
    await expect(cache.document(A, { maxStalenessMs: 60_000 })).rejects.toThrow()
  })

  it('never serves one that is older than what was announced', async () => {
    const { cache, hear } = await aStart()
    history.failure = new Error('away')
    hear({ revision: 301, token: 'new', scopes: [A] })

    await expect(cache.document(A)).rejects.toThrow('away')
  })

  describe('and documents in Redis of a history that was lost before this process began, whose stamps were counted there', () => {
    /** A was written again in revision 305, of the present history; Redis has it as it was, with a stamp of 310. */
    const aLostHistory = async (options: Parameters<typeof aCache>[1] = {}) => {
      const lost = { ...history.document(A), asOf: 310 }
      for (let commits = 0; commits < 4; commits++) history.commit([B])
      const change = history.commit([A])
      const start = await aStart(options)
      return { ...start, change, lost: () => void redis.documents.set(A, lost) }
    }

    it('serves none that lacks a change of which it hears while PostgreSQL is asked', async () => {
      const { read, hear, change, lost } = await aLostHistory({ readMs: 400 })
      lost()
      history.logGate = aGate().closed
      history.failure = undefined
      const reading = read(A)
      await eventually(() => expect(history.logReads).toBe(1))
      history.failure = new Error('away')
      hear({ ...change, revision: 306, token: 'told' })

      await expect(reading).rejects.toThrow()
    })

    it('serves none that lacks what it has served, when that was pushed out of what is remembered', async () => {
      const { read, lost } = await aLostHistory({ maxEntries: 1 })
      expect(await read(A)).toBe(`${A}@305`)
      for (const scope of SCOPES.slice(2, 20)) await read(scope)
      lost()
      history.failure = new Error('away')

      await expect(read(A)).rejects.toThrow('away')
    })

    it('serves none whose number is higher than anything it remembers, when it has served another one', async () => {
      const { read, lost } = await aLostHistory({ maxEntries: 1 })
      expect(await read(A)).toBe(`${A}@305`)
      for (const scope of SCOPES.slice(2, 20)) await read(scope)
      lost()
      redis.documents.set(A, { ...redis.documents.get(A)!, revision: 305, token: 'lost' })
      history.failure = new Error('away')

      await expect(read(A)).rejects.toThrow('away')
    })

    it('serves one of which it has known nothing, as stale', async () => {
      const { cache, lost } = await aLostHistory()
      lost()
      history.failure = new Error('away')

      expect(await cache.document(A)).toMatchObject({ entry: { value: `${A}@1` }, stale: true })
    })

    it('serves none, before it has read the log, that lacks a change which was announced', async () => {
      const { change, lost } = await aLostHistory()
      lost()
      history.failure = new Error('away')
      const { cache, hear } = aCache(history, { redis, readMs: 100 })
      hear(change)

      await expect(cache.document(A)).rejects.toThrow()
      expect((await cache.document(B))?.stale).toBe(true)
    })
  })

  it('serves nothing that may be of a history which this process knows is lost', async () => {
    const { cache, said } = await aStart({ maxEntries: 5 })
    for (let commits = 0; commits < 10; commits++) history.commit([A])
    const lost = history.document(A)
    await cache.log.catchUp()
    history.loseAfter(300)
    history.restoreText(A, `${A}@1`)
    for (let commits = 0; commits < 10; commits++) history.commit([B])
    await cache.log.catchUp()
    expect(said.failed.join()).toContain('another history')
    redis.documents.set(A, lost)
    history.failure = new Error('away')

    // Its own last change was pushed out of what is remembered, so nothing here contradicts it.
    await expect(cache.document(A)).rejects.toThrow('away')
    history.failure = undefined
    expect((await cache.document(A))?.entry.value).toBe(`${A}@1`)
  })
})

it('heads that were pushed out send no read of Redis to PostgreSQL for the document', async () => {
  const { source, cache } = await aStart({ maxEntries: 5 })
  for (const scope of SCOPES) await source(scope)

  const sources = await Promise.all(SCOPES.map(source))

  expect(sources.filter((one) => one === 'database')).toEqual([])
  expect(cache.counters.loads).toBe(0)
})

it('a primary that ends before the log as it was known has another history, which is found at the first load', async () => {
  const { cache, read } = await aStart({ redis: undefined })
  history.loseAfter(200)

  expect(await read(A)).toBe(`${A}@1`)
  expect(cache.log.applied).toBe(200)
})
