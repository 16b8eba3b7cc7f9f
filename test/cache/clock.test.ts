import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Breaker } from '../../src/shared/breaker.js'
import { aCache } from './a-cache.js'
import { FakeHistory } from './fake-history.js'

const DAY_MS = 86_400_000
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Somebody, or a time server, sets the machine's clock. What has passed since the start of the process does not change. */
function stepClockBack(): void {
  vi.setSystemTime(Date.now() - DAY_MS)
}

describe('after the clock of the machine was set back by a day', () => {
  it('a document expires as before', async () => {
    const history = new FakeHistory()
    history.commit(['a'])
    const { cache, read } = aCache(history, { ttlMs: 1_000 })
    await cache.log.catchUp()
    await read('a')

    stepClockBack()
    await vi.advanceTimersByTimeAsync(1_200)
    cache.tick()
    const before = cache.counters.loads
    await read('a')
    await vi.advanceTimersByTimeAsync(1)

    expect(cache.counters.loads).toBe(before + 1)
  })

  it('the log is read again as soon after a failed read as before', async () => {
    const history = new FakeHistory()
    history.commit(['a'])
    const { cache } = aCache(history)
    await cache.log.catchUp()
    history.failure = new Error('away')
    await cache.log.catchUp().catch(() => {})
    history.failure = undefined

    stepClockBack()
    const { revision, token } = history.commit(['a'])
    cache.log.hear(revision, token, undefined)
    await vi.advanceTimersByTimeAsync(1_100)

    expect(cache.log.applied).toBe(revision)
  })

  it('messages are believed again as soon after a false one as before', async () => {
    const history = new FakeHistory()
    history.commit(['a'])
    const { cache } = aCache(history)
    await cache.log.catchUp()
    cache.log.doubt()
    await vi.advanceTimersByTimeAsync(1)

    stepClockBack()
    await vi.advanceTimersByTimeAsync(11_000)
    const { revision, token } = history.commit(['a'])
    cache.log.hear(revision, token, ['a'])

    expect(cache.log.applied).toBe(revision)
  })

  it('a server that did not answer is asked again as soon as before', () => {
    const breaker = new Breaker({ threshold: 1, coolDownMs: 1_000 })
    breaker.failed(new Error('away'))

    stepClockBack()
    vi.advanceTimersByTime(1_001)

    expect(breaker.allows()).toBe(true)
  })
})

/** Where a time of day is meant: what is shown or stored, and the schedules of rollouts, which name times of day. */
const TIMES_OF_DAY = [
  'src/cache/log/revision-log.ts',
  'src/cache/snapshot/snapshot-file.ts',
  'src/manager/entity-view.ts',
  'src/store/repositories/rollout-repository.ts',
]

it('the time of day is asked for only where a time of day is meant', () => {
  const asking = ['src/cache', 'src/manager', 'src/shared', 'src/store'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name}`)
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('Date.now()')),
  )

  expect(asking.toSorted()).toEqual(TIMES_OF_DAY.toSorted())
})
