import type { LabelName } from '../entities/config-types.js'
import { checkLabelQuery, checkProject, checkText, checkVersion, describe } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { MAX_SUBJECT } from '../store/rollouts/assignments.js'

export interface ConfigQuery {
  /** @default the manager's project */
  readonly project?: string
  /** @default the manager's label, 'production'; for embedding configs 'latest' */
  readonly label?: LabelName
  /** One version by number, whatever labels it carries. Deactivated ones are not found. */
  readonly version?: number
  /** Whom a rollout decides for: a user's id, say. Without one, rollouts do not apply. */
  readonly subject?: string
  /** What is known of the subject, for the conditions of rollouts. */
  readonly attributes?: Readonly<Record<string, unknown>>
  /** The answer must contain every change up to this revision; see the `revision` that writes resolve with. */
  readonly minRevision?: number
  /**
   * The last read of the log must have begun within so many milliseconds; else the log is read first. For processes that may have been frozen, as
   * serverless functions are. When the log cannot be read, the read rejects with a `StoreUnavailableError`.
   */
  readonly maxStalenessMs?: number
}

export interface PromptQuery extends ConfigQuery {}

export interface ContextRulesQuery {
  /** @default the manager's project */
  readonly project?: string
  /** The answer must contain every change up to this revision. */
  readonly minRevision?: number
  /** The last read of the log must have begun within so many milliseconds; else the log is read first. */
  readonly maxStalenessMs?: number
}

const CONTEXT_KEYS = ['project', 'minRevision', 'maxStalenessMs'] as const
const KEYS = [...CONTEXT_KEYS, 'label', 'version', 'subject', 'attributes'] as const

/**
 * Refuses a query that is no object, or has a key that no query has: a misspelt label would otherwise read the default one. Every memory
 * hit pays for it, so it goes through the keys by name and leaves the message to `checkKeys`.
 *
 * @throws {InvalidArgumentError} that names the key, and the one that was probably meant
 */
export function checkQueryKeys(query: ConfigQuery): void {
  if (typeof query !== 'object' || query === null) checkKeys(query, KEYS, 'query')
  for (const key in query) {
    switch (key) {
      case 'label':
      case 'subject':
      case 'project':
      case 'attributes':
      case 'version':
      case 'minRevision':
      case 'maxStalenessMs':
        continue
      default:
        checkKeys(query, KEYS)
    }
  }
}

/** The same for a read of context rules. */
export function checkContextQuery(query: ContextRulesQuery): void {
  checkKeys(query, CONTEXT_KEYS, typeof query === 'object' && query !== null ? '' : 'query')
}

/** Whether the last read of the log is as recent as a query asks. */
export function isRecent(query: ConfigQuery, ageMs: () => number): boolean {
  return query.maxStalenessMs === undefined || ageMs() <= query.maxStalenessMs
}

/** Whether a query asks only for a label, so that a memory hit is enough. */
export function isPlain(query: ConfigQuery): boolean {
  return query.version === undefined && query.minRevision === undefined
}

/**
 * Checks what a read asks for, whether or not anything can answer it now.
 *
 * @throws {InvalidArgumentError} naming the field
 */
export function checkQuery(
  query: ConfigQuery,
  defaults: { readonly project: string; readonly label: string },
): { readonly project: string; readonly label: string } {
  checkQueryKeys(query)
  const project = checkProject(query.project ?? defaults.project)
  const label = checkLabelQuery(query.label ?? defaults.label)
  if (query.version !== undefined) checkVersion('version', query.version)
  if (query.minRevision !== undefined) checkRevision(query.minRevision)
  if (query.maxStalenessMs !== undefined) checkStaleness(query.maxStalenessMs)
  if (query.subject !== undefined && query.subject !== '') checkText('subject', query.subject, MAX_SUBJECT)
  if (!isAttributes(query.attributes)) throw new InvalidArgumentError('attributes', `must be an object, got ${describe(query.attributes)}`)
  return { project, label }
}

export function checkStaleness(ms: unknown): void {
  if (typeof ms !== 'number' || !(ms >= 0)) throw new InvalidArgumentError('maxStalenessMs', 'must be a number of milliseconds, 0 or more')
}

export function checkRevision(revision: unknown): void {
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) {
    throw new InvalidArgumentError('minRevision', 'must be the `revision` a write resolved with')
  }
}

/** Whether a query accepts any last good value: it asks for no version, revision or age. */
export function isAnyVersion(query: Pick<ConfigQuery, 'version' | 'minRevision' | 'maxStalenessMs'>): boolean {
  return query.version === undefined && query.minRevision === undefined && query.maxStalenessMs === undefined
}

/** Whether a subject is absent, or can be stored as exposures and arms of sticky rollouts are. */
export function isSubject(subject: unknown): boolean {
  if (subject === undefined) return true
  return typeof subject === 'string' && subject.length <= MAX_SUBJECT && subject.isWellFormed() && !subject.includes('\0')
}

export function isAttributes(attributes: unknown): boolean {
  return attributes === undefined || (typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes))
}

/** Whether a label can be asked for at all. */
export function isLabelQuery(label: unknown): boolean {
  try {
    checkLabelQuery(label)
    return true
  } catch {
    return false
  }
}
