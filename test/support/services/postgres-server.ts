import { execFile } from 'node:child_process'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from './free-port.js'
import type { Server } from './server.js'
import { startServerProcess } from './server-process.js'
import { type ServerUser, serverFolder, unprivilegedUser } from './server-user.js'

/** What a test may choose about its own PostgreSQL. */
export interface PostgresOptions {
  /** Whether commits wait for the disk. @default false */
  readonly fsync?: boolean
  /** Further settings by name, as in postgresql.conf: `{ deadlock_timeout: '100ms' }`. They win over the test defaults. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

/** A PostgreSQL that runs from a folder of this machine. */
export interface PostgresServer extends Server {
  /**
   * Keeps a copy of the data as of now, as a backup would. The server is away for a moment, as after a power cut.
   *
   * @returns what brings that copy back under the same address, once: what was committed since is gone
   */
  backUp(): Promise<() => Promise<void>>
}

/** Fills the folder `data`, as the server's user. */
type Fill = (data: string, user: ServerUser | undefined) => Promise<void>

/** Makes a fresh cluster with these binaries and serves it on a port of its own; superuser `postgres`, no password, 127.0.0.1 only. */
export async function startPostgresServer(binaries: string, options: PostgresOptions = {}, fill?: Fill): Promise<PostgresServer> {
  const user = unprivilegedUser()
  const folder = serverFolder('postgres', user)
  const data = join(folder, 'data')
  try {
    await (fill ? fill(data, user) : createCluster(binaries, data, user))
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
      try {
        const server = await startServerProcess({
          url,
          port,
          command: join(binaries, 'postgres'),
          args: [
            ...['-D', data, '-c', `port=${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
            ...settingArguments(options),
          ],
          user,
          folder,
          stopSignal: 'SIGINT',
          ask: async () => void (await askPostgres(url)),
        })
        return Object.assign(server, { backUp: () => backUp(server, data, user) })
      } catch (error) {
        // Another process may have taken the port since it was found free.
        if (attempt === 3) throw error
      }
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function backUp(server: Server, data: string, user: ServerUser | undefined): Promise<() => Promise<void>> {
  const backup = join(data, '..', `backup-${Date.now()}`)
  // A power cut: every commit is in the log by then, and starting from it is what a restore does as well.
  await server.kill()
  await copyCluster(data, backup, user)
  await server.restart()
  return async () => {
    await server.kill()
    rmSync(data, { recursive: true, force: true })
    renameSync(backup, data)
    await server.restart()
  }
}

/** Copies a cluster that nobody serves, to a place where its user may write; the user owns the copy. */
export async function copyCluster(from: string, to: string, user: ServerUser | undefined): Promise<void> {
  await promisify(execFile)('cp', ['-Rp', from, to], { cwd: join(to, '..'), ...user })
  // A process that was killed leaves the claim to its folder behind.
  rmSync(join(to, 'postmaster.pid'), { force: true })
}

/** Resolves when PostgreSQL answers a query: while it starts it takes connections and refuses them with 57P03. */
export async function askPostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0]!.server_version
  } finally {
    await client.end().catch(() => {})
  }
}

/** Makes the folder of a fresh cluster. */
export async function createCluster(binaries: string, data: string, user: ServerUser | undefined): Promise<void> {
  const create = (locale: string) =>
    promisify(execFile)(
      join(binaries, 'initdb'),
      ['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--locale', locale, '--no-sync'],
      { cwd: join(data, '..'), ...user },
    )
  try {
    await create('C.UTF-8')
  } catch {
    // Not every system has that locale; initdb removes what it made before it fails.
    await create('C')
  }
}

/** The command line of `postgres` for these options on top of the test defaults. */
export function settingArguments({ fsync = false, settings = {} }: PostgresOptions): string[] {
  const chosen = {
    max_connections: 200,
    shared_buffers: '32MB',
    fsync,
    // What a killed server's disk loses is not under test, so pages need no second copy; commits still reach the log.
    full_page_writes: fsync,
    // Memory under /dev/shm would outlive a killed server, and containers give it little.
    dynamic_shared_memory_type: 'mmap',
    max_wal_senders: 0,
    wal_level: 'minimal',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  }
  return Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value === true ? 'on' : value === false ? 'off' : value}`])
}
