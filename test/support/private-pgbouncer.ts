import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { firstThatWorks, Unavailable } from './services/attempts.js'
import { programFromPackage } from './services/debian-package.js'
import { freePort } from './services/free-port.js'
import { askPostgres } from './services/postgres-server.js'
import { type Program, programOnPath } from './services/program.js'
import type { Server } from './services/server.js'
import { startServerProcess } from './services/server-process.js'
import { serverFolder, unprivilegedUser } from './services/server-user.js'

/** What a test may choose about its own PgBouncer. */
export interface PgBouncerOptions {
  /** The PostgreSQL behind it, on 127.0.0.1. */
  readonly port: number
  /** For how long a client keeps a server connection: until it leaves, for one transaction, or for one statement. */
  readonly poolMode: 'session' | 'transaction' | 'statement'
  /** Most connections to PostgreSQL for each database. @default 5 */
  readonly poolSize?: number
  /** Further settings of pgbouncer.ini by name. They win over the test defaults. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/**
 * A PgBouncer of one's own in front of a PostgreSQL, in about 50 ms, for tests that freeze, kill or restart it.
 *
 * It takes every database name, and whoever connects is `postgres`; its `url` is of the database `postgres`, its console the database
 * `pgbouncer`. Call `stop()` in `afterAll`; a watchdog does it if the test process dies.
 */
export async function startPrivatePgBouncer(options: PgBouncerOptions): Promise<Server> {
  const program = await firstThatWorks('PgBouncer', [
    { name: 'machine', description: 'pgbouncer on PATH or in /usr/sbin', run: pgBouncerOfThisMachine },
    { name: 'download', description: 'the package of Debian or Ubuntu, by apt-get download', run: pgBouncerFromPackages },
  ])
  const user = unprivilegedUser()
  const folder = serverFolder('pgbouncer', user)
  const file = join(folder, 'pgbouncer.ini')
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
    writeFileSync(file, configuration(options, port, user?.name))
    try {
      return await startServerProcess({
        url,
        port,
        ...program,
        args: [file],
        folder,
        // Lets transactions end.
        stopSignal: 'SIGINT',
        ask: async () => void (await askPostgres(url)),
      })
    } catch (error) {
      // Another process may have taken the port since it was found free.
      if (attempt < 3) continue
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }
}

async function pgBouncerOfThisMachine(): Promise<Program> {
  const program = await programOnPath(['pgbouncer'], ['/usr/sbin'])
  if (!program) throw new Unavailable('pgbouncer is neither on PATH nor in /usr/sbin')
  return program
}

function pgBouncerFromPackages(): Promise<Program> {
  return programFromPackage({ package: 'pgbouncer', path: 'usr/sbin/pgbouncer' })
}

function configuration(options: PgBouncerOptions, port: number, user: string | undefined): string {
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: options.poolMode,
    default_pool_size: options.poolSize ?? 5,
    max_client_conn: 500,
    // It looks for a server that was away once in this many seconds, instead of 15.
    server_login_retry: 1,
    // Started by root it becomes somebody else by itself, once it has read this file; it need not be in a folder that is open to all.
    ...(user === undefined ? {} : { user }),
    ...options.settings,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`)
  return ['[databases]', `* = host=127.0.0.1 port=${options.port} user=postgres`, '[pgbouncer]', ...lines, ''].join('\n')
}
