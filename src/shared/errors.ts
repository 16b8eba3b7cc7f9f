/**
 * Marks our errors across copies of the package: one process may hold an ESM and a CommonJS copy, and
 * `instanceof` is false between them.
 */
const BRAND = Symbol.for('agent-config.error')

/** Stable codes, one for each class of error. Messages may change between releases, codes do not. */
export type ConfigErrorCode =
  | 'E_SETTINGS'
  | 'E_SETTINGS_FILE'
  | 'E_NOT_FOUND'
  | 'E_ALREADY_EXISTS'
  | 'E_VERSION_CONFLICT'
  | 'E_CHANGED'
  | 'E_IN_USE'
  | 'E_INVALID_ARGUMENT'
  | 'E_TEMPLATE_SYNTAX'
  | 'E_TEMPLATE_VARIABLE'
  | 'E_FORBIDDEN'
  | 'E_STORE_UNAVAILABLE'
  | 'E_MIGRATION'
  | 'E_MANAGER_CLOSED'
  | 'E_CONTENT'
  | 'E_LLM'
  | 'E_FILES'
  | 'E_FILE_CONFLICT'

/** Base of every error this package throws on purpose. */
export abstract class ConfigError extends Error {
  abstract readonly code: ConfigErrorCode

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/**
 * Tells whether a caught value is one of ours, and of which kind.
 *
 * Works between the ESM and the CommonJS copy of the package, where `instanceof` does not.
 *
 * @example
 * ```ts
 * if (isConfigError(error, 'E_NOT_FOUND')) return undefined
 * ```
 */
export function isConfigError<Code extends ConfigErrorCode>(error: unknown, code: Code): error is ConfigError & { readonly code: Code }
export function isConfigError(error: unknown): error is ConfigError
export function isConfigError(error: unknown, code?: ConfigErrorCode): boolean {
  if (!(error instanceof Error) || !(BRAND in error)) return false
  return code === undefined || (error as Error & { code?: unknown }).code === code
}

/** Settings are missing, or do not fit the schema; the message lists every problem. */
export class SettingsError extends ConfigError {
  override readonly name = 'SettingsError'
  readonly code = 'E_SETTINGS'
  /** Every problem, in the order of the message; secrets are redacted here as well. */
  readonly problems: readonly { readonly path: string; readonly message: string; readonly origin?: string }[]
  /** What is odd but not wrong, such as a key that the schema does not have. */
  readonly warnings: readonly string[]
  /** The name of the environment whose settings were read. */
  readonly environment: string | undefined

  constructor(
    message: string,
    facts: {
      problems?: readonly { readonly path: string; readonly message: string; readonly origin?: string }[]
      warnings?: readonly string[]
      environment?: string
    } = {},
  ) {
    super(message)
    this.problems = facts.problems ?? []
    this.warnings = facts.warnings ?? []
    this.environment = facts.environment
  }
}

/** A settings file cannot be read or parsed, or was named and does not exist. */
export class SettingsFileError extends ConfigError {
  override readonly name = 'SettingsFileError'
  readonly code = 'E_SETTINGS_FILE'
  readonly file: string
  /** The line in the file, counted from 1, where its text cannot be parsed. */
  readonly line: number | undefined
  readonly column: number | undefined

  constructor(message: string, facts: { file: string; line?: number; column?: number; cause?: unknown }) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.file = facts.file
    this.line = facts.line
    this.column = facts.column
  }
}

/** The entity, version or label that a write names does not exist. */
export class NotFoundError extends ConfigError {
  override readonly name = 'NotFoundError'
  readonly code = 'E_NOT_FOUND'
}

/** Something of that name exists already. */
export class AlreadyExistsError extends ConfigError {
  override readonly name = 'AlreadyExistsError'
  readonly code = 'E_ALREADY_EXISTS'
}

/** The label is not on the version the caller expected. */
export class VersionConflictError extends ConfigError {
  override readonly name = 'VersionConflictError'
  readonly code = 'E_VERSION_CONFLICT'
  readonly label: string
  readonly expected: number
  readonly actual: number | undefined

  constructor(facts: { name: string; label: string; expected: number; actual: number | undefined }) {
    super(
      `Label "${facts.label}" of "${facts.name}" is on version ${facts.actual ?? 'none'}, not on ${facts.expected}. ` +
        'Read it again and decide with the new version in view.',
    )
    this.label = facts.label
    this.expected = facts.expected
    this.actual = facts.actual
  }
}

/** The entity was changed after the revision that the write is based on, or the log does not have that revision. */
export class ChangedError extends ConfigError {
  override readonly name = 'ChangedError'
  readonly code = 'E_CHANGED'
  /** `ifUnchangedSince` */
  readonly expected: number
  /** The revision of the last change, or the last revision of the log. */
  readonly actual: number

  constructor(facts: { entity: string; expected: number; actual: number }) {
    const what =
      facts.actual > facts.expected
        ? `${facts.entity} was changed in revision ${facts.actual}, after ${facts.expected}.`
        : `Revision ${facts.expected} is not in the log, which ends at ${facts.actual}: it may have been lost.`
    super(`${what} Nothing was written. Read it again and decide with that in view.`)
    this.expected = facts.expected
    this.actual = facts.actual
  }
}

/** A label or a running rollout still needs what the write would take away. */
export class InUseError extends ConfigError {
  override readonly name = 'InUseError'
  readonly code = 'E_IN_USE'
}

/** An argument is not acceptable; nothing was sent to any server. */
export class InvalidArgumentError extends ConfigError {
  override readonly name = 'InvalidArgumentError'
  readonly code = 'E_INVALID_ARGUMENT'
  /** The argument, as a path: `template`, `labels[0]`, `memory.maxEntries`. */
  readonly field: string

  constructor(field: string, expectation: string) {
    super(`${field} ${expectation}`)
    this.field = field
  }
}

/** A template does not parse. The message says where, why, and what to write instead. */
export class TemplateSyntaxError extends ConfigError {
  override readonly name = 'TemplateSyntaxError'
  readonly code = 'E_TEMPLATE_SYNTAX'
  /** What is wrong and what to write instead, without the position. */
  readonly problem: string
  /** Counts from 1. */
  readonly line: number
  /** Counts from 1, in UTF-16 units as strings do. */
  readonly column: number
  /** Which message of a chat template, counted from 1; `undefined` for a text template. */
  readonly chatMessage: number | undefined

  constructor(problem: string, position: { line: number; column: number; chatMessage?: number }) {
    const where = `line ${position.line}, column ${position.column}`
    super(position.chatMessage === undefined ? `L${where.slice(1)}: ${problem}` : `Message ${position.chatMessage}, ${where}: ${problem}`)
    this.problem = problem
    this.line = position.line
    this.column = position.column
    this.chatMessage = position.chatMessage
  }
}

/** Values are missing for a template, or cannot be written as text. */
export class TemplateVariableError extends ConfigError {
  override readonly name = 'TemplateVariableError'
  readonly code = 'E_TEMPLATE_VARIABLE'
  /** Every variable the error is about. */
  readonly variables: readonly string[]

  constructor(message: string, variables: readonly string[], options?: { cause?: unknown }) {
    super(message, options)
    this.variables = variables
  }
}

/** Configuration files cannot be read, or hold something that is not valid. The message names the first problem. */
export class FilesError extends ConfigError {
  override readonly name = 'FilesError'
  readonly code = 'E_FILES'
  /** Every problem; lines and columns count from 1 in the file. */
  readonly problems: readonly { readonly path: string; readonly line: number; readonly column: number; readonly message: string }[]

  constructor(problems: FilesError['problems']) {
    const [first] = problems
    const place = first ? `${first.path}:${first.line}:${first.column}: ${first.message}` : 'files cannot be read'
    super(problems.length > 1 ? `${place} (and ${problems.length - 1} more problems)` : place)
    this.problems = problems
  }
}

/** Another writer changed what a push or a pull would overwrite. Nothing was written. */
export class FileConflictError extends ConfigError {
  override readonly name = 'FileConflictError'
  readonly code = 'E_FILE_CONFLICT'
  /** Each with the version the file is based on and the one that is stored; `undefined`: none. */
  readonly conflicts: readonly {
    readonly path: string
    readonly kind: string
    readonly entity: string
    readonly base: number | undefined
    readonly stored: number | undefined
  }[]

  constructor(message: string, conflicts: FileConflictError['conflicts']) {
    super(message)
    this.conflicts = conflicts
  }
}

/** This caller may not make this write. */
export class ForbiddenError extends ConfigError {
  override readonly name = 'ForbiddenError'
  readonly code = 'E_FORBIDDEN'
}

/** Why the database did not do what it was asked, in one word a program can branch on. */
export type StoreUnavailableReason =
  | 'unreachable'
  | 'timeout'
  | 'lock'
  | 'conflict'
  | 'connections'
  | 'disk'
  | 'memory'
  | 'limit'
  | 'read_only'
  | 'permission'
  | 'refused'
  | 'server'
  | 'queue_full'
  | 'queue_timeout'

/** The database did not answer in time, cannot be reached, or refused. */
export class StoreUnavailableError extends ConfigError {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'E_STORE_UNAVAILABLE'
  /** For writes: `none` when nothing was written, `unknown` when the connection was lost during COMMIT and stays lost. */
  readonly outcome: 'none' | 'unknown' | undefined
  /** Why it failed, in one word; `undefined` when that is not known. `cause` holds PostgreSQL's or the driver's own error. */
  readonly reason: StoreUnavailableReason | undefined
  /** Whether the same call, made again, may succeed with nothing else changed; `undefined` when that is not known. */
  readonly retryable: boolean | undefined

  constructor(message: string, facts: StoreUnavailableFacts = {}) {
    super(message, { cause: facts.cause })
    this.outcome = facts.outcome
    this.reason = facts.reason
    this.retryable = facts.retryable
  }
}

export interface StoreUnavailableFacts {
  readonly outcome?: 'none' | 'unknown' | undefined
  readonly reason?: StoreUnavailableReason | undefined
  readonly retryable?: boolean | undefined
  readonly cause?: unknown
}

/** The database's tables do not fit this version of the package, or a migration failed. */
export class MigrationError extends ConfigError {
  override readonly name = 'MigrationError'
  readonly code = 'E_MIGRATION'
}

/** The manager was shut down. */
export class ManagerClosedError extends ConfigError {
  override readonly name = 'ManagerClosedError'
  readonly code = 'E_MANAGER_CLOSED'

  constructor() {
    super('This ConfigurationManager was shut down. Build a new one with createConfigManager().')
  }
}

/** Which version of an entity. */
export interface VersionOf {
  readonly kind: string
  readonly project: string
  readonly name: string
  readonly version: number
}

/** The code of a host cannot read what is stored: the `upgrade` of its kind failed. Other versions and entities are read as before. */
export class ContentError extends ConfigError {
  override readonly name = 'ContentError'
  readonly code = 'E_CONTENT'
  readonly kind: string
  readonly project: string
  readonly entity: string
  readonly version: number

  constructor({ kind, project, name, version }: VersionOf, cause: unknown) {
    super(
      `Version ${version} of ${kind} "${name}" (project "${project}") cannot be upgraded: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'Mend `upgrade` in defineKind(), or write a version that it can read.',
      { cause },
    )
    this.kind = kind
    this.project = project
    this.entity = name
    this.version = version
  }
}

/** What went wrong in a call to a model. */
export type LLMErrorReason =
  | 'connection'
  | 'timeout'
  | 'aborted'
  | 'auth'
  | 'rate_limit'
  | 'overloaded'
  | 'model_not_found'
  | 'unsupported'
  | 'context_length'
  | 'bad_request'
  | 'server'
  | 'stream'
  | 'invalid_response'
  | 'invalid_output'

/** Which of the three timers ended a call: until the first chunk, between two chunks, or for the whole call. */
export type LLMTimeoutPhase = 'first-chunk' | 'chunk' | 'total'

/** What is known about a failed call to a model; every field but `reason` may be unknown. */
export interface LLMErrorFacts {
  readonly reason: LLMErrorReason
  readonly provider?: string | undefined
  readonly model?: string | undefined
  readonly status?: number | undefined
  readonly retryable?: boolean | undefined
  readonly retryAfterMs?: number | undefined
  readonly attempts?: number | undefined
  readonly partial?: string | undefined
  readonly hint?: string | undefined
  readonly phase?: LLMTimeoutPhase | undefined
  readonly problems?: readonly string[] | undefined
  readonly errors?: readonly Error[] | undefined
  readonly cause?: unknown
}

/** A call to a model failed; `reason` says how, and the message what to do about it. */
export class LLMError extends ConfigError {
  override readonly name = 'LLMError'
  readonly code = 'E_LLM'
  /** What went wrong, in one word a program can branch on. */
  declare readonly reason: LLMErrorReason
  /** The provider that was asked, as in `client.provider`. */
  declare readonly provider: string | undefined
  /** The model that was asked for. */
  declare readonly model: string | undefined
  /** The HTTP status, when the server answered at all. */
  declare readonly status: number | undefined
  /** Whether the same request, sent again, may succeed. Never true once a part of the answer arrived. */
  declare readonly retryable: boolean
  /** How long the server asked to wait before the next attempt, in milliseconds. */
  declare readonly retryAfterMs: number | undefined
  /** How often the request was sent. */
  declare readonly attempts: number | undefined
  /** The text that had arrived when the answer broke off; `undefined` when no part of an answer arrived. */
  declare readonly partial: string | undefined
  /** What to do about it; the message ends with it. */
  declare readonly hint: string | undefined
  /** For reason `timeout`: which timer ended the call. */
  declare readonly phase: LLMTimeoutPhase | undefined
  /** For reason `invalid_output`: what the schema found wrong, one line for each problem. */
  declare readonly problems: readonly string[] | undefined
  /** When several models were tried: the error of each, in the order they were asked. This error is the last one's. */
  declare readonly errors: readonly Error[] | undefined

  constructor(message: string, facts: LLMErrorFacts) {
    super(facts.hint === undefined ? message : `${message} ${facts.hint}`, { cause: facts.cause })
    const { cause, ...known } = facts
    Object.assign(this, known, { retryable: facts.retryable ?? false })
  }
}
