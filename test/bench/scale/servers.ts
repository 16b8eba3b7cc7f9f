import { migrateToLatest } from '../../../src/migrations.js'
import { startPrivatePostgres } from '../../support/private-postgres.js'
import { startPrivateRedis } from '../../support/private-redis.js'
import type { Server } from '../../support/services/server.js'

/** A PostgreSQL that syncs its commits, and a Redis, of this run alone: their processor time is nobody else's. */
export interface Servers {
  readonly postgres: Server
  readonly redis: Server
  stop(): Promise<void>
}

/** A pool grows to ten connections, and a fleet may use all of them at once. */
const MAX_CONNECTIONS = 2_500

export async function startServers(): Promise<Servers> {
  const settings = { max_connections: MAX_CONNECTIONS, shared_buffers: '256MB', max_wal_size: '4GB' }
  const [postgres, redis] = await Promise.all([
    startPrivatePostgres({ fsync: true, settings }),
    startPrivateRedis({ args: ['--maxclients', '10000'] }),
  ])
  await migrateToLatest(postgres.url)
  return { postgres, redis, stop: async () => void (await Promise.all([postgres.stop(), redis.stop()])) }
}
