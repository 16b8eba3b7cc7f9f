import { withDeadline } from '../../shared/deadline.js'
import type { RedisLike } from './redis-like.js'
import { script } from './scripts.js'

export interface KnownDatabasesOptions {
  readonly namespace: string
  readonly schema: string
  /** Most milliseconds one call may take. */
  readonly redisMs: number
}

/** Seconds that a database is remembered after it was last named: after a restore the old one is forgotten in a day. */
const REMEMBERED_SECONDS = 86_400
/** Milliseconds between two times that a process names its database. */
const NOTE_EVERY_MS = 300_000

/** KEYS: the set of databases by when they were last named. ARGV: a database, or empty to only ask; seconds to remember. */
const NAME_AND_LIST = script(`
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
if ARGV[1] ~= '' then
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return redis.call('ZRANGE', KEYS[1], 0, -1)
`)

/**
 * Which databases are in use under a namespace. Keys of documents hold what their database calls itself, and only the database says that;
 * a process that starts while it cannot be asked learns it here from those that could.
 */
export class KnownDatabases {
  readonly #client: RedisLike
  readonly #options: KnownDatabasesOptions
  #notedAt = Number.NEGATIVE_INFINITY

  constructor(client: RedisLike, options: KnownDatabasesOptions) {
    this.#client = client
    this.#options = options
  }

  /** Names the database of this process, now and then. A Redis that is away is told the next time. */
  note(database: string): void {
    const now = performance.now()
    if (now - this.#notedAt < NOTE_EVERY_MS) return
    this.#notedAt = now
    this.#ask(database).catch(() => {
      this.#notedAt = Number.NEGATIVE_INFINITY
    })
  }

  /** Redis may have lost the name: write it again next time. */
  forget(): void {
    this.#notedAt = Number.NEGATIVE_INFINITY
  }

  /** The database of this namespace and schema; `undefined` when there is none, or more than one: then nothing is guessed. */
  async only(): Promise<string | undefined> {
    const names = await this.#ask('').catch(() => [])
    return names.length === 1 ? names[0] : undefined
  }

  async #ask(database: string): Promise<readonly string[]> {
    const { namespace, schema, redisMs } = this.#options
    const key = `{${namespace}}:databases:${schema}`
    const answer = this.#client.eval(NAME_AND_LIST.source, 1, key, database, REMEMBERED_SECONDS)
    return (await withDeadline(answer, redisMs, () => new Error('Redis did not answer in time.'))) as string[]
  }
}
