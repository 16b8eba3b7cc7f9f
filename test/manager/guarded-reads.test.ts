import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GuardedReads } from '../../src/manager/guarded-reads.js'
import { InvalidArgumentError, StoreUnavailableError } from '../../src/shared/errors.js'
import { refusal } from './managers.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const away = () => Promise.reject(new StoreUnavailableError('away', { reason: 'unreachable', retryable: true }))
const well = async () => 'well'

function guarded(probe: () => Promise<unknown> = well) {
  const told: string[] = []
  const asked = vi.fn(probe)
  const reads = new GuardedReads({
    schema: 'agent_config',
    databaseMs: 100,
    probe: asked,
    onLost: ({ message }) => void told.push(`lost: ${message}`),
    onRestored: () => void told.push('restored'),
  })
  /** Three failures in a row, after which the server counts as away. */
  const lose = async () => {
    for (let count = 0; count < 3; count++) await refusal(reads.run(away))
  }
  return { reads, told, asked, lose }
}

describe('answered()', () => {
  it('lets reads through at once after the server was known to be away, and says that it is back, once', async () => {
    const { reads, told, asked, lose } = guarded()
    await lose()

    reads.answered()
    reads.answered()
    const value = await reads.run(well)

    expect(value).toBe('well')
    expect(reads.isUp).toBe(true)
    expect(told).toEqual(['lost: away', 'restored'])
    expect(asked).not.toHaveBeenCalled()
  })

  it('begins the count of failures anew, and tells nobody while the server was never away', async () => {
    const { reads, told } = guarded()

    for (let round = 0; round < 5; round++) {
      await refusal(reads.run(away))
      await refusal(reads.run(away))
      reads.answered()
    }

    expect(reads.isUp).toBe(true)
    expect(told).toEqual([])
  })

  it('is no promise: failures after it count as before', async () => {
    const { reads, told, lose } = guarded()
    await lose()
    reads.answered()

    await lose()

    expect(reads.isUp).toBe(false)
    expect(told).toEqual(['lost: away', 'restored', 'lost: away'])
  })

  it('does not wait for a probe that is under way, whose failure then counts as one', async () => {
    let fail: (error: Error) => void = () => {}
    const { reads, lose } = guarded(() => new Promise((_, reject) => (fail = reject)))
    await lose()
    vi.advanceTimersByTime(1_001)
    await refusal(reads.run(well))

    reads.answered()
    fail(new StoreUnavailableError('late', { reason: 'unreachable' }))
    await vi.advanceTimersByTimeAsync(0)

    expect(reads.isUp).toBe(true)
    expect(await reads.run(well)).toBe('well')
  })
})

describe('a server that is known to be away', () => {
  it('is asked once a second behind callers, who are refused at once', async () => {
    const { reads, asked, lose } = guarded(away)
    await lose()

    for (let tick = 0; tick < 30; tick++) {
      const query = vi.fn(well)
      expect(await refusal(reads.run(query))).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
      expect(query).not.toHaveBeenCalled()
      await vi.advanceTimersByTimeAsync(100)
    }

    expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2)
    expect(asked.mock.calls.length).toBeLessThanOrEqual(3)
  })

  it('is back when a probe is answered', async () => {
    const { reads, told, lose } = guarded()
    await lose()
    await vi.advanceTimersByTimeAsync(1_001)
    await refusal(reads.run(well))
    await vi.advanceTimersByTimeAsync(0)

    expect(told).toEqual(['lost: away', 'restored'])
    expect(await reads.run(well)).toBe('well')
  })
})

it('a read that is not answered in time is given up, and three of them are a server that is away', async () => {
  const { reads, told } = guarded()

  for (let count = 0; count < 3; count++) {
    const refused = refusal(reads.run(() => new Promise(() => {})))
    await vi.advanceTimersByTimeAsync(100)
    expect(await refused).toMatchObject({ code: 'E_STORE_UNAVAILABLE', reason: 'timeout', message: expect.stringContaining('100 ms') })
  }

  expect(told).toEqual([expect.stringContaining('lost: ')])
})

it.each(['permission', 'refused', 'conflict', 'limit', 'read_only'] as const)('a server that says no (%s) is there', async (reason) => {
  const { reads, told } = guarded()

  for (let count = 0; count < 9; count++) await refusal(reads.run(() => Promise.reject(new StoreUnavailableError('no', { reason }))))
  await refusal(reads.run(() => Promise.reject(new InvalidArgumentError('name', 'is none'))))

  expect(reads.isUp).toBe(true)
  expect(told).toEqual([])
})
