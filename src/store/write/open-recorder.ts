import type { ChangelogHooks } from '../../entities/written.js'
import { checkLabel } from '../../shared/arguments.js'
import { checkKeys } from '../../shared/known-keys.js'
import { isQueryClient, joinedDatabase, type QueryClientLike } from '../postgres/joined-client.js'
import { type KyselyLike, openDatabase } from '../postgres/open-database.js'
import type { PoolLike } from '../postgres/pool.js'
import { DEFAULT_SCHEMA, schemaName } from '../postgres/schema-name.js'
import { ConfigStore } from './config-store.js'
import type { Recorder } from './recorder.js'

/**
 * What a repository works on: a URL, a pool, a Kysely instance or transaction, a client on which a transaction is open; inside a manager,
 * the manager's store.
 */
export type RepositoryDatabase = string | PoolLike | KyselyLike | QueryClientLike | Recorder

/** Defaults for calls that leave these out. */
export interface RepositoryDefaults {
  /** The project of calls that name none. @default 'default' */
  readonly project?: string | undefined
  /** The label that `promote`, `rollback`, `ensure` and `rollouts.start` mean when they name none. @default 'production' */
  readonly label?: string | undefined
}

export interface RepositoryOptions extends RepositoryDefaults {
  /** The PostgreSQL schema that holds the tables. @default 'agent_config' */
  readonly schema?: string
  readonly hooks?: ChangelogHooks
}

export const DEFAULT_LABEL = 'production'

/** The label of writes that name none: the one that reads of the kind get, if it can be moved. */
export function labelOfWrites({ defaultLabel }: { readonly defaultLabel?: string }, label: string | undefined): string {
  return defaultLabel === undefined || defaultLabel === 'latest' ? (label ?? DEFAULT_LABEL) : defaultLabel
}

/** Most milliseconds one statement may take when a repository is used alone. */
const DATABASE_MS = 2_000

export function recorderOf(database: RepositoryDatabase, options: RepositoryOptions): Recorder {
  checkKeys(options, ['schema', 'hooks', 'project', 'label'], 'options')
  if (options.label !== undefined) checkLabel('label', options.label)
  if (isRecorder(database)) return database
  const schema = options.schema ?? DEFAULT_SCHEMA
  schemaName(schema)
  const { db, isBatched } = isQueryClient(database)
    ? { db: joinedDatabase(database), isBatched: false }
    : openDatabase(database, DATABASE_MS)
  return new ConfigStore({ db, isBatched, schema, databaseMs: DATABASE_MS, hooks: options.hooks })
}

function isRecorder(database: unknown): database is Recorder {
  return typeof (database as Recorder).record === 'function'
}
