import {
  InvalidArgumentError,
  isConfigError,
  MigrationError,
  StoreUnavailableError,
  type StoreUnavailableReason,
} from '../../shared/errors.js'
import { isDatabaseError } from './pool.js'

/** PostgreSQL's codes for: a schema, table, column or function that is not there. */
const NOT_MIGRATED = new Set(['3F000', '42P01', '42703', '42883'])
/** Errors that PostgreSQL gives although the call is right, by the beginning of their code; the first match counts. */
const REFUSALS: readonly (readonly [code: string, reason: StoreUnavailableReason, retryable: boolean, advice: string])[] = [
  ['55P03', 'lock', true, 'Another transaction holds the lock for long: look for it in pg_stat_activity, and try again.'],
  ['57014', 'timeout', true, 'It took longer than its time limit, or somebody cancelled it: try again.'],
  ['25P03', 'timeout', true, 'The transaction was idle for longer than it may be: try again.'],
  ['40', 'conflict', true, 'It met another transaction: try again.'],
  ['53300', 'connections', true, 'Every connection is taken: try again later, or allow more of them.'],
  ['53100', 'disk', false, 'The disk of the server is full: make room there, then try again.'],
  ['53200', 'memory', true, 'The server is short of memory: try again later.'],
  ['53', 'memory', true, 'The server is short of resources: try again later.'],
  ['54', 'limit', false, 'It is more than PostgreSQL can do: make it smaller.'],
  ['25006', 'read_only', false, 'This database takes no writes: is it a standby?'],
  ['42501', 'permission', false, 'The role lacks a right: see "Permissions" in docs/migrations.md.'],
  ['P0001', 'refused', false, 'A trigger or function of this database objects to it.'],
  ['58', 'server', false, 'The server has a problem of its own: see its log.'],
  ['XX', 'server', false, 'The server has a problem of its own: see its log.'],
]

/**
 * Statements of a host's hook fail inside our transaction too: a missing table is ours only if the message names our schema. 42703 messages
 * (a missing column) carry no schema name, so those count as ours.
 */
function isOurs(error: Error & { readonly code: string }, schema: string): boolean {
  return error.code === '42703' || error.message.includes(schema)
}

/** PostgreSQL's code for a savepoint outside of a transaction. */
const NO_TRANSACTION = '25P01'

/** What a caller should see instead of a driver's error; any other error is returned as it is. */
export function storeError(error: unknown, schema: string, outcome?: 'none'): unknown {
  if (isConfigError(error, 'E_STORE_UNAVAILABLE') && outcome && (error as StoreUnavailableError).outcome === undefined) {
    const { reason, retryable } = error as StoreUnavailableError
    return new StoreUnavailableError(`${error.message} Nothing was written.`, { outcome, reason, retryable, cause: error })
  }
  if (isConfigError(error)) return error
  if (isDatabaseError(error)) {
    if (error.code === NO_TRANSACTION) {
      return new InvalidArgumentError(
        'database',
        'must be a client on which a transaction is open: send BEGIN before the write, COMMIT after it',
      )
    }
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
    const refusal = REFUSALS.find(([code]) => error.code.startsWith(code))
    if (refusal) {
      const [, reason, retryable, advice] = refusal
      return new StoreUnavailableError(`PostgreSQL refused: ${error.message}. ${advice}`, { cause: error, reason, retryable, outcome })
    }
  }
  if (isConnectionError(error))
    return new StoreUnavailableError(`PostgreSQL cannot be reached: ${error.message || error.code}.`, {
      cause: error,
      reason: 'unreachable',
      retryable: true,
      outcome,
    })
  return error
}

/** A host's own Kysely brings its driver's errors as they are: those of sockets, and a backend that was ended. */
function isConnectionError(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return /^(CONNECT|ECONN|EHOST|ENET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|57P|08)/.test(error.code)
}
