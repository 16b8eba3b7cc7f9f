import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LLMError, LLMRegistry } from '../../src/llm/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'

const primary = { provider: 'gpu-1', model: 'qwen3:14b' }
const second = { provider: 'gpu-2', model: 'qwen3:14b' }
const dead = new LLMError('down', { reason: 'connection' })

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('asks a model whose server failed after the others, for 30 seconds by default', () => {
  const { cooldown } = new LLMRegistry([new FakeLLMClient()])

  cooldown.failed(primary, dead)

  expect(cooldown.order([primary, second])).toEqual([second, primary])
  expect(cooldown.isCooling(primary)).toBe(true)
  vi.advanceTimersByTime(30_001)
  expect(cooldown.order([primary, second])).toEqual([primary, second])
})

it('lets one caller try the model again, and the others wait for its answer', () => {
  const { cooldown } = new LLMRegistry([new FakeLLMClient()], { cooldownMs: 1_000 })
  cooldown.failed(primary, dead)
  vi.advanceTimersByTime(1_001)

  expect(cooldown.order([primary, second])[0]).toBe(primary)
  expect(cooldown.order([primary, second])[0]).toBe(second)

  cooldown.answered(primary)
  expect(cooldown.order([primary, second])[0]).toBe(primary)
})

it('keeps the order when every model is in its cooldown, and a single model is always asked', () => {
  const { cooldown } = new LLMRegistry([new FakeLLMClient()])
  cooldown.failed(primary, dead)
  cooldown.failed(second, dead)

  expect(cooldown.order([primary, second])).toEqual([primary, second])
  expect(cooldown.order([primary])).toEqual([primary])
})

it.each(['bad_request', 'context_length', 'auth', 'invalid_output', 'aborted'] as const)(
  'takes %s for no fault of the server',
  (reason) => {
    const { cooldown } = new LLMRegistry([new FakeLLMClient()])

    cooldown.failed(primary, new LLMError('no', { reason }))
    cooldown.failed(primary, new Error('no'))

    expect(cooldown.isCooling(primary)).toBe(false)
  },
)

it('waits as long as the server asked for', () => {
  const { cooldown } = new LLMRegistry([new FakeLLMClient()], { cooldownMs: 1_000 })

  cooldown.failed(primary, new LLMError('slow down', { reason: 'rate_limit', retryAfterMs: 5_000 }))
  vi.advanceTimersByTime(4_000)

  expect(cooldown.isCooling(primary)).toBe(true)
})

it('is off with cooldownMs 0, and refuses what is no duration', () => {
  const { cooldown } = new LLMRegistry([new FakeLLMClient()], { cooldownMs: 0 })
  cooldown.failed(primary, dead)

  expect(cooldown.isCooling(primary)).toBe(false)
  for (const cooldownMs of [-1, Number.NaN]) {
    expect(() => new LLMRegistry([new FakeLLMClient()], { cooldownMs })).toThrow(expect.objectContaining({ field: 'cooldownMs' }))
  }
})
