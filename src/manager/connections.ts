import { FleetSize } from '../cache/redis/fleet-size.js'
import { createRedisClients, type RedisClients } from '../cache/redis/redis-clients.js'
import { RedisTier } from '../cache/redis/redis-tier.js'
import type { DatabaseIdentity } from '../shared/database-identity.js'
import { type OpenDatabase, openDatabase } from '../store/postgres/open-database.js'
import { GuardedReads, type GuardedReadsOptions } from './guarded-reads.js'
import type { ResolvedOptions } from './options.js'
import type { Reporter } from './reporter.js'

/** A database, and reads of it that do not hang. */
export interface ReadableDatabase {
  readonly database: OpenDatabase
  readonly reads: GuardedReads
}

export interface ConnectionsParts {
  readonly options: ResolvedOptions
  readonly identity: DatabaseIdentity
  readonly reporter: Reporter
}

/** The servers of a manager. Nothing connects before it is used. */
export class Connections {
  readonly primary: ReadableDatabase
  /** The replica: documents are loaded from it as long as it has every change that this process heard of; `undefined` without a `readDatabase`. */
  readonly replica: ReadableDatabase | undefined
  readonly clients: RedisClients | undefined
  readonly redis: RedisTier | undefined
  readonly fleet: FleetSize | undefined

  constructor(parts: ConnectionsParts) {
    const { options, reporter } = parts
    const { databaseMs, redisMs } = options.timeouts
    this.primary = readable(openDatabase(options.database, databaseMs), options, {
      onLost: (error) => reporter.databaseLost(error),
      onRestored: () => reporter.databaseRestored(),
    })
    this.replica =
      options.readDatabase === undefined
        ? undefined
        : readable(openDatabase(options.readDatabase, databaseMs), options, {
            onLost: (error) => reporter.replicaLost(error),
            onRestored: () => {},
          })
    this.clients = options.redis === undefined ? undefined : createRedisClients(options.redis, redisMs)
    this.redis = this.clients && redisTier(this.clients, parts)
    const { clients } = this
    this.fleet = clients && new FleetSize({ listeners: () => clients.listeners(options.channel), redisMs })
  }

  async close(): Promise<void> {
    this.clients?.close()
    await Promise.all([this.primary.database.close(), this.replica?.database.close()])
  }
}

function readable(
  database: OpenDatabase,
  { schema, timeouts }: ResolvedOptions,
  told: Pick<GuardedReadsOptions, 'onLost' | 'onRestored'>,
): ReadableDatabase {
  const probe = () => database.db.selectNoFrom((one) => one.lit(1).as('one')).execute()
  const databaseMs = database.isEmbedded ? undefined : timeouts.databaseMs
  return { database, reads: new GuardedReads({ schema, probe, databaseMs, ...told }) }
}

function redisTier(clients: RedisClients, { options, identity, reporter }: ConnectionsParts): RedisTier {
  const { namespace, channel, ttlMs, timeouts, redisSecrets } = options
  return new RedisTier(clients, {
    identity,
    namespace,
    channel,
    ttlMs,
    redisMs: timeouts.redisMs,
    secrets: redisSecrets,
    onRefused: (error) =>
      reporter.failed(
        error,
        'Redis does not let this user store or announce changes; docs/operations.md lists what it needs. Others hear of them by NOTIFY or poll.',
      ),
    onLost: (error) => reporter.redisLost(error),
    onRestored: () => reporter.redisRestored(),
  })
}
