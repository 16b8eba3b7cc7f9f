import type { BuiltInKind } from '../entities/config-kind.js'
import { type AnyHostKind, defineKind } from '../kinds/define-kind.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { createConfigManager } from '../manager/global-manager.js'
import type { ManagedKind } from '../manager/managed-kind.js'
import type { ConfigManagerOptions } from '../manager/options.js'
import { ForbiddenError, isConfigError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { storedKinds } from '../store/read/stored-kinds.js'
import { type CliIo, UsageError } from './command.js'

/** Options of every command that works on a database. */
export const CONNECTION_OPTIONS = {
  database: { type: 'string' },
  schema: { type: 'string' },
  project: { type: 'string' },
  json: { type: 'boolean' },
} as const

export const CONNECTION_HELP = `  --project NAME    the project; default "default"
  --database URL    default DATABASE_URL
  --schema NAME     the PostgreSQL schema that holds the tables; default DATABASE_SCHEMA, else agent_config
  --json            prints the result as JSON`

export interface ConnectionValues {
  readonly database?: string | undefined
  readonly schema?: string | undefined
  readonly project?: string | undefined
}

/** Longer than a service's timeouts: a command may read a large configuration, and no request waits for it. In milliseconds. */
const PATIENT = { databaseMs: 10_000, readMs: 15_000 }

/**
 * Runs work with a manager of the database that the command line or the environment names.
 *
 * @param declared kinds of hosts that the command meets: their declarations, or their names where the command line does not have those
 * @throws {UsageError} when no database is named
 */
export async function withManager<Value>(
  io: CliIo,
  values: ConnectionValues,
  declared: readonly (string | AnyHostKind)[],
  work: (manager: ConfigurationManager) => Promise<Value>,
  more: ConfigManagerOptions = {},
): Promise<Value> {
  const { project, schema } = values
  const manager = createConfigManager({
    database: databaseOf(io, values),
    ...(schema !== undefined && { schema }),
    ...(project !== undefined && { project }),
    settings: { get: (key) => io.env[key] },
    kinds: declared.map((kind) => (typeof kind === 'string' ? asStored(kind) : kind)),
    // A command serves nothing, so it need not hear of changes. Its own writes are still announced.
    listen: false,
    timeouts: PATIENT,
    protectedLabels: protectedLabelsOf(io),
    authorize: ({ protected: isProtected }) => !isProtected,
    ...more,
  })
  try {
    // Connect first: SIGINT does not end a write once it began, and the wait for the server should not be part of it.
    await manager.ready()
    return await work(manager)
  } catch (error) {
    throw isConfigError(error, 'E_FORBIDDEN') ? withWayOut(error) : error
  } finally {
    await manager.shutdown()
  }
}

/** Labels that this command line may not move: those of PROTECTED_LABELS, with commas between them. */
function protectedLabelsOf({ env }: CliIo): readonly string[] {
  return (env.PROTECTED_LABELS ?? '')
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '')
}

function withWayOut(cause: Error): ForbiddenError {
  return new ForbiddenError(`${cause.message} PROTECTED_LABELS names it: run this where it does not, as someone who may.`, { cause })
}

/** @throws {UsageError} when neither the command line nor the environment names a database */
export function databaseOf(io: CliIo, { database }: ConnectionValues): string {
  const url = database ?? io.env.DATABASE_URL
  if (!url) throw new UsageError('No database is named. Set DATABASE_URL, or pass --database postgresql://user@host:5432/name')
  return url
}

/** The kinds of hosts that entries of the database are of. */
export async function declaredKindsIn(io: CliIo, values: ConnectionValues): Promise<readonly string[]> {
  const stored = await storedKinds(databaseOf(io, values), values.schema ?? (io.env.DATABASE_SCHEMA || undefined))
  return stored.filter((kind) => !BUILT_IN.includes(kind))
}

/** Kinds that come with the package. A record, so that leaving a new one out is a compile error: it would be declared a second time here. */
const BUILT_IN: readonly string[] = Object.keys({
  prompt: true,
  model: true,
  embedding: true,
  flag: true,
  context_rules: true,
} satisfies Record<BuiltInKind, true>)

/** The kind of that name as one to declare; none when it comes with the package. */
export function toDeclare(kind: string): readonly string[] {
  return BUILT_IN.includes(kind) ? [] : [kind]
}

/** Takes content as it is: the host's own schema is not known here. */
const ANYTHING: StandardSchema<unknown> = {
  '~standard': { version: 1, vendor: 'agent-config', validate: (value) => ({ value }) },
}

function asStored(kind: string): AnyHostKind {
  return defineKind({ kind, schema: ANYTHING })
}

/** A kind whose versions carry labels, by its name. @throws {UsageError} when there is none */
export function labelledKind(manager: ConfigurationManager, kind: string): ManagedKind {
  const found = manager.kinds.find((known) => known.kind === kind)
  if (found) return found
  throw new UsageError(`--kind must be one of ${manager.kinds.map((known) => known.kind).join(', ')}, got "${kind.slice(0, 40)}"`)
}
