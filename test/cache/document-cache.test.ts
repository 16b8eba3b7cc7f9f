import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { stampOf } from '../../src/cache/held/stamped-document.js'
import { eventually } from '../support/eventually.js'
import { aCache, aGate } from './a-cache.js'
import { FakeHistory } from './fake-history.js'
import { FakeRedis } from './fake-redis.js'

const GREETING = 'prompt:default:greeting'
const OTHER = 'prompt:default:other'

let history: FakeHistory
let redis: FakeRedis

beforeEach(() => {
  history = new FakeHistory()
  redis = new FakeRedis()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a miss', () => {
  it('is loaded once for all who ask together, and not again', async () => {
    history.commit([GREETING])
    const { cache, read } = aCache(history)

    const answers = await Promise.all(Array.from({ length: 10 }, () => read(GREETING)))
    await read(GREETING)

    expect(answers).toEqual(Array(10).fill(`${GREETING}@1`))
    expect(history.loads).toEqual([GREETING])
    expect(cache.counters).toMatchObject({ loads: 1, memoryHits: 1, memoryMisses: 10 })
  })

  it('of something that does not exist is asked once, and noticed when it comes into being', async () => {
    const { read, hear } = aCache(history)

    expect([await read(GREETING), await read(GREETING), await read(GREETING)]).toEqual([undefined, undefined, undefined])
    expect(history.loads).toEqual([GREETING])
    hear(history.commit([GREETING]))
    expect(await read(GREETING)).toBe(`${GREETING}@1`)
  })

  it('goes to PostgreSQL in one batch with the others of its tick', async () => {
    const load = vi.spyOn(history, 'load')
    const { cache } = aCache(history)

    await Promise.all([cache.document(GREETING), cache.document(OTHER)])

    expect(load.mock.calls).toEqual([[[GREETING, OTHER]]])
  })

  it('waits for another worker that loads the same document, which Redis lacks', async () => {
    history.commit([GREETING])
    redis.leases = new Set()
    const [first, second] = [aCache(history, { redis }), aCache(history, { redis })]
    for (const { cache } of [first, second]) await cache.log.catchUp()
    const gate = aGate()
    history.gate = gate.closed
    const readings = [first.source(GREETING), second.source(GREETING)]
    await eventually(() => expect(history.loads).toEqual([GREETING]))
    history.gate = undefined
    gate.open()

    expect(await Promise.all(readings)).toEqual(['database', 'redis'])
    expect(history.loads).toEqual([GREETING])
  })

  it('is loaded here when another worker that wanted to load it does not bring it', async () => {
    history.commit([GREETING])
    redis.leases = new Set([GREETING])
    const { cache, source } = aCache(history, { redis })
    await cache.log.catchUp()
    const start = performance.now()

    expect(await source(GREETING)).toBe('database')
    expect(performance.now() - start).toBeGreaterThan(90)
  })

  it('of a thousand superseded documents is read in batches, several at once', async () => {
    const scopes = Array.from({ length: 1_000 }, (_, place) => `prompt:default:p${place}`)
    for (const scope of scopes) history.commit([scope])
    const { cache, read, hear } = aCache(history, { maxEntries: 2_000, maxBytes: 10_000_000 })
    await Promise.all(scopes.map(read))
    history.loads.length = 0
    const gate = aGate()
    history.gate = gate.closed

    hear(history.commit(scopes))
    await eventually(() => expect(history.loads.length).toBe(400))
    await setImmediate()
    expect(history.loads.length).toBe(400)
    history.gate = undefined
    gate.open()

    await eventually(() => expect(history.loads.length).toBe(1_000))
    expect(await read(scopes[999] as string)).toBe(`${scopes[999]}@1001`)
    expect(cache.counters.refusedFills).toBe(0)
  })

  it('fails when nobody answers, with what the loader said', async () => {
    history.failure = new Error('away')
    const { cache } = aCache(history)

    await expect(cache.document(GREETING)).rejects.toThrow('away')
  })

  it('fails within readMs when the loader hangs', async () => {
    vi.useFakeTimers()
    history.gate = new Promise(() => {})
    const { cache } = aCache(history, { readMs: 500 })

    const read = cache.document(GREETING).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(501)

    expect(await read).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  })
})

describe('a change that is announced while a document is on its way', () => {
  for (const from of ['PostgreSQL', 'Redis'] as const) {
    it(`makes the one from ${from} come too late`, async () => {
      history.commit([GREETING])
      const { cache, read, hear } = aCache(history, from === 'Redis' ? { redis } : {})
      await cache.log.catchUp()
      await redis.put([{ document: history.document(GREETING) }])
      const gate = aGate()
      history.gate = redis.gate = gate.closed

      const overtaken = read(GREETING)
      await setImmediate()
      const change = history.commit([GREETING])
      hear(change)
      const late = read(GREETING)
      gate.open()

      expect(await late).toBe(`${GREETING}@2`)
      expect(await overtaken).toBe(`${GREETING}@2`)
      expect(await read(GREETING)).toBe(`${GREETING}@2`)
      expect(redis.documents.get(GREETING)?.revision).toBe(from === 'Redis' ? 2 : 1)
    })
  }

  it('is not joined by readers who come after it', async () => {
    history.commit([GREETING])
    const { cache, read, hear } = aCache(history)
    await cache.log.catchUp()
    const gate = aGate()
    history.gate = gate.closed

    const early = read(GREETING)
    await setImmediate()
    hear(history.commit([GREETING]))
    const late = read(GREETING)
    await setImmediate()

    expect(history.loads).toEqual([GREETING, GREETING])
    gate.open()
    expect(await Promise.all([early, late])).toEqual([`${GREETING}@2`, `${GREETING}@2`])
  })

  it('ends in an error, not in an old answer, when it never stops changing', async () => {
    history.commit([GREETING])
    const { cache, hear } = aCache(history)
    await cache.log.catchUp()
    const load = history.load
    const churning = vi.spyOn(history, 'load').mockImplementation(async (scopes) => {
      const found = await load(scopes)
      hear(history.commit([GREETING]))
      return found
    })

    await expect(cache.document(GREETING)).rejects.toThrow('changed faster')
    expect(churning.mock.calls.length).toBeLessThan(10)
  })
})

describe('what one transaction changed', () => {
  for (const order of [
    [GREETING, OTHER],
    [OTHER, GREETING],
  ] as const) {
    it(`turns at once when one of it is met unannounced, read in the order ${order.join(', ')}`, async () => {
      history.commit([GREETING, OTHER])
      const { read } = aCache(history, { maxEntries: 100 })
      await read(order[0])
      await read(order[1])
      const second = aCache(history)
      await second.read(order[1])

      history.commit([GREETING, OTHER])
      // Only `order[0]` is loaded: its news has to reach the other, which is held.
      const first = await second.read(order[0])
      const other = await second.read(order[1])

      expect([first, other]).toEqual([`${order[0]}@2`, `${order[1]}@2`])
    })
  }

  it('is refreshed in memory as soon as it is heard of', async () => {
    history.commit([GREETING, OTHER])
    const { cache, read, hear, said } = aCache(history)
    await Promise.all([read(GREETING), read(OTHER)])

    hear(history.commit([GREETING, OTHER]))
    await eventually(() => cache.served().length === 2)
    const before = history.loads.length

    expect([await read(GREETING), await read(OTHER)]).toEqual([`${GREETING}@2`, `${OTHER}@2`])
    expect(history.loads).toHaveLength(before)
    expect(said.changed).toEqual([[GREETING, OTHER]])
  })
})

describe('a document in Redis', () => {
  it('is served without PostgreSQL when it is the last one', async () => {
    history.commit([GREETING])
    const { cache, source } = aCache(history, { redis })
    await cache.log.catchUp()
    await redis.put([{ document: history.document(GREETING) }])

    expect(await source(GREETING)).toBe('redis')
    expect(history.loads).toEqual([])
  })

  it('is passed over, and replaced, when it is of a lost history', async () => {
    history.commit([GREETING])
    const { cache, read } = aCache(history, { redis })
    await cache.log.catchUp()
    redis.documents.set(GREETING, { ...history.document(GREETING), token: 'lost', asOf: 900, text: '"lost"' })

    expect(await read(GREETING)).toBe(`${GREETING}@1`)
    expect(redis.documents.get(GREETING)?.text).toBe(`"${GREETING}@1"`)
  })

  it('counts as read no later than this process knows the log, whatever its stamp says', async () => {
    history.commit([GREETING])
    const { cache, read, hear } = aCache(history, { redis })
    await cache.log.catchUp()
    // The same revision and token, from before the histories parted, counted further in the one that was lost.
    redis.documents.set(GREETING, { ...history.document(GREETING), asOf: 900 })
    redis.documents.set(OTHER, { ...history.document(OTHER), asOf: 900 })
    expect([await read(GREETING), await read(OTHER)]).toEqual([`${GREETING}@1`, undefined])

    hear(history.commit([GREETING, OTHER]))

    expect([await read(GREETING), await read(OTHER)]).toEqual([`${GREETING}@2`, `${OTHER}@2`])
  })

  it('that is ahead of what this process knows is confirmed by the log first', async () => {
    history.commit([GREETING, OTHER])
    const { cache, read } = aCache(history, { redis })
    await cache.log.catchUp()
    await read(OTHER)
    history.commit([GREETING, OTHER])
    redis.documents.set(GREETING, history.document(GREETING))

    const first = await read(GREETING)

    expect([first, await read(OTHER)]).toEqual([`${GREETING}@2`, `${OTHER}@2`])
  })

  it('that was announced, and contains a change that was not, is served together with the rest of that change', async () => {
    history.commit([GREETING, OTHER])
    const { cache, read, hear } = aCache(history, { redis })
    await cache.log.catchUp()
    await read(OTHER)
    history.commit([GREETING, OTHER])
    hear(history.commit([GREETING]))
    redis.documents.set(GREETING, history.document(GREETING))

    const first = await read(GREETING)

    expect([first, await read(OTHER)]).toEqual([`${GREETING}@3`, `${OTHER}@2`])
  })

  it('is taken unconfirmed before the log could ever be read, and dropped if the log then does not name it', async () => {
    history.commit([GREETING, OTHER])
    const { cache, read, source } = aCache(history, { redis })
    redis.documents.set(GREETING, { ...history.document(GREETING), asOf: 900 })
    redis.documents.set(OTHER, { ...history.document(OTHER), token: 'lost', text: '"lost"' })
    history.failure = new Error('away')
    expect([await read(GREETING), await read(OTHER)]).toEqual([`${GREETING}@1`, 'lost'])

    history.failure = undefined
    await cache.log.catchUp()

    expect(await source(GREETING)).toBe('memory')
    expect(await read(OTHER)).toBe(`${OTHER}@1`)
    cache.log.hear(2, history.commit([GREETING]).token, [GREETING])
    expect(await read(GREETING)).toBe(`${GREETING}@2`)
  })
})

describe('expiry', () => {
  it('never makes a reader wait: the old answer is given once more while it is read again behind', async () => {
    vi.useFakeTimers()
    history.commit([GREETING])
    const { cache, read, source } = aCache(history, { ttlMs: 1_000, redis })
    await read(GREETING)
    redis.asked.length = 0
    const gate = aGate()
    history.gate = gate.closed

    vi.advanceTimersByTime(1_101)
    cache.tick()
    const answers = [await source(GREETING), await source(GREETING)]
    await vi.advanceTimersByTimeAsync(0)

    expect(answers).toEqual(['memory', 'memory'])
    expect(cache.served()).toMatchObject([{ state: 'refreshing', isHot: true, stale: false }])
    expect(history.loads).toEqual([GREETING, GREETING])
    expect(redis.asked).toEqual([])
    gate.open()
    await vi.advanceTimersByTimeAsync(0)
    await read(GREETING)
    expect(history.loads).toHaveLength(2)
  })

  it('comes at different times for documents that were read together', async () => {
    vi.useFakeTimers()
    const scopes = Array.from({ length: 50 }, (_, place) => `prompt:default:p${place}`)
    const { cache } = aCache(history, { ttlMs: 1_000 })
    await Promise.all(scopes.map((scope) => cache.document(scope)))

    const times = cache.served().map((entry) => entry.expiresAt - performance.now())

    expect(Math.min(...times)).toBeGreaterThanOrEqual(900)
    expect(Math.max(...times)).toBeLessThanOrEqual(1_100)
    expect(new Set(times).size).toBeGreaterThan(20)
  })

  it('that cannot be confirmed is served as stale, tried again later, and counted', async () => {
    vi.useFakeTimers()
    history.commit([GREETING])
    const { cache, read, said } = aCache(history, { ttlMs: 1_000 })
    await read(GREETING)
    history.failure = new Error('away')

    vi.advanceTimersByTime(1_101)
    cache.tick()
    await read(GREETING)
    await vi.advanceTimersByTimeAsync(0)
    const stale = await cache.document(GREETING)
    history.failure = undefined
    await vi.advanceTimersByTimeAsync(1_001)
    cache.tick()
    await read(GREETING)
    await vi.advanceTimersByTimeAsync(0)
    const fresh = await cache.document(GREETING)

    expect(stale).toMatchObject({ stale: true, source: 'memory' })
    expect(said.stale).toEqual([GREETING])
    expect(cache.counters.staleServed).toBeGreaterThan(0)
    expect(fresh?.stale).toBe(false)
  })
})

describe('a last good document', () => {
  it('is served as stale when it is suspect and nobody can confirm it', async () => {
    history.commit([GREETING])
    const { cache, read, said } = aCache(history)
    await read(GREETING)

    history.failure = new Error('away')
    cache.suspect((scope) => scope === GREETING)

    expect(await cache.document(GREETING)).toMatchObject({ stale: true, entry: { value: `${GREETING}@1` } })
    expect(said.stale).toEqual([GREETING])
  })

  it('is not served when it is known to be superseded', async () => {
    history.commit([GREETING])
    const { cache, read, hear } = aCache(history)
    await read(GREETING)

    history.failure = new Error('away')
    hear(history.commit([GREETING]))

    await expect(cache.document(GREETING)).rejects.toThrow('away')
  })

  it('is not served to who asked for a revision it may lack', async () => {
    history.commit([GREETING])
    const { cache, read } = aCache(history)
    await read(GREETING)
    history.failure = new Error('away')

    await expect(cache.document(GREETING, { minRevision: 2 })).rejects.toThrow('away')
  })
})

describe('a suspicion', () => {
  it('makes the next read ask PostgreSQL, past Redis, and leaves the Redis document to be replaced', async () => {
    history.commit([GREETING])
    const { cache, read, source } = aCache(history, { redis })
    await read(GREETING)
    redis.asked.length = 0

    cache.suspect((scope) => scope === GREETING, GREETING)

    expect(await source(GREETING)).toBe('database')
    expect(redis.asked).toEqual([])
    expect(redis.documents.has(GREETING)).toBe(true)
    expect(await source(GREETING)).toBe('memory')
  })

  it('is not lifted by an answer that was on its way when it was raised', async () => {
    history.commit([GREETING], 'before')
    const { cache, read } = aCache(history)
    await cache.log.catchUp()
    const gate = aGate()
    history.gate = gate.closed

    const early = read(GREETING)
    await setImmediate()
    cache.suspect((scope) => scope === GREETING)
    gate.open()
    await early

    expect(history.loads).toEqual([GREETING, GREETING])
  })

  it('is forgotten when more come than memory could hold: anybody may raise them', async () => {
    history.commit([GREETING])
    const { cache, source } = aCache(history, { maxEntries: 10, redis })
    await cache.log.catchUp()
    await redis.put([{ document: history.document(GREETING) }])

    cache.suspect(() => false, GREETING)
    for (let place = 0; place < 1_000; place++) cache.suspect(() => false, `prompt:default:p${place}`)

    expect(await source(GREETING)).toBe('redis')
  })
})

describe('memory', () => {
  it('holds no more entries and bytes than it may, and tells its owner who left', async () => {
    const { cache, kept } = aCache(history, { maxEntries: 10, maxBytes: 10 * 1_100 })

    for (let place = 0; place < 100; place++) {
      history.commit([`prompt:default:p${place}`], 'x'.repeat(place))
      await cache.document(`prompt:default:p${place}`)
      expect(cache.memory.entries).toBeLessThanOrEqual(10)
      expect(cache.memory.bytes).toBeLessThanOrEqual(11_000)
    }

    expect(kept.size).toBe(cache.memory.entries)
  })

  it('serves a document that is larger than all of it, and does not keep it anywhere', async () => {
    history.commit([GREETING], 'x'.repeat(10_000))
    const { cache, kept, read } = aCache(history, { maxBytes: 5_000 })

    expect(await read(GREETING)).toHaveLength(10_000)
    expect([cache.memory.entries, kept.size]).toEqual([0, 0])
  })

  it('keeps what is read all the time while a scan goes through', async () => {
    const { cache, source } = aCache(history, { maxEntries: 10 })
    await cache.document(GREETING)

    for (let place = 0; place < 100; place++) {
      await cache.document(`prompt:default:p${place}`)
      expect(await source(GREETING)).toBe('memory')
    }
  })

  it('is not filled any more after the end', async () => {
    const gate = aGate()
    history.gate = gate.closed
    const { cache, kept } = aCache(history)
    const late = cache.document(GREETING).catch(() => undefined)
    await setImmediate()

    cache.close()
    gate.open()
    await late

    expect([cache.memory.entries, kept.size]).toEqual([0, 0])
  })
})

describe('floors that were pushed out', () => {
  it('cost one load a read at most, and never give an old document', async () => {
    const scopes = Array.from({ length: 30 }, (_, place) => `prompt:default:p${place}`)
    const { cache, read, hear, said } = aCache(history, { maxEntries: 1, redis })
    await cache.log.catchUp()

    for (let round = 0; round < 5; round++) {
      for (const scope of scopes) hear(history.commit([scope]))
      // What is held is read again behind.
      await setImmediate()
      for (const [place, scope] of scopes.entries()) {
        const before = history.loads.length
        expect(await read(scope)).toBe(`${scope}@${round * scopes.length + place + 1}`)
        expect(history.loads.length - before).toBeLessThanOrEqual(1)
      }
    }
    expect(said.failed).toEqual([])
  })

  it('hold for a document that was read before they rose and arrives after they were pushed out', async () => {
    history.commit([GREETING])
    const { cache, read, hear } = aCache(history, { maxEntries: 1 })
    await cache.log.catchUp()
    const gate = aGate()
    history.gate = gate.closed
    const overtaken = read(GREETING)
    await setImmediate()

    hear(history.commit([GREETING]))
    for (let place = 0; place < 30; place++) hear(history.commit([`prompt:default:p${place}`]))
    gate.open()

    expect(await overtaken).toBe(`${GREETING}@2`)
    expect(await read(GREETING)).toBe(`${GREETING}@2`)
  })
})

describe('a claim that the database does not bear out', () => {
  it('is reset loudly, and does not make readers load for ever', async () => {
    history.commit([GREETING])
    const { cache, read, said } = aCache(history)
    await read(GREETING)

    cache.log.hear(3, 'forged', [GREETING])
    expect(await read(GREETING)).toBe(`${GREETING}@1`)
    const loads = history.loads.length
    await read(GREETING)
    await read(GREETING)

    expect(history.loads).toHaveLength(loads)
    expect(said.failed).toEqual(['A change was announced that never happened; it is disregarded.'])
  })

  it('does not hide a true one that comes while it is looked into', async () => {
    history.commit([GREETING])
    const { cache, read, hear } = aCache(history)
    await read(GREETING)
    const gate = aGate()
    history.gate = gate.closed

    cache.log.hear(40, 'forged', [GREETING])
    await setImmediate()
    hear(history.commit([GREETING]))
    gate.open()

    expect(await read(GREETING)).toBe(`${GREETING}@2`)
    // Nobody is believed for a while, and the log says what is true within a second.
    hear(history.commit([GREETING]))
    await eventually(async () => (await read(GREETING)) === `${GREETING}@3`)
  })

  it('of a revision that exists, with a token of its own, costs a read of the log and changes nothing', async () => {
    history.commit([GREETING])
    const { cache, read } = aCache(history)
    await cache.log.catchUp()
    await read(GREETING)

    for (let count = 0; count < 100; count++) cache.log.hear(1, `forged-${count}`, [GREETING, OTHER])
    await eventually(() => history.logReads === 2)

    expect(await read(GREETING)).toBe(`${GREETING}@1`)
    expect(history.loads).toEqual([GREETING])
  })
})

describe('another history', () => {
  it('that gave the same numbers out again is noticed, and what Redis holds of the lost one is not served', async () => {
    for (let place = 1; place <= 5; place++) history.commit([`prompt:default:p${place}`])
    const { cache, read, said } = aCache(history, { redis })
    for (let place = 1; place <= 8; place++) await read(`prompt:default:p${place}`)
    const lost = [1, 2, 3].map((place) => history.commit([`prompt:default:p${place}`], `lost ${place}`))
    for (const { revision, token, scopes } of lost) cache.log.hear(revision, token, scopes)
    for (let place = 1; place <= 8; place++) await read(`prompt:default:p${place}`)

    history.loseAfter(5)
    for (const place of [1, 2, 6, 7]) history.commit([`prompt:default:p${place}`])
    await cache.log.catchUp()

    for (let place = 1; place <= 8; place++) {
      const { text } = history.document(`prompt:default:p${place}`)
      expect(await read(`prompt:default:p${place}`)).toBe(JSON.parse(text) ?? undefined)
    }
    expect(said.failed).toHaveLength(1)
    expect(said.failed[0]).toMatch(/another history/)
  })

  it('that is shorter is read with one load for each document: no floor of the lost one is left', async () => {
    history.commit([GREETING], 'kept')
    const { cache, read, hear, said } = aCache(history)
    await read(GREETING)
    hear(history.commit([GREETING], 'lost'))
    expect(await read(GREETING)).toBe('lost')

    history.loseAfter(1)
    history.restoreText(GREETING, 'kept')
    await cache.log.catchUp()
    history.loads.length = 0

    expect(await read(GREETING)).toBe('kept')
    expect(history.loads).toEqual([GREETING])
    expect(said.failed).toEqual([expect.stringMatching(/another history/)])
  })

  it.each([0, 1])('takes along what was announced before the log was read for the first time (%i made since)', async (made) => {
    history.commit([GREETING], 'kept')
    const { read, cache, hear } = aCache(history, { redis })
    const lost = history.commit([GREETING], 'lost')
    await redis.put([{ document: history.document(GREETING) }])

    hear(lost)
    history.loseAfter(1)
    history.restoreText(GREETING, 'kept')
    for (let count = 0; count < made; count++) history.commit([OTHER])
    await cache.log.catchUp()
    hear(history.commit([OTHER]))

    expect(await read(GREETING)).toBe('kept')
  })

  it('drops what was loaded from the lost one and arrives later', async () => {
    history.commit([OTHER])
    history.commit([GREETING], 'lost')
    const { cache, read } = aCache(history)
    await cache.log.catchUp()
    const gate = aGate()
    history.gate = gate.closed
    const early = read(GREETING)
    await setImmediate()

    history.loseAfter(1)
    history.commit([GREETING], 'kept')
    await cache.log.catchUp()
    gate.open()

    expect(await early).toBe('kept')
    expect(await read(GREETING)).toBe('kept')
  })
})

describe('what comes late of a lost history', () => {
  /** A cache that knew revision 5 of a history that then lost everything after 2, and made `made` others. */
  async function afterTheSwitch(made: number) {
    for (const scope of [GREETING, OTHER]) history.commit([scope], 'kept')
    const worker = aCache(history, { redis })
    const { cache } = worker
    await cache.log.catchUp()
    const lost = [GREETING, OTHER, GREETING].map((scope) => history.commit([scope], 'lost'))
    const underWay = history.document(GREETING)
    for (const change of lost) worker.hear(change)
    await Promise.all([worker.read(GREETING), worker.read(OTHER)])
    history.loseAfter(2)
    for (let count = 0; count < made; count++) history.commit([count % 2 === 0 ? GREETING : OTHER], `made ${count}`)
    await cache.log.catchUp()
    return { ...worker, lost, underWay }
  }

  for (const made of [1, 3, 6]) {
    it(`changes nothing for good, be it messages or documents in Redis (${made} made since)`, async () => {
      const { cache, read, hear, lost, underWay } = await afterTheSwitch(made)

      for (const change of lost) hear(change)
      redis.documents.set(GREETING, underWay)
      await cache.log.catchUp()
      hear(history.commit([OTHER], 'after'))

      await eventually(async () => (await read(OTHER)) === 'after')
      expect(await read(GREETING)).toBe(JSON.parse(history.document(GREETING).text))
      expect(cache.log.applied).toBe(history.top)
      cache.close()
    })
  }

  it('is refused as minRevision while the log does not go that far', async () => {
    const { cache, lost } = await afterTheSwitch(1)

    await expect(cache.document(GREETING, { minRevision: lost[2]!.revision })).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
    cache.close()
  })
})

describe('minRevision', () => {
  it('is satisfied by memory that is new enough, without a query', async () => {
    const { revision } = history.commit([GREETING])
    const { cache, read } = aCache(history)
    await read(GREETING)
    const before = history.logReads

    expect((await cache.document(GREETING, { minRevision: revision }))?.source).toBe('memory')
    expect(history.logReads).toBe(before)
  })

  it('reads the log once for all who wait, and then gives the new document', async () => {
    history.commit([GREETING])
    const { cache, read } = aCache(history)
    await read(GREETING)
    const { revision } = history.commit([GREETING])
    const before = history.logReads

    const answers = await Promise.all(Array.from({ length: 5 }, () => cache.document(GREETING, { minRevision: revision })))

    expect(answers.map((answer) => answer?.entry.value)).toEqual(Array(5).fill(`${GREETING}@2`))
    expect(history.logReads - before).toBeLessThanOrEqual(2)
  })

  it('beyond the end of the log is refused', async () => {
    history.commit([GREETING])
    const { cache } = aCache(history)

    await expect(cache.document(GREETING, { minRevision: 9 })).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  })
})

describe('a replica', () => {
  it('that is behind what was announced is passed over for the primary', async () => {
    const replica = new FakeHistory()
    history.commit([GREETING])
    const { cache, read } = aCache(history, { replica })
    await cache.log.catchUp()

    expect(await read(GREETING)).toBe(`${GREETING}@1`)
    expect([replica.loads, history.loads]).toEqual([[GREETING], [GREETING]])
  })

  it('that follows another history is passed over, however far it is', async () => {
    const replica = new FakeHistory('elsewhere')
    replica.commit([GREETING], 'lost')
    replica.commit([OTHER])
    history.commit([GREETING])
    const { cache, read, said } = aCache(history, { replica })
    await cache.log.catchUp()

    expect(await read(GREETING)).toBe(`${GREETING}@1`)
    expect(said.failed).toEqual([])
  })

  it('that went on in a lost history is not believed where the primary gave the same number out again', async () => {
    history.commit([GREETING])
    const replica = history.fork('lost')
    const { cache, read } = aCache(history, { replica })
    await cache.log.catchUp()

    replica.commit([GREETING, OTHER], 'lost')
    history.commit([GREETING], 'kept')

    expect([await read(GREETING), await read(OTHER)]).toEqual(['kept', undefined])
  })

  it('counts as read no later than this process knows the log, whatever its stamp says', async () => {
    history.commit([GREETING])
    const replica = history.fork('lost')
    for (let count = 0; count < 20; count++) replica.commit([OTHER], 'lost')
    const { cache, read, hear } = aCache(history, { replica, redis })
    await cache.log.catchUp()
    expect(await read(GREETING)).toBe(`${GREETING}@1`)

    hear(history.commit([GREETING]))

    expect(await read(GREETING)).toBe(`${GREETING}@2`)
    expect(redis.documents.get(GREETING)?.asOf).toBe(2)
  })

  it('that does not have the content of a version yet is passed over for the primary', async () => {
    const replica = Object.assign(new FakeHistory(), { load: async () => new Map() })
    history.commit([GREETING])
    const { cache } = aCache(history, { replica })
    await cache.log.catchUp()

    const served = await cache.document('content:prompt:7:1', { isImmutable: true })

    expect(served?.source).toBe('database')
    expect(history.loads).toEqual(['content:prompt:7:1'])
  })

  it('that is behind by less than what was announced still gives what did not change since, and spares the primary', async () => {
    history.commit([GREETING])
    const replica = history.fork('behind')
    const { cache, read, hear } = aCache(history, { replica })
    await cache.log.catchUp()
    hear(history.commit([OTHER]))

    expect([await read(GREETING), await read(OTHER)]).toEqual([`${GREETING}@1`, `${OTHER}@2`])
    expect(history.loads).toEqual([OTHER])
  })

  it('that is up to date spares the primary', async () => {
    history.commit([GREETING])
    const { cache, read } = aCache(history, { replica: history })
    await cache.log.catchUp()

    expect(await read(GREETING)).toBe(`${GREETING}@1`)
    expect(history.loads).toEqual([GREETING])
  })

  it('that does not answer is passed over for the primary', async () => {
    const replica = new FakeHistory()
    replica.failure = new Error('away')
    history.commit([GREETING])
    const { read } = aCache(history, { replica })

    expect(await read(GREETING)).toBe(`${GREETING}@1`)
  })
})

it('replaces in Redis the very document it refused, even one that claims to be newer', async () => {
  history.commit([GREETING])
  const { cache, read } = aCache(history, { redis })
  await cache.log.catchUp()
  const refused = { ...history.document(GREETING), token: 'lost', asOf: 900 }
  redis.documents.set(GREETING, refused)

  await read(GREETING)

  expect(stampOf(redis.documents.get(GREETING)!)).toBe(stampOf(history.document(GREETING)))
})
