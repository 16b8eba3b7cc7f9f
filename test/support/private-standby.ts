import { rmSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from './eventually.js'
import { postgresPrograms } from './services/postgres-binaries.js'
import { copyCluster, createCluster, type PostgresOptions, type PostgresServer, startPostgresServer } from './services/postgres-server.js'
import { serverFolder, unprivilegedUser } from './services/server-user.js'
import { runStatement } from './services/template-database.js'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js'

/** A PostgreSQL that follows another one and answers reads meanwhile. */
export interface Standby extends PostgresServer {
  /** Resolves when it goes on receiving and shows nothing of it: reads see the past. */
  pauseReplay(): Promise<void>
  resumeReplay(): Promise<void>
  /** Resolves when it shows everything the primary has written so far. */
  caughtUp(): Promise<void>
  /** Makes it a primary of its own and resolves when it takes writes. What it has received it replays first, paused or not. */
  promote(): Promise<void>
}

/** A primary and its standby that belong to one test file, which may therefore break both. */
export interface PrivatePair {
  readonly primary: PostgresServer
  readonly standby: Standby
  /** What the standby is fed through: cut it off to make it lose what the primary commits. */
  readonly wire: TcpProxy
  /** Ends both and removes their data. */
  stop(): Promise<void>
}

/**
 * A PostgreSQL with a streaming hot standby, in about two seconds, for tests that freeze, kill or promote; empty and not migrated.
 *
 * Nothing is copied from a running server, so that no program besides `initdb` and `postgres` is needed: both begin with the same cluster
 * before anybody has written. Call `stop()` in `afterAll`; a watchdog does it if the test process dies.
 *
 * @param options as of `startPrivatePostgres`, for both
 */
export async function startPrivatePair(options: PostgresOptions = {}): Promise<PrivatePair> {
  const binaries = await postgresPrograms()
  const user = unprivilegedUser()
  const folder = serverFolder('postgres', user)
  const original = join(folder, 'data')
  const started: { stop(): Promise<void> }[] = []
  const stop = async () => void (await Promise.all(started.map((one) => one.stop())))
  const settings = { settings: { ...REPLICATED, ...options.settings } }
  try {
    await createCluster(binaries, original, user)
    const primary = await startPostgresServer(binaries, { ...options, ...settings }, (data) => copyCluster(original, data, user))
    started.push(primary)
    const wire = await startTcpProxy(primary)
    started.push({ stop: () => wire.close() })
    const server = await startPostgresServer(binaries, { ...options, ...settings }, async (data) => {
      await copyCluster(original, data, user)
      await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = 'host=127.0.0.1 port=${wire.port} user=postgres'\n`)
      writeFileSync(join(data, 'standby.signal'), '')
    })
    started.push(server)
    const standby = Object.assign(server, controlsOf(server.url, primary.url))
    await standby.caughtUp()
    return { primary, standby, wire, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const REPLICATED = {
  wal_level: 'replica',
  // As initdb notes it in the cluster: a standby refuses to start with less than its primary had.
  max_wal_senders: 10,
  // What a standby missed while it was away is still there when it comes back.
  wal_keep_size: '256MB',
  // Instead of five seconds between two attempts to reach the primary.
  wal_retrieve_retry_interval: '100ms',
  // A read of the standby holds up what it has to show until it has ended, instead of being cancelled for it.
  max_standby_streaming_delay: -1,
}

function controlsOf(url: string, primaryUrl: string): Omit<Standby, keyof PostgresServer> {
  // Again when it was cancelled for what is to be replayed, where a test has set it so.
  const ask = (statement: string) => eventually(async () => (await runStatement(url, statement))[0])
  return {
    async pauseReplay() {
      await ask('select pg_wal_replay_pause()')
      // Asked for is not done: one more commit may be shown until then.
      await eventually(async () => (await ask('select pg_get_wal_replay_pause_state() as state'))?.state === 'paused')
    },
    resumeReplay: async () => void (await ask('select pg_wal_replay_resume()')),
    async caughtUp() {
      const [written] = await runStatement(primaryUrl, 'select pg_current_wal_insert_lsn() as lsn')
      await eventually(async () => {
        return (await ask(`select coalesce(pg_last_wal_replay_lsn() >= '${written?.lsn}', false) as is_there`))?.is_there === true
      })
    },
    async promote() {
      await ask('select pg_promote()')
      await eventually(async () => (await ask('select pg_is_in_recovery() as is_standby'))?.is_standby === false)
    },
  }
}
