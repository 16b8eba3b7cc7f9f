import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HeadTable } from '../../../src/cache/held/head-table.js'
import { type LogPage, RevisionLog } from '../../../src/cache/log/revision-log.js'
import type { Scope } from '../../../src/entities/scope.js'
import { DatabaseIdentity } from '../../../src/shared/database-identity.js'
import { aGate } from '../a-cache.js'
import { FakeHistory } from '../fake-history.js'

const A = 'prompt:default:a'
const B = 'prompt:default:b'

let history: FakeHistory

beforeEach(() => {
  vi.useFakeTimers()
  history = new FakeHistory()
})
afterEach(() => {
  vi.useRealTimers()
})

function aLog(spreadMs = 0) {
  const told: { scope: Scope; revision: number }[] = []
  const table = new HeadTable(100)
  const otherHistories: number[] = []
  const errors: unknown[] = []
  const take = (heads: LogPage['heads']) => {
    for (const { scope, revision, token } of heads) table.raise(scope, revision, token)
    told.push(...heads.map(({ scope, revision }) => ({ scope, revision })))
  }
  const log = new RevisionLog({
    identity: new DatabaseIdentity(),
    read: history.readLog,
    unconfirmed: () => [],
    spreadMs: () => spreadMs,
    onClaims: take,
    onRead: ({ heads }) => {
      take(heads)
      return false
    },
    hasLost: () => false,
    onLostScopes: () => {},
    contradicts: (scope, revision, token) => table.contradicts(scope, revision, token),
    onOtherHistory: (page) => void otherHistories.push(page.top),
    onError: (error) => void errors.push(error),
  })
  const hear = ({ revision, token, scopes }: { revision: number; token: string; scopes: readonly Scope[] }) =>
    log.hear(revision, token, scopes)
  return { log, hear, told, otherHistories, errors }
}

describe('messages', () => {
  it('in their order cost no query', async () => {
    const { log, hear, told } = aLog()
    await log.catchUp()

    for (let count = 0; count < 5; count++) hear(history.commit([A]))
    await vi.advanceTimersByTimeAsync(10_000)

    expect(log.applied).toBe(5)
    expect(told.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5])
    expect(history.logReads).toBe(1)
  })

  it('out of order raise their floors at once and cost no query when the gap closes in time', async () => {
    const { log, hear, told } = aLog()
    await log.catchUp()
    const [first, second, third] = [history.commit([A]), history.commit([B]), history.commit([A])]

    hear(third)
    hear(second)
    expect(log.applied).toBe(0)
    expect(told).toEqual([
      { scope: A, revision: 3 },
      { scope: B, revision: 2 },
    ])
    await vi.advanceTimersByTimeAsync(40)
    hear(first)
    await vi.advanceTimersByTimeAsync(10_000)

    expect(log.applied).toBe(3)
    expect(history.logReads).toBe(1)
    expect(log.counters.gaps).toBe(0)
  })

  it('of which one was lost are caught up with by one read, once the gap has lasted', async () => {
    const { log, hear, told } = aLog()
    await log.catchUp()
    history.commit([A, B])

    hear(history.commit([A]))
    await vi.advanceTimersByTimeAsync(49)
    expect([log.applied, history.logReads]).toEqual([0, 1])
    await vi.advanceTimersByTimeAsync(2)

    expect([log.applied, history.logReads]).toEqual([2, 2])
    expect(told).toContainEqual({ scope: B, revision: 1 })
    expect(log.counters.gaps).toBe(1)
  })

  it.each([
    ['that names no scopes', undefined, 0],
    ['after one that was lost', [A], 50],
  ])('%s makes a hundred workers read the log one after another', async (_title, scopes, gapMs) => {
    const workers = Array.from({ length: 100 }, () => aLog(50))
    await Promise.all(workers.map(({ log }) => log.catchUp()))
    history.commit([B])
    const { revision, token } = history.commit([A])
    history.logReads = 0

    for (const { log } of workers) log.hear(revision, token, scopes)
    await vi.advanceTimersByTimeAsync(gapMs + 5)
    const early = history.logReads
    await vi.advanceTimersByTimeAsync(50)

    expect(early).toBeGreaterThan(0)
    expect(early).toBeLessThan(40)
    expect(history.logReads).toBe(100)
    expect(workers.every(({ log }) => log.applied === 2)).toBe(true)
  })

  it('of which one was lost: both scopes are right after the next catchUp', async () => {
    const { log, told } = aLog()
    await log.catchUp()
    history.commit([A, B])

    await log.catchUp()

    expect(told).toEqual([
      { scope: A, revision: 1 },
      { scope: B, revision: 1 },
    ])
  })

  it('that come twice are taken once', async () => {
    const { log, hear } = aLog()
    await log.catchUp()
    const change = history.commit([A])

    hear(change)
    hear(change)
    await vi.advanceTimersByTimeAsync(1_000)

    expect([log.applied, history.logReads, log.lag]).toEqual([1, 1, 0])
  })

  it('without scopes make the log be read', async () => {
    const { log } = aLog()
    await log.catchUp()
    const { revision, token } = history.commit([A])

    log.hear(revision, token, undefined)
    await vi.advanceTimersByTimeAsync(1)

    expect([log.applied, history.logReads]).toEqual([1, 2])
  })

  it('thousands of revisions ahead raise nothing and cost at most one read a second', async () => {
    const { log, told } = aLog()
    await log.catchUp()

    for (let ms = 0; ms < 5_000; ms++) {
      log.hear(1_000_000 + ms, 'forged', [A])
      await vi.advanceTimersByTimeAsync(1)
    }

    expect(told).toEqual([])
    expect(log.applied).toBe(0)
    expect(history.logReads - 1).toBeGreaterThan(0)
    expect(history.logReads - 1).toBeLessThanOrEqual(6)
  })

  it('that are forged and near cost at most one read a second, and are forgotten', async () => {
    const { log } = aLog()
    history.commit([A])
    await log.catchUp()

    for (let ms = 0; ms < 5_000; ms++) {
      log.hear(3 + (ms % 50), 'forged', [A])
      await vi.advanceTimersByTimeAsync(1)
    }
    await vi.advanceTimersByTimeAsync(5_000)

    expect([log.applied, log.lag]).toEqual([1, 0])
    expect(history.logReads - 1).toBeLessThanOrEqual(8)
  })

  it('that claim one revision after the other, or one that is known, cost at most one read a second; true ones come through within it', async () => {
    for (let count = 0; count < 10; count++) history.commit([A])
    const { log, told, hear } = aLog()
    await log.catchUp()
    log.doubt()
    const before = [history.logReads, told.length]

    for (let ms = 0; ms < 5_000; ms++) {
      log.hear((log.applied ?? 0) + 1, `forged-${ms}`, [A])
      log.hear(10 - (ms % 10), `forged-${ms}`, [A, B])
      if (ms % 1_000 === 500) hear(history.commit([B]))
      await vi.advanceTimersByTimeAsync(1)
    }
    await vi.advanceTimersByTimeAsync(1_000)

    expect(history.logReads - before[0]!).toBeLessThanOrEqual(7)
    expect(told.slice(before[1])).toEqual([11, 12, 13, 14, 15].map((revision) => ({ scope: B, revision })))
    expect([log.applied, log.lag]).toEqual([15, 0])
  })

  it('are believed again ten seconds after the last that was not true', async () => {
    history.commit([A])
    const { log, hear } = aLog()
    await log.catchUp()
    log.hear(1, 'forged', [A])
    await vi.advanceTimersByTimeAsync(1)
    hear(history.commit([A]))
    const inDoubt = log.applied
    await vi.advanceTimersByTimeAsync(10_001)
    const reads = history.logReads

    hear(history.commit([B]))

    expect([inDoubt, log.applied, history.logReads]).toEqual([1, 3, reads])
  })

  for (const meanwhile of ['a read that had begun before them ends', 'this process writes'] as const) {
    it(`that are left to a read of the log are not forgotten when ${meanwhile}`, async () => {
      history.commit([A])
      const { log, told, hear } = aLog()
      await log.catchUp()
      log.doubt()
      await vi.advanceTimersByTimeAsync(1_001)

      if (meanwhile === 'this process writes') {
        const own = history.commit([A])
        hear(history.commit([B]))
        log.hearOwn(own.revision, own.token, own.scopes)
      } else {
        const early = log.catchUp()
        hear(history.commit([B]))
        await early
      }
      await vi.advanceTimersByTimeAsync(1_001)

      expect(log.applied).toBe(history.top)
      expect(told).toContainEqual({ scope: B, revision: history.top })
    })
  }

  it('that run five thousand revisions ahead of the log, one by one, are stopped by a read of it', async () => {
    const { log } = aLog()
    await log.catchUp()

    for (let revision = 1; revision <= 20_000; revision++) log.hear(revision, 'forged', [A])
    const believed = log.applied
    await vi.advanceTimersByTimeAsync(1)

    expect([believed, log.applied, history.logReads]).toEqual([5_000, 0, 2])
  })

  it('cost at most one read a second while the log cannot be read', async () => {
    const { log, errors } = aLog()
    await log.catchUp()
    history.failure = new Error('away')

    for (let ms = 0; ms < 3_000; ms++) {
      log.hear(2 + (ms % 50), 't', [A])
      await vi.advanceTimersByTimeAsync(1)
    }

    expect(errors.length).toBeGreaterThan(0)
    expect(errors.length).toBeLessThanOrEqual(4)
  })

  it('that claim the next revision are found out by the next read', async () => {
    const { log, otherHistories } = aLog()
    history.commit([A])
    await log.catchUp()

    log.hear(2, 'forged', [A])
    expect(log.applied).toBe(2)
    history.commit([B])
    await log.catchUp()

    expect(otherHistories).toEqual([])
    expect(log.applied).toBe(2)
  })
})

describe('catchUp()', () => {
  it('called while one is under way reads again, because that one may have looked too early', async () => {
    const { log, told } = aLog()
    await log.catchUp()
    const gate = aGate()
    const read = history.readLog
    const held = vi.spyOn(history, 'readLog')
    const gated = new RevisionLog({
      identity: new DatabaseIdentity(),
      unconfirmed: () => [],
      read: async (after) => {
        const page = await read(after)
        if (history.logReads === 2) await gate.closed
        return page
      },
      onClaims: (heads) => void told.push(...heads),
      onRead: () => false,
      hasLost: () => false,
      onLostScopes: () => {},
      contradicts: () => false,
      onOtherHistory: () => {},
      onError: () => {},
    })

    const first = gated.catchUp()
    history.commit([A])
    const others = [gated.catchUp(), gated.catchUp(), gated.catchUp()]
    gate.open()
    await Promise.all([first, ...others])

    expect(gated.applied).toBe(1)
    expect(history.logReads).toBe(3)
    held.mockRestore()
  })

  it('rejects when the log cannot be read, and goes on afterwards', async () => {
    const { log } = aLog()
    history.failure = new Error('away')
    await expect(log.catchUp()).rejects.toThrow('away')
    expect(log.applied).toBeUndefined()

    history.failure = undefined
    history.commit([A])
    await log.catchUp()

    expect(log.applied).toBe(1)
  })

  it('that nobody waits for reports its failure', async () => {
    const { log, errors } = aLog()
    await log.catchUp()
    history.failure = new Error('away')

    log.hear(3, 'x', [A])
    await vi.advanceTimersByTimeAsync(100)

    expect(errors).toHaveLength(1)
  })

  it('ends silently after close()', async () => {
    const { log, told } = aLog()
    history.commit([A])

    log.close()
    await log.catchUp()
    log.hear(1, 'x', [A])

    expect([log.applied, told]).toEqual([undefined, []])
  })
})

describe('another history', () => {
  for (const [description, made] of [
    ['is shorter', 0],
    ['is as long', 2],
    ['is longer', 6],
  ] as const) {
    it(`that ${description} is noticed`, async () => {
      for (let count = 0; count < 10; count++) history.commit([A])
      const { log, otherHistories } = aLog()
      await log.catchUp()

      history.loseAfter(8)
      for (let count = 0; count < made; count++) history.commit([B])
      await log.catchUp()

      expect(otherHistories).toEqual([8 + made])
      expect(log.applied).toBe(8 + made)
    })
  }

  for (const [description, made] of [
    ['as many commits', 2],
    ['fewer commits', 1],
  ] as const) {
    it(`that made ${description} is noticed when the next one is announced before the log is read`, async () => {
      const { log, hear, otherHistories } = aLog()
      for (let count = 0; count < 10; count++) history.commit([A])
      await log.catchUp()

      for (let count = 0; count < made - 1; count++) hear(history.commit([A]))
      history.loseAfter(9)
      for (let count = 0; count < made; count++) history.commit([B])
      hear(history.commit([A]))
      await log.catchUp()

      expect(otherHistories).toEqual([history.top])
      expect(log.applied).toBe(history.top)
    })
  }

  it('makes an own write under a number that is known wait for the log', async () => {
    const { log, otherHistories } = aLog()
    for (let count = 0; count < 10; count++) history.commit([A])
    await log.catchUp()

    const next = history.commit([A])
    const isNextFirst = log.hearOwn(next.revision, next.token, [A])
    const isTwice = log.hearOwn(next.revision, next.token, [A])
    history.loseAfter(5)
    const own = history.commit([B])
    const mustLook = log.hearOwn(own.revision, own.token, [B])
    await log.catchUp()

    expect([isNextFirst, isTwice, mustLook]).toEqual(['known', 'known', 'behind'])
    expect(otherHistories).toEqual([6])
  })

  it('is not seen in one that merely went on', async () => {
    const { log, otherHistories } = aLog()
    for (let count = 0; count < 20; count++) {
      history.commit([A])
      await log.catchUp()
    }

    expect(otherHistories).toEqual([])
  })

  it('loses nothing that is announced while it is read', async () => {
    for (let count = 0; count < 10; count++) history.commit([A])
    const { log, hear, otherHistories } = aLog()
    await log.catchUp()
    history.loseAfter(5)
    const read = history.readLog
    const gate = aGate()
    let reads = 0
    const slow = new RevisionLog({
      identity: new DatabaseIdentity(),
      unconfirmed: () => [],
      read: async (after) => {
        const page = await read(after)
        // The second read of the new history is the one that is taken over.
        if (++reads === 3) await gate.closed
        return page
      },
      onClaims: () => {},
      onRead: () => false,
      hasLost: () => false,
      onLostScopes: () => {},
      contradicts: () => false,
      onOtherHistory: (page) => void otherHistories.push(page.top),
      onError: () => {},
    })
    history.commit([B])
    await slow.catchUp()
    history.loseAfter(4)
    const catching = slow.catchUp()
    await vi.advanceTimersByTimeAsync(0)
    const change = history.commit([B])
    slow.hear(change.revision, change.token, [B])
    gate.open()
    await catching
    await vi.advanceTimersByTimeAsync(1)

    expect(slow.applied).toBe(5)
    hear(change)
    log.close()
  })
})
