import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RedisBus, type RedisBusOptions } from '../../../src/cache/redis/redis-bus.js'
import type { RedisLike } from '../../../src/cache/redis/redis-like.js'

const open: RedisBus[] = []

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  for (const bus of open.splice(0)) bus.close()
  vi.useRealTimers()
})

/** A subscription to a server in memory; `freeze()` makes it answer no more. */
async function aSubscription(pingMs: RedisBusOptions['pingMs']) {
  const listeners: ((channel: string, text: string) => void)[] = []
  let isFrozen = false
  const ping = vi.fn(() => (isFrozen ? new Promise<never>(() => {}) : Promise.resolve('PONG')))
  const client = {
    connect: async () => {},
    subscribe: async () => {},
    disconnect: () => {},
    ping,
    on: (name: string, listener: (channel: string, text: string) => void) => name === 'message' && listeners.push(listener),
  } as unknown as RedisLike
  const bus = new RedisBus({ channel: 'c', redisMs: 250, pingMs, client: () => client, onMessage: () => {}, onSubscribed: () => {} })
  open.push(bus)
  await bus.open()
  return {
    bus,
    ping,
    announce: () => {
      for (const listener of listeners) listener('c', 'text')
    },
    freeze: () => {
      isFrozen = true
    },
  }
}

it('sends a PING as often as it is told to, and notices a frozen server by it', async () => {
  const { bus, ping, freeze } = await aSubscription(5_000)

  await vi.advanceTimersByTimeAsync(60_001)
  const sent = ping.mock.calls.length
  freeze()
  await vi.advanceTimersByTimeAsync(5_250)

  expect(sent).toBe(12)
  expect(bus.isSubscribed).toBe(false)
})

it('sends none when it is told so', async () => {
  const { bus, ping } = await aSubscription(false)

  await vi.advanceTimersByTimeAsync(86_400_000)

  expect(ping).not.toHaveBeenCalled()
  expect(bus.isSubscribed).toBe(true)
})

it('sends none after something was heard, and the next one again', async () => {
  const { ping, announce } = await aSubscription(1_000)

  for (let second = 0; second < 10; second++) {
    announce()
    await vi.advanceTimersByTimeAsync(1_000)
  }
  const whileHearing = ping.mock.calls.length
  await vi.advanceTimersByTimeAsync(3_000)

  expect([whileHearing, ping.mock.calls.length]).toEqual([0, 3])
})
