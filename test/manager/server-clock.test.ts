import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ServerClock } from '../../src/manager/server-clock.js'

const DAY_MS = 86_400_000
/** The database's clock is ahead of `performance.now()` by this. */
let ahead = 0
/** How long each question is on its way there, and its answer on its way back. */
let ways: [there: number, back: number][] = []
let asked = 0

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  ahead = 1_700_000_000_000
  ways = []
  asked = 0
})
afterEach(() => {
  vi.useRealTimers()
})

function aClock(): ServerClock {
  return new ServerClock(async () => {
    const [there, back] = ways[Math.min(asked++, ways.length - 1)] ?? [0, 0]
    vi.advanceTimersByTime(there)
    const now = performance.now() + ahead
    vi.advanceTimersByTime(back)
    return now
  })
}

async function errorOf(clock: ServerClock): Promise<number> {
  const times = await clock.times()
  return Math.abs(times(performance.now()) - (performance.now() + ahead))
}

it('is wrong by half of the shortest of three round trips at most', async () => {
  const way = fc.tuple(fc.nat(2_000), fc.nat(2_000))
  await fc.assert(
    fc.asyncProperty(fc.array(way, { minLength: 3, maxLength: 3 }), async (given) => {
      ways = given
      asked = 0
      const shortest = Math.min(...given.map(([there, back]) => there + back))

      expect(await errorOf(aClock())).toBeLessThanOrEqual(Math.max(shortest, 5) / 2)
    }),
  )
})

it('asks once when the answer is quick, and again after a minute', async () => {
  const clock = aClock()
  ways = [[1, 1]]

  await clock.times()
  await clock.times()
  expect(asked).toBe(1)
  vi.advanceTimersByTime(61_000)
  await clock.times()

  expect(asked).toBe(2)
})

it('keeps the order of events while comparisons differ by no more than their round trips', async () => {
  const clock = aClock()
  ways = [[1, 1]]
  const before = (await clock.times())(performance.now())
  vi.advanceTimersByTime(61_000)
  ways = [[400, 0]]

  expect((await clock.times())(performance.now())).toBe(before + 61_000 + 3 * 400)
})

it('follows a clock that was set to another day', async () => {
  const clock = aClock()
  await clock.times()
  ahead -= DAY_MS
  vi.advanceTimersByTime(61_000)

  expect(await errorOf(clock)).toBeLessThanOrEqual(5)
})
