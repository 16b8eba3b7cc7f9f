import { type Kysely, Kysely as KyselyClass, PostgresDialect } from 'kysely'
import { InvalidArgumentError, SettingsError } from '../../shared/errors.js'
import { lockFolder } from './folder-lock.js'
import { isQueryClient } from './joined-client.js'
import { NotifyBus, type NotifyBusOptions, type NotifyClient } from './notify-bus.js'
import { fewerConnections, ownPool } from './own-pool.js'
import { PgliteDriver, type PgliteLike, pgliteDialect } from './pglite-dialect.js'
import { guardedPool, type PoolLike } from './pool.js'
import type { Tables } from './tables.js'

/** A Kysely instance or transaction of the host's, by shape: its version need not be this package's. */
export interface KyselyLike {
  withoutPlugins(): unknown
  readonly isTransaction: boolean
}

export interface OpenDatabase {
  readonly db: Kysely<Tables>
  readonly isEmbedded: boolean
  /** Whether a text of several statements is answered by the rows of all of them. */
  readonly isBatched: boolean
  /** Receives notifications on a connection of its own, where one can be opened. */
  readonly listen: ((options: NotifyBusOptions) => NotifyBus) | undefined
  close(): Promise<void>
}

/** Opens what the option `database` names. Nothing connects before the first query. */
export function openDatabase(database: string | PoolLike | KyselyLike, databaseMs: number): OpenDatabase {
  if (typeof database === 'string') return database.startsWith('pglite:') ? openEmbedded(database) : openUrl(database, databaseMs)
  if (isKysely(database)) {
    return { db: withoutPlugins(database), isEmbedded: false, isBatched: false, listen: undefined, close: async () => {} }
  }
  if (isQueryClient(database)) {
    throw new InvalidArgumentError(
      'database',
      'must be a pool or a URL here, not one connection: reads and writes run side by side. Repositories accept a client with a transaction open.',
    )
  }
  if (typeof database === 'object' && database !== null && typeof database.connect === 'function') return openPool(database, databaseMs)
  throw new InvalidArgumentError(
    'database',
    "must be a 'postgresql://…' URL, 'pglite:<folder>', 'pglite:memory', a pg Pool or a Kysely instance",
  )
}

/** One entry per Kysely instance: repositories that share it see that they are in the same transaction. */
const PLAIN = new WeakMap<KyselyLike, Kysely<Tables>>()

function withoutPlugins(host: KyselyLike): Kysely<Tables> {
  const plain = PLAIN.get(host) ?? (host.withoutPlugins() as Kysely<Tables>)
  PLAIN.set(host, plain)
  return plain
}

export function isKysely(value: unknown): value is KyselyLike {
  return typeof value === 'object' && value !== null && typeof (value as KyselyLike).withoutPlugins === 'function'
}

function openUrl(url: string, databaseMs: number): OpenDatabase {
  const pool = ownPool(url, databaseMs)
  return openPool(pool as unknown as PoolLike, databaseMs, fewerConnections(pool, databaseMs))
}

/** @param makeDo for a pool of this package's own: called when the server has no connection left; whether to retry */
function openPool(pool: PoolLike, databaseMs: number, makeDo?: () => Promise<boolean>): OpenDatabase {
  const ownsPool = makeDo !== undefined
  let listener: NotifyBus | undefined
  // Only pg's own pool has a `Client`. How other drivers answer several statements in one text is not known.
  const isBatched = 'Client' in pool
  const guarded = guardedPool(pool, {
    ownsPool,
    isBatched,
    // Reads have deadlines of their own; this one is for writes, which may have to wait for the lock.
    queryMs: databaseMs * 2 + 1_000,
    readMs: databaseMs,
    makeRoom: async () => {
      const hasLeft = (await listener?.giveWay()) ?? false
      return (await makeDo?.()) || hasLeft
    },
  })
  const db = new KyselyClass<Tables>({ dialect: new PostgresDialect({ pool: guarded }) })
  const { Client, options } = pool as { Client?: new (config: object) => NotifyClient; options?: { readonly password?: unknown } }
  return {
    db,
    isEmbedded: false,
    isBatched,
    listen:
      Client &&
      options &&
      ((busOptions) => {
        // pg makes `password` non-enumerable, to keep it out of logs: spreading the options would lose it.
        const connect = () => new Client({ ...options, password: options.password, query_timeout: busOptions.databaseMs })
        listener = new NotifyBus(connect, busOptions)
        return listener
      }),
    // Kysely ends a pool only once it has used it.
    close: async () => {
      if (ownsPool && !(pool as { ended?: boolean }).ended) await pool.end()
    },
  }
}

function openEmbedded(database: string): OpenDatabase {
  const folder = database.slice('pglite:'.length)
  if (folder === '') throw new InvalidArgumentError('database', "must name a folder ('pglite:./data') or be 'pglite:memory'")
  let release = (): void => {}
  const open = async (): Promise<PgliteLike> => {
    const { PGlite } = await importPglite()
    if (folder === 'memory') return PGlite.create()
    release = await lockFolder(folder)
    try {
      return await PGlite.create(folder)
    } catch (error) {
      release()
      throw error
    }
  }
  const db = new KyselyClass<Tables>({ dialect: pgliteDialect(() => new PgliteDriver(open)) })
  return {
    db,
    isEmbedded: true,
    isBatched: true,
    listen: undefined,
    close: async () => {
      await db.destroy()
      release()
    },
  }
}

export async function importPglite(): Promise<{ PGlite: { create(folder?: string): Promise<PgliteLike> } }> {
  try {
    return (await import('@electric-sql/pglite')) as never
  } catch (error) {
    throw new SettingsError(
      `The embedded database needs the package @electric-sql/pglite: run: npm install @electric-sql/pglite. (${(error as Error).message})`,
    )
  }
}
