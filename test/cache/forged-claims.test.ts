import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Scope } from '../../src/entities/scope.js'
import { eventually } from '../support/eventually.js'
import { aCache, aGate } from './a-cache.js'
import { FakeHistory } from './fake-history.js'
import { FakeRedis } from './fake-redis.js'

const SCOPES = Array.from({ length: 50 }, (_, place) => `prompt:default:p${place}`)
let history: FakeHistory

beforeEach(() => {
  history = new FakeHistory()
  for (const scope of SCOPES) history.commit([scope])
})

/** A cache that holds every scope. */
async function aFullCache(redis?: FakeRedis) {
  const all = aCache(history, redis && { redis })
  await all.cache.log.catchUp()
  await Promise.all(SCOPES.map(all.read))
  all.said.changed.length = 0
  return all
}

const values = (scopes: readonly Scope[]) => scopes.map((scope) => `${scope}@${history.lastChangeOf(scope, history.top)}`)

describe('forged announcements of the next revisions', () => {
  it('are taken back: nothing is dropped, no change is told, and no other history is', async () => {
    const { cache, said, kept, hear, read } = await aFullCache()
    const before = new Map(kept)

    for (let count = 1; count <= 12; count++)
      hear({ revision: history.top + count, token: `forged-${count}`, scopes: SCOPES.slice(0, 4 * count) })
    await cache.log.catchUp()
    await eventually(() => expect(cache.log.applied).toBe(history.top))

    expect(cache.memory.entries).toBe(50)
    // Documents of scopes that nobody was quick enough to read again are the very same.
    expect([...kept].filter(([scope, entry]) => entry.value !== before.get(scope)?.value)).toEqual([])
    expect(await Promise.all(SCOPES.map(read))).toEqual(values(SCOPES))
    expect(said.changed).toEqual([])
    expect(said.failed).toEqual(['A change was announced that never happened; it is disregarded.'])
  })

  it('are taken back without a load when nothing was read meanwhile', async () => {
    const { cache, hear, read } = await aFullCache()
    history.gate = new Promise(() => {})
    const loads = cache.counters.loads

    hear({ revision: history.top + 1, token: 'forged', scopes: SCOPES })
    await cache.log.catchUp()
    const found = await Promise.all(SCOPES.map(read))

    expect(found).toEqual(values(SCOPES))
    expect(cache.counters.loads).toBeLessThanOrEqual(loads + SCOPES.length)
  })

  it('hide no true change: one whose own announcement was lost is found by the next read of the log', async () => {
    const { cache, hear, read } = await aFullCache()
    const [hidden, shown] = SCOPES as [Scope, Scope]
    const lost = history.commit([hidden])

    hear({ revision: lost.revision, token: 'forged', scopes: ['prompt:default:elsewhere'] })
    hear(history.commit([shown]))
    await cache.log.catchUp()

    expect(await Promise.all([hidden, shown].map(read))).toEqual(values([hidden, shown]))
  })

  it('of a true revision with another token are corrected by the log', async () => {
    const { cache, said, hear, read } = await aFullCache()
    const scope = SCOPES[0] as Scope
    const change = history.commit([scope])

    hear({ ...change, token: 'forged' })
    hear(change)
    await cache.log.catchUp()

    expect(await read(scope)).toBe(`${scope}@${change.revision}`)
    expect(said.changed.flat()).toEqual([scope])
  })
})

describe('an announced change', () => {
  it('that comes while the log is read, too late for that read, is not taken back', async () => {
    const { cache, said, hear, read } = await aFullCache()
    const scope = SCOPES[0] as Scope
    const gate = aGate()
    history.logGate = gate.closed
    const looking = cache.log.catchUp()
    history.logGate = undefined

    const change = history.commit([scope])
    hear(change)
    gate.open()
    await looking

    expect(await read(scope)).toBe(`${scope}@${change.revision}`)
    expect(cache.log.applied).toBe(change.revision)
    expect(said.failed).toEqual([])
  })

  it('is told once it is found in Redis, and once only', async () => {
    const redis = new FakeRedis()
    const { cache, said, hear } = await aFullCache(redis)
    const [held] = SCOPES as [Scope]
    const change = history.commit([held, 'prompt:default:not-held'])
    for (const scope of change.scopes) redis.documents.set(scope, history.document(scope))

    hear(change)
    await eventually(() => expect(said.changed.flat().sort()).toEqual([...change.scopes].sort()))
    await cache.log.catchUp()

    expect(said.changed.flat().sort()).toEqual([...change.scopes].sort())
    expect(history.logReads).toBe(2)
  })

  it('of a scope that is not held is told by the log without Redis', async () => {
    const { said, hear } = await aFullCache()

    hear(history.commit(['prompt:default:not-held']))
    await eventually(() => expect(said.changed).toEqual([['prompt:default:not-held']]))

    expect(history.logReads).toBe(2)
  })
})

describe('documents of changes that a failover lost', () => {
  it('make the log another history, however far both go', async () => {
    const { cache, said, hear, read } = await aFullCache()
    const [lost, kept] = SCOPES as [Scope, Scope]
    hear(history.commit([lost]))
    expect(await read(lost)).toBe(`${lost}@51`)

    history.loseAfter(50)
    for (let count = 0; count < 3; count++) history.commit([kept])
    await cache.log.catchUp()

    expect(said.failed.at(-1)).toMatch(/restored or failed over/)
    expect(await Promise.all([lost, kept].map(read))).toEqual([`${lost}@51`, `${kept}@53`])
  })

  it('are not served when they arrive after the log took back their announcement', async () => {
    const { cache, hear, read } = await aFullCache()
    const [scope, other] = SCOPES as [Scope, Scope]
    const gate = aGate()
    history.gate = gate.closed
    hear(history.commit([scope]))
    await eventually(() => expect(history.loads.filter((one) => one === scope)).toHaveLength(2))
    history.gate = undefined

    history.loseAfter(50)
    history.restoreText(scope, 'kept')
    await cache.log.catchUp()
    hear(history.commit([other]))
    await cache.log.catchUp()
    gate.open()
    await new Promise((resolve) => setTimeout(resolve, 20))

    expect(await read(scope)).toBe('kept')
  })

  it.each([
    ['a message', true],
    ['the log alone', false],
  ])('are not served for a stamp that was counted in the lost history, when %s tells of the new one', async (_who, isHeard) => {
    const { cache, hear, read } = await aFullCache()
    const scope = SCOPES[0] as Scope
    for (let count = 0; count < 5; count++) history.commit(['prompt:default:other'])
    // Read anew, it says that it is as of 55.
    cache.suspect((one) => one === scope, scope)
    await read(scope)

    history.loseAfter(50)
    const change = history.commit([scope], 'new')
    if (isHeard) hear(change)
    await cache.log.catchUp()

    expect(await read(scope)).toBe('new')
  })
})

const someScopes = fc.subarray(SCOPES.slice(0, 6), { minLength: 1 })
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), scopes: someScopes, isHeard: fc.boolean() }),
  fc.record({ do: fc.constant('forge' as const), scopes: someScopes, ahead: fc.integer({ min: -3, max: 6 }) }),
  fc.record({ do: fc.constant('read' as const), scopes: someScopes }),
  fc.record({ do: fc.constant('look' as const) }),
)

it('whatever is forged among whatever is true: after a read of the log readers get what is true, and only what changed was told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      history = new FakeHistory()
      for (const scope of SCOPES.slice(0, 6)) history.commit([scope])
      const { cache, said, hear, read } = aCache(history)
      await cache.log.catchUp()
      const written = new Set<Scope>()
      for (const one of steps) {
        if (one.do === 'look') await cache.log.catchUp()
        else if (one.do === 'read') await Promise.all(one.scopes.map(read))
        else if (one.do === 'forge') hear({ revision: Math.max(1, history.top + one.ahead), token: 'forged', scopes: one.scopes })
        else {
          for (const scope of one.scopes) written.add(scope)
          const change = history.commit(one.scopes)
          if (one.isHeard) hear(change)
        }
      }

      await cache.log.catchUp()
      const found = await Promise.all(SCOPES.slice(0, 6).map(read))

      expect(found).toEqual(values(SCOPES.slice(0, 6)))
      expect(cache.log.applied).toBe(history.top)
      expect(said.changed.flat().filter((scope) => !written.has(scope))).toEqual([])
      expect(said.failed.filter((message) => /restored/.test(message))).toEqual([])
      cache.close()
    }),
    { numRuns: 300 },
  )
})
