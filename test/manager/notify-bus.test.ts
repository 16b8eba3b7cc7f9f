import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RevisionLog } from '../../src/cache/log/revision-log.js'
import type { RedisBus } from '../../src/cache/redis/redis-bus.js'
import { Bus } from '../../src/manager/bus.js'
import { DatabaseIdentity } from '../../src/shared/database-identity.js'
import { NotifyBus, type NotifyClient } from '../../src/store/postgres/notify-bus.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A client that plays its part as the test wrote it. */
class ScriptedClient extends EventEmitter {
  readonly processID = 7
  readonly queries: string[] = []
  ended = 0
  readonly #pid: number
  readonly #connects: boolean

  constructor(pid: number, connects = true) {
    super()
    this.#pid = pid
    this.#connects = connects
  }

  async connect(): Promise<void> {
    if (!this.#connects) throw new Error('refused')
  }

  async query(text: string): Promise<{ rows: { pid: number }[] }> {
    this.queries.push(text)
    return { rows: [{ pid: this.#pid }] }
  }

  async end(): Promise<void> {
    this.ended++
  }
}

function aBus(clients: ScriptedClient[], mode: 'auto' | true = 'auto') {
  const heard: string[] = []
  const onListening = vi.fn()
  let next = 0
  const bus = new NotifyBus(() => clients[Math.min(next++, clients.length - 1)] as unknown as NotifyClient, {
    channel: 'c',
    mode,
    databaseMs: 1_000,
    onMessage: (text) => void heard.push(text),
    onListening,
  })
  return { bus, heard, onListening, opened: () => next }
}

describe('LISTEN', () => {
  it('is on when PostgreSQL itself answers', async () => {
    const client = new ScriptedClient(7)
    const { bus, heard, onListening } = aBus([client])

    await bus.open()
    client.emit('notification', { payload: 'hello' })

    expect([bus.isListening, bus.isPooled]).toEqual([true, false])
    expect(client.queries.at(-1)).toBe('listen "c"')
    expect([heard, onListening.mock.calls.length]).toEqual([['hello'], 1])
  })

  it('stays off behind a pooler, whose session is not the one it says, and is not tried again', async () => {
    const client = new ScriptedClient(8)
    const { bus, onListening, opened } = aBus([client])

    await bus.open()
    await vi.advanceTimersByTimeAsync(60_000)

    expect([bus.isListening, bus.isPooled, opened()]).toEqual([false, true, 1])
    expect(client.queries.filter((text) => text.startsWith('listen'))).toEqual([])
    expect(client.ended).toBe(1)
    expect(onListening).not.toHaveBeenCalled()
  })

  it('is on behind anything when the option says so', async () => {
    const { bus } = aBus([new ScriptedClient(8)], true)

    await bus.open()

    expect(bus.isListening).toBe(true)
  })

  it('comes back after its connection is lost, and says so each time', async () => {
    const clients = [new ScriptedClient(7), new ScriptedClient(7, false), new ScriptedClient(7)]
    const { bus, onListening, opened } = aBus(clients)
    await bus.open()

    clients[0]!.emit('end')
    expect(bus.isListening).toBe(false)
    await vi.advanceTimersByTimeAsync(5_000)

    expect([bus.isListening, opened(), onListening.mock.calls.length]).toEqual([true, 3, 2])
  })

  it('ends for good with close()', async () => {
    const client = new ScriptedClient(7)
    const { bus, opened } = aBus([client])
    await bus.open()

    await bus.close()
    client.emit('end')
    await vi.advanceTimersByTimeAsync(60_000)

    expect([bus.isListening, client.ended, opened()]).toEqual([false, 1, 1])
  })
})

describe('beside Redis', () => {
  const change = (revision: number, scopes?: string[]) =>
    JSON.stringify({ revision, token: `t${revision}`, database: 'db', ...(scopes && { scopes }) })

  function aPair(isSubscribed: boolean) {
    const hear = vi.spyOn(RevisionLog.prototype, 'hear').mockImplementation(() => {})
    const identity = new DatabaseIdentity()
    const log = new RevisionLog({
      identity,
      unconfirmed: () => [],
      read: async () => Promise.reject(new Error('not here')),
      onClaims: () => {},
      onRead: () => false,
      hasLost: () => false,
      onLostScopes: () => {},
      contradicts: () => false,
      onOtherHistory: () => {},
      onError: () => {},
    })
    const plain = vi.fn()
    const foreign = vi.fn()
    const bus = new Bus({ identity, log, onReceipt: vi.fn(), onPlainMessage: plain, onForeign: foreign })
    bus.attach({ redis: { isSubscribed, close: () => {} } as unknown as RedisBus })
    return { bus, identity, hear, plain, foreign }
  }

  it('a notification waits for the message of Redis, which comes when the document is there', async () => {
    const { bus, identity, hear } = aPair(true)
    identity.confirm('db')

    bus.receiveNotification(change(1, ['prompt:default:a']))
    await vi.advanceTimersByTimeAsync(50)
    expect(hear).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(11)

    expect(hear).toHaveBeenCalledWith(1, 't1', ['prompt:default:a'])
  })

  it('a notification is heard at once while Redis is not subscribed, and when it tells of an edit by SQL', () => {
    const alone = aPair(false)
    alone.identity.confirm('db')
    alone.bus.receiveNotification(change(1, ['prompt:default:a']))
    expect(alone.hear).toHaveBeenCalledTimes(1)
    alone.hear.mockRestore()

    const beside = aPair(true)
    beside.identity.confirm('db')
    beside.bus.receiveNotification(change(2))
    expect(beside.hear).toHaveBeenCalledWith(2, 't2', undefined)
  })

  it('what comes before the database is known is kept, to a bound, and heard when it is', () => {
    const { bus, identity, hear, foreign } = aPair(false)
    for (let revision = 1; revision <= 5_000; revision++) bus.receive(change(revision, ['prompt:default:a']))
    expect(hear).not.toHaveBeenCalled()

    identity.confirm('db')

    expect(hear.mock.calls.length).toBeLessThanOrEqual(1_000)
    expect(hear).toHaveBeenLastCalledWith(5_000, 't5000', ['prompt:default:a'])
    expect(foreign).not.toHaveBeenCalled()
  })

  it("another database's messages are reported once", () => {
    const { bus, identity, hear, foreign } = aPair(false)
    identity.confirm('mine')

    for (let revision = 1; revision <= 3; revision++) bus.receive(change(revision, ['prompt:default:a']))

    expect(hear).not.toHaveBeenCalled()
    expect(foreign.mock.calls).toEqual([['db']])
  })

  afterEach(() => {
    vi.restoreAllMocks()
  })
})
