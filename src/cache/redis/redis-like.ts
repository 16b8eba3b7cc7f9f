/** What this package needs of a Redis client; ioredis' Redis and Cluster fit. Structural, so that a host's own copy of ioredis does too. */
export interface RedisLike {
  readonly status: string
  readonly options: object
  readonly isCluster?: boolean
  connect(): Promise<unknown>
  disconnect(reconnect?: boolean): void
  mget(keys: string[]): Promise<(string | null)[]>
  evalsha(digest: string, keyCount: number, ...args: (string | number)[]): Promise<unknown>
  eval(source: string, keyCount: number, ...args: (string | number)[]): Promise<unknown>
  ping(): Promise<unknown>
  sadd(key: string, member: string): Promise<unknown>
  scard(key: string): Promise<number>
  pexpire(key: string, ms: number): Promise<unknown>
  pubsub(subcommand: 'NUMSUB', channel: string): Promise<unknown[]>
  duplicate(override?: object): RedisLike
  /** A Cluster's connections to its nodes. */
  nodes?(role: 'all'): RedisLike[]
  subscribe(channel: string): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
}
