import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { DocumentSigner } from '../../../src/cache/held/document-signer.js'
import { decodeDocument, encodeDocument, type StampedDocument, stampOf } from '../../../src/cache/held/stamped-document.js'
import { createRedisClients } from '../../../src/cache/redis/redis-clients.js'
import type { RedisLike } from '../../../src/cache/redis/redis-like.js'
import { RedisTier } from '../../../src/cache/redis/redis-tier.js'
import { DatabaseIdentity } from '../../../src/shared/database-identity.js'
import { eventually } from '../../support/eventually.js'
import { startPrivateRedis } from '../../support/private-redis.js'
import type { Server } from '../../support/services/server.js'
import { testRedisUrl, uniqueNamespace } from '../../support/test-redis.js'

const SCOPE = 'prompt:default:a'
const UNSIGNED = new DocumentSigner([])
let server: Server
let open: Redis[] = []

beforeAll(async () => {
  server = await startPrivateRedis({ args: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] })
})
afterEach(() => {
  for (const client of open) client.disconnect()
  open = []
})
afterAll(() => server.stop())

function connect(url = testRedisUrl()): Redis {
  const client = new Redis(url)
  client.on('error', () => {})
  open.push(client)
  return client
}

function aTier(client: RedisLike | Redis, namespace = uniqueNamespace(), listeners: { onLost?: () => void; onRestored?: () => void } = {}) {
  const channel = `{${namespace}}:config:invalidate`
  const identity = new DatabaseIdentity()
  identity.confirm('db')
  const tier = new RedisTier(
    { data: client as RedisLike },
    {
      identity,
      namespace,
      channel,
      ttlMs: 60_000,
      redisMs: 250,
      onLost: () => {},
      onRestored: () => {},
      ...listeners,
    },
  )
  return { tier, identity, channel, namespace }
}

function aDocument(asOf: number, text = `"as of ${asOf}"`): StampedDocument {
  return { scope: SCOPE, revision: asOf, token: `t${asOf}`, asOf, text }
}

describe('what is stored', () => {
  it('is never replaced by something older, whatever comes late', async () => {
    const { tier } = aTier(connect())
    await tier.put([{ document: aDocument(5) }])

    await tier.put([{ document: aDocument(4) }])
    expect((await tier.get(SCOPE))?.document?.asOf).toBe(5)
    await tier.put([{ document: aDocument(6) }])

    expect((await tier.get(SCOPE))?.document?.asOf).toBe(6)
    expect(tier.counters).toEqual({ hits: 2, misses: 0 })
  })

  it('is replaced by something older when it is the very document that was refused', async () => {
    const { tier } = aTier(connect())
    await tier.put([{ document: aDocument(900) }])

    await tier.put([{ document: aDocument(5), refusedStamp: stampOf(aDocument(899)) }])
    expect((await tier.get(SCOPE))?.document?.asOf).toBe(900)
    await tier.put([{ document: aDocument(5), refusedStamp: stampOf(aDocument(900)) }])

    expect((await tier.get(SCOPE))?.document?.asOf).toBe(5)
  })

  it('leaves after its time', async () => {
    const client = connect()
    const { tier } = aTier(client)

    await tier.put([{ document: aDocument(1) }])

    expect(await client.pttl(tier.keyOf(SCOPE))).toBeGreaterThan(50_000)
  })

  it('is a miss when somebody wrote something else under its key', async () => {
    const client = connect()
    const { tier } = aTier(client)
    await client.set(tier.keyOf(SCOPE), '99 nonsense')
    expect(await tier.get(SCOPE)).toEqual({ stamp: '99 nonsense', document: undefined })

    await tier.put([{ document: aDocument(1) }])

    expect((await tier.get(SCOPE))?.document?.asOf).toBe(1)
  })

  it('stands under the database it came from', async () => {
    const client = connect()
    const { tier, namespace } = aTier(client)
    await tier.put([{ document: aDocument(1) }])
    const { tier: other, identity } = aTier(client, namespace)
    identity.confirm('another')

    expect(await other.get(SCOPE)).toBeUndefined()
  })

  it('survives its own encoding, whatever the text holds', () => {
    const document = aDocument(12, '"lines\\n and 1 2 3\n"')

    expect(decodeDocument(SCOPE, encodeDocument(document, 'key', UNSIGNED), 'key', UNSIGNED).document).toEqual(document)
    expect(
      ['', '\n', 'a b c\nx', '1 2\nx', `${'9'.repeat(200)} 1 t\nx`].map((text) => decodeDocument(SCOPE, text, 'key', UNSIGNED).document),
    ).toEqual(Array(5).fill(undefined))
  })
})

describe('announce()', () => {
  let listener: Redis
  let heard: string[]

  beforeEach(() => {
    heard = []
  })

  async function listen(channel: string, url?: string): Promise<void> {
    listener = connect(url)
    listener.on('message', (_channel: string, text: string) => void heard.push(text))
    await listener.subscribe(channel)
  }

  it('survives a flushed script cache between two writes', async () => {
    const client = connect(server.url)
    const { tier, channel } = aTier(client)
    await listen(channel, server.url)

    const first = await tier.announce([{ document: aDocument(1) }], 'one')
    await client.script('FLUSH')
    const second = await tier.announce([{ document: aDocument(2) }], 'two')
    await eventually(() => heard.length === 2)

    expect([first, second]).toEqual([true, true])
    expect(heard).toEqual(['one', 'two'])
    expect((await tier.get(SCOPE))?.document?.asOf).toBe(2)
  })

  it('goes out although Redis has no memory left for the document', async () => {
    const client = connect(server.url)
    const { tier, channel } = aTier(client)
    await listen(channel, server.url)
    await fill(client)

    const announced = await tier.announce([{ document: aDocument(1, `"${'x'.repeat(200_000)}"`) }], 'full')
    await eventually(() => heard.length === 1)

    expect(announced).toBe(true)
    expect(await tier.get(SCOPE)).toBeUndefined()
    await client.flushall()
  })

  it('is not announced by a primary that was made a replica, which only those would hear who have not left it yet', async () => {
    const client = connect(server.url)
    const { tier, channel } = aTier(client)
    const heard: string[] = []
    listener = connect(server.url)
    listener.on('message', (_channel, message) => heard.push(message))
    await listener.subscribe(channel)
    await client.replicaof('127.0.0.1', 1)

    const announced = await tier.announce([{ document: aDocument(1) }], 'unheard')
    await client.replicaof('NO', 'ONE')
    await tier.announce([], 'heard')
    await eventually(() => heard.length > 0)

    expect([announced, heard]).toEqual([false, ['heard']])
  })

  it('stores before it tells: whoever is told finds the document', async () => {
    const client = connect()
    const { tier, channel, namespace } = aTier(client)
    const reader = aTier(connect(), namespace).tier
    const found: (number | undefined)[] = []
    listener = connect()
    listener.on('message', async () => void found.push((await reader.get(SCOPE))?.document?.asOf))
    await listener.subscribe(channel)

    for (let asOf = 1; asOf <= 50; asOf++) await tier.announce([{ document: aDocument(asOf) }], `${asOf}`)
    await eventually(() => found.length === 50)

    expect(found.every((asOf, place) => (asOf ?? 0) > place)).toBe(true)
  })
})

async function fill(client: Redis): Promise<void> {
  for (let place = 0; ; place++) {
    const answer = await client.set(`filler:${place}`, 'x'.repeat(50_000)).catch((error: Error) => error)
    if (answer instanceof Error) return
  }
}

describe('a Redis that does not answer', () => {
  it('is a miss, and is not asked again until its time has come', async () => {
    vi.useFakeTimers({ now: Date.now() })
    const onLost = vi.fn()
    const onRestored = vi.fn()
    const mget = vi.fn(async (): Promise<(string | null)[]> => Promise.reject(new Error('away')))
    const client = { mget, evalsha: mget, eval: mget, publish: mget, ping: async () => 'PONG' } as unknown as RedisLike
    const { tier } = aTier(client, 'n', { onLost, onRestored })

    for (let count = 0; count < 10; count++) await tier.get(SCOPE)
    expect(mget).toHaveBeenCalledTimes(2)
    expect([tier.isUp, onLost.mock.calls.length]).toEqual([false, 1])
    vi.advanceTimersByTime(1_001)
    mget.mockResolvedValue([encodeDocument(aDocument(1), 'key', UNSIGNED)])
    const asked = await tier.get(SCOPE)
    await vi.waitFor(() => expect(tier.isUp).toBe(true))
    const found = await tier.get(SCOPE)

    expect(asked).toBeUndefined()
    expect(found?.document?.asOf).toBe(1)
    expect([tier.isUp, onLost.mock.calls.length, onRestored.mock.calls.length]).toEqual([true, 1, 1])
    vi.useRealTimers()
  })

  it('makes no caller wait once it is known not to answer; health does', async () => {
    vi.useFakeTimers()
    const frozen = vi.fn(() => new Promise<never>(() => {}))
    const client = { mget: frozen, evalsha: frozen, eval: frozen } as unknown as RedisLike
    const { tier } = aTier(client, 'n', {})
    const settled = tier.settle()
    await vi.advanceTimersByTimeAsync(600)
    await settled
    const before = frozen.mock.calls.length
    const calls: readonly (() => Promise<unknown>)[] = [
      () => tier.get(SCOPE),
      () => tier.inspect([SCOPE]),
      () => tier.put([{ document: aDocument(1) }]),
      () => tier.announce([{ document: aDocument(1) }], 'a message'),
      () => tier.publish('a message'),
      () => tier.forget(SCOPE),
    ]

    for (const call of calls) {
      await vi.advanceTimersByTimeAsync(1_300)
      let isAnswered = false
      void call().then(() => {
        isAnswered = true
      })
      await vi.advanceTimersByTimeAsync(0)
      expect(isAnswered).toBe(true)
    }
    // Each of them was also the question whether Redis is back.
    expect(frozen).toHaveBeenCalledTimes(before + calls.length)
    await vi.advanceTimersByTimeAsync(1_300)
    let isUp: boolean | undefined
    void tier.answers().then((answer) => {
      isUp = answer
    })
    await vi.advanceTimersByTimeAsync(0)
    expect(isUp).toBeUndefined()
    await vi.advanceTimersByTimeAsync(251)
    expect(isUp).toBe(false)
    vi.useRealTimers()
  })

  it('gets what was announced when it is back, though its writer did not wait for it', async () => {
    vi.useFakeTimers()
    const evalsha = vi.fn(async (): Promise<unknown> => Promise.reject(new Error('away')))
    const { tier } = aTier({ evalsha, mget: evalsha } as unknown as RedisLike, 'n', {})
    for (let count = 0; count < 2; count++) await tier.publish('lost')
    await vi.advanceTimersByTimeAsync(1_001)
    evalsha.mockResolvedValue(1)

    const isKnown = await tier.publish('heard')
    await vi.advanceTimersByTimeAsync(0)

    expect([isKnown, tier.isUp]).toEqual([false, true])
    expect(JSON.stringify(evalsha.mock.calls.at(-1))).toContain('heard')
    vi.useRealTimers()
  })

  it('answers none of its callers late', async () => {
    vi.useFakeTimers()
    const client = { mget: () => new Promise(() => {}) } as unknown as RedisLike
    const { tier } = aTier(client)

    const read = tier.get(SCOPE)
    await vi.advanceTimersByTimeAsync(251)

    expect(await read).toBeUndefined()
    vi.useRealTimers()
  })
})

describe('createRedisClients()', () => {
  it('refuses a client with keyPrefix and says what to use instead', () => {
    const client = new Redis(testRedisUrl(), { keyPrefix: 'mine:', lazyConnect: true })
    open.push(client)

    expect(() => createRedisClients(client as unknown as RedisLike, 250)).toThrow(/keyPrefix.*`namespace`/)
  })

  it('refuses a URL that is not one of Redis, without repeating it', () => {
    expect(() => createRedisClients('http://:secret@host', 250)).toThrow(/^redis must be a URL like redis:/)
    expect(() => createRedisClients('http://:secret@host', 250)).not.toThrow(/secret/)
  })
})
