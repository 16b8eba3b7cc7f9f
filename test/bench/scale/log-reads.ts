import { sql } from 'kysely'
import pg from 'pg'
import { type OpenDatabase, openDatabase } from '../../../src/store/postgres/open-database.js'
import { LogReader } from '../../../src/store/read/log-reader.js'
import { median } from '../support/take-turns.js'
import { countProcessTime } from './processor-time.js'

const READS = 500
const FIRST_READS = 5
const DATABASE_MS = 60_000

/** What reading the log costs PostgreSQL and the wire. */
export interface LogReadCost {
  readonly heads: number
  /** The first read, from revision 0: all heads. */
  readonly firstMs: number
  readonly firstServerMs: number
  readonly firstBytes: number
  /** A later one, when nothing is new. */
  readonly laterMs: number
  readonly laterServerMs: number
  /** The same over a connection that keeps no plans, as behind a pooler or with a pool of the host's. */
  readonly unplannedMs: number
  readonly unplannedServerMs: number
}

/** Reads the log again and again over one connection, as a manager's own pool sends it. */
export async function measureLogReads(url: string): Promise<LogReadCost> {
  const database = openDatabase(url, DATABASE_MS)
  const pool = new pg.Pool({ connectionString: url, max: 1, min: 1 })
  const unplanned = openDatabase(pool, DATABASE_MS)
  const log = new LogReader(database.db, 'agent_config')
  const unplannedLog = new LogReader(unplanned.db, 'agent_config')
  try {
    const warmUp = await log.read(0)
    for (let read = 0; read < 20; read++) await log.read(warmUp.top)
    const backend = await backendOf(database)
    const first = await timed(FIRST_READS, backend, () => log.read(0))
    const later = await timed(READS, backend, () => log.read(warmUp.top))
    const bare = await backendOf(unplanned)
    const asPooled = await timed(READS, bare, () => unplannedLog.read(warmUp.top))
    return {
      heads: warmUp.heads.length,
      firstMs: first.ms,
      firstServerMs: first.serverMs,
      firstBytes: JSON.stringify(warmUp.heads.map(({ scope, revision, token }) => [scope, revision, token])).length,
      laterMs: later.ms,
      laterServerMs: later.serverMs,
      unplannedMs: asPooled.ms,
      unplannedServerMs: asPooled.serverMs,
    }
  } finally {
    await database.close()
    await pool.end()
  }
}

/** Its pool opens no second connection for one query after another. */
async function backendOf({ db }: OpenDatabase): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
  return rows[0]!.pid
}

async function timed(times: number, backend: number, read: () => Promise<unknown>): Promise<{ ms: number; serverMs: number }> {
  const serverTime = countProcessTime(backend)
  const durations: number[] = []
  for (let turn = 0; turn < times; turn++) {
    const start = performance.now()
    await read()
    durations.push(performance.now() - start)
  }
  return { ms: median(durations), serverMs: serverTime() / times }
}
