import type { RedisLike } from './redis-like.js'

/** The part of ioredis that clients are made with. */
export type RedisDriver = Pick<typeof import('ioredis'), 'Redis' | 'Cluster' | 'SentinelConnector'>

type Listener = (...args: never[]) => void

/**
 * A client whose driver is loaded when it connects: a process without Redis does not pay for ioredis, which takes longer to load than the
 * rest of this package. Until then its commands fail, as those of any client without a connection do.
 */
export class RedisOnDemand implements RedisLike {
  readonly isCluster: boolean
  readonly #make: (driver: RedisDriver) => RedisLike
  #driver: RedisDriver | undefined
  #client: RedisLike | undefined
  #loading: Promise<RedisLike> | undefined
  /** Listeners that were added before there was a client. */
  #listeners: (readonly [event: string, listener: Listener])[] = []
  #isClosed = false

  constructor(make: (driver: RedisDriver) => RedisLike, isCluster = false) {
    this.#make = make
    this.isCluster = isCluster
  }

  /** `undefined` until it has been loaded. */
  get driver(): RedisDriver | undefined {
    return this.#driver
  }

  get status(): string {
    return this.#client?.status ?? 'wait'
  }

  get options(): object {
    return this.#client?.options ?? {}
  }

  async connect(): Promise<unknown> {
    this.#isClosed = false
    this.#loading ??= this.#load()
    const client = await this.#loading
    if (this.#isClosed) throw new Error('Connection is closed.')
    return client.connect()
  }

  disconnect(reconnect?: boolean): void {
    this.#isClosed = reconnect !== true
    this.#client?.disconnect(reconnect)
  }

  mget(keys: string[]): Promise<(string | null)[]> {
    return this.#client?.mget(keys) ?? notConnected()
  }

  evalsha(digest: string, keyCount: number, ...args: (string | number)[]): Promise<unknown> {
    return this.#client?.evalsha(digest, keyCount, ...args) ?? notConnected()
  }

  eval(source: string, keyCount: number, ...args: (string | number)[]): Promise<unknown> {
    return this.#client?.eval(source, keyCount, ...args) ?? notConnected()
  }

  ping(): Promise<unknown> {
    return this.#client?.ping() ?? notConnected()
  }

  sadd(key: string, member: string): Promise<unknown> {
    return this.#client?.sadd(key, member) ?? notConnected()
  }

  scard(key: string): Promise<number> {
    return this.#client?.scard(key) ?? notConnected()
  }

  pexpire(key: string, ms: number): Promise<unknown> {
    return this.#client?.pexpire(key, ms) ?? notConnected()
  }

  pubsub(subcommand: 'NUMSUB', channel: string): Promise<unknown[]> {
    return this.#client?.pubsub(subcommand, channel) ?? notConnected()
  }

  subscribe(channel: string): Promise<unknown> {
    return this.#client?.subscribe(channel) ?? notConnected()
  }

  duplicate(override?: object): RedisLike {
    if (!this.#client) throw new Error('It is not connected.')
    return this.#client.duplicate(override)
  }

  nodes(role: 'all'): RedisLike[] {
    return this.#client?.nodes?.(role) ?? []
  }

  on(event: string, listener: Listener): unknown {
    if (!this.#client) this.#listeners.push([event, listener])
    return this.#client?.on(event, listener)
  }

  off(event: string, listener: Listener): unknown {
    this.#listeners = this.#listeners.filter((one) => one[0] !== event || one[1] !== listener)
    return this.#client?.off(event, listener)
  }

  async #load(): Promise<RedisLike> {
    this.#driver = await import('ioredis')
    const client = this.#make(this.#driver)
    for (const [event, listener] of this.#listeners) client.on(event, listener)
    this.#listeners = []
    this.#client = client
    return client
  }
}

/** In the words of a client of ioredis that has no connection yet. */
function notConnected(): Promise<never> {
  return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"))
}
