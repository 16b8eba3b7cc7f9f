import { InvalidArgumentError, isConfigError, MigrationError, StoreUnavailableError } from '../shared/errors.js'
import { isDatabaseError } from './pool.js'

/** PostgreSQL's codes for: a schema, table, column or function that is not there. */
const NOT_MIGRATED = new Set(['3F000', '42P01', '42703', '42883'])
/** For: lock, statement and idle timeouts, too many connections, a server that is starting or read-only. */
const NOT_AVAILABLE = new Set(['55P03', '57014', '25P03', '53300', '25006'])

/** Statements of a host's hook fail inside our transaction too: what is missing is ours only if the message says so. Columns name no schema. */
function isOurs(error: Error & { readonly code: string }, schema: string): boolean {
  return error.code === '42703' || error.message.includes(schema)
}

/** What a caller should see instead of a driver's error; any other error is returned as it is. */
export function storeError(error: unknown, schema: string, outcome?: 'none'): unknown {
  if (isConfigError(error, 'E_STORE_UNAVAILABLE') && outcome && (error as StoreUnavailableError).outcome === undefined) {
    return new StoreUnavailableError(`${error.message} Nothing was written.`, { outcome, cause: error })
  }
  if (isConfigError(error)) return error
  if (isDatabaseError(error)) {
    if (NOT_MIGRATED.has(error.code) && isOurs(error, schema)) {
      return new MigrationError(
        `The tables of agent-config are not in schema "${schema}", or are older than this version: ${error.message}. ` +
          'Run `npx agent-config migrate`, call migrateToLatest(), or set autoMigrate: true.',
        { cause: error },
      )
    }
    if (error.code === '22P05') {
      return new InvalidArgumentError('text', `holds a character that the encoding of this database does not have: ${error.message}`)
    }
    if (NOT_AVAILABLE.has(error.code))
      return new StoreUnavailableError(`PostgreSQL refused: ${error.message}.`, { cause: error, ...(outcome && { outcome }) })
  }
  if (isConnectionError(error))
    return new StoreUnavailableError(`PostgreSQL cannot be reached: ${error.message || error.code}.`, {
      cause: error,
      ...(outcome && { outcome }),
    })
  return error
}

/** A host's own Kysely brings its driver's errors as they are: those of sockets, and a backend that was ended. */
function isConnectionError(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return /^(ECONN|EHOST|ENET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|57P|08)/.test(error.code)
}
