import { checkKeys } from '../shared/known-keys.js'
import { ConfigStore } from './config-store.js'
import { type KyselyLike, openDatabase } from './open-database.js'
import type { PoolLike } from './pool.js'
import type { Recorder } from './recorder.js'
import { DEFAULT_SCHEMA, schemaName } from './schema-name.js'
import type { ChangelogHooks } from './written.js'

/** What a repository works on: a URL, a pool, a Kysely instance or transaction; inside a manager, the manager's store. */
export type RepositoryDatabase = string | PoolLike | KyselyLike | Recorder

export interface RepositoryOptions {
  /** The PostgreSQL schema that holds the tables. @default 'agent_config' */
  readonly schema?: string
  readonly hooks?: ChangelogHooks
  /** The project of calls that name none. @default 'default' */
  readonly project?: string
}

/** Most milliseconds one statement may take when a repository is used alone. */
const DATABASE_MS = 2_000

export function recorderOf(database: RepositoryDatabase, options: RepositoryOptions): Recorder {
  checkKeys(options, ['schema', 'hooks', 'project'], 'options')
  if (isRecorder(database)) return database
  const schema = options.schema ?? DEFAULT_SCHEMA
  schemaName(schema)
  return new ConfigStore({ db: openDatabase(database, DATABASE_MS).db, schema, databaseMs: DATABASE_MS, hooks: options.hooks })
}

function isRecorder(database: unknown): database is Recorder {
  return typeof (database as Recorder).record === 'function'
}
