import { InvalidArgumentError } from './errors.js'

/** The longest text of each sort, in characters. */
export const LIMITS = {
  name: 255,
  shortName: 100,
  provider: 50,
  type: 50,
  project: 100,
  label: 36,
  /** Of every text that has no limit of its own, and of JSON such as `parameters`, in bytes. */
  textBytes: 1024 * 1024,
  /** Who made a change. */
  author: 1_000,
  /** Why a change was made. */
  summary: 10_000,
  listLimit: 1_000,
  /** Longest wait for receipts, in milliseconds: Redis keeps them a minute. */
  waitMs: 60_000,
} as const

export const DEFAULT_PROJECT = 'default'

const PROJECT = /^[A-Za-z0-9_.-]+$/
const LABEL = /^[a-z0-9_.-]+$/

export function checkText(field: string, value: unknown, maxLength?: number): string {
  if (typeof value !== 'string') throw new InvalidArgumentError(field, `must be a string, got ${describe(value)}`)
  if (value.length === 0) throw new InvalidArgumentError(field, 'must not be empty')
  if (maxLength === undefined) checkBytes(field, value)
  else if (value.length > maxLength) throw new InvalidArgumentError(field, `must have at most ${maxLength} characters, got ${value.length}`)
  checkStorable(field, value)
  return value
}

export function checkOptionalText(field: string, value: unknown, maxLength?: number): string | null {
  if (value === undefined || value === null) return null
  if (value === '') return ''
  return checkText(field, value, maxLength)
}

export function checkProject(project: unknown): string {
  const text = checkText('project', project, LIMITS.project)
  if (!PROJECT.test(text)) throw new InvalidArgumentError('project', 'may hold letters, digits, "_", "." and "-" only')
  return text
}

/** A label that can be given to a version. */
export function checkLabel(field: string, label: unknown): string {
  const text = checkText(field, label, LIMITS.label)
  if (text === 'latest') throw new InvalidArgumentError(field, 'must not be "latest": that label always means the highest active version')
  if (!LABEL.test(text)) throw new InvalidArgumentError(field, 'may hold lower-case letters, digits, "_", "." and "-" only')
  return text
}

/** A label that can be asked for: `latest` too. */
export function checkLabelQuery(label: unknown, field = 'label'): string {
  return label === 'latest' ? label : checkLabel(field, label)
}

export function checkLabels(labels: unknown): readonly string[] {
  if (!Array.isArray(labels)) throw new InvalidArgumentError('labels', `must be a list of labels, got ${describe(labels)}`)
  return [...new Set(labels.map((label, place) => checkLabel(`labels[${place}]`, label)))]
}

export function checkVersion(field: string, version: unknown): number {
  if (!Number.isInteger(version) || (version as number) < 1 || (version as number) > 2_147_483_647) {
    throw new InvalidArgumentError(field, `must be a positive integer, got ${describe(version)}`)
  }
  return version as number
}

export function checkInteger(field: string, value: unknown, { min, max }: { min: number; max: number }): number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw new InvalidArgumentError(field, `must be an integer from ${min} to ${max}, got ${describe(value)}`)
  }
  return value as number
}

/** Deeper JSON would overflow PostgreSQL's stack or ours; a value that contains itself ends here too. */
const MAX_JSON_DEPTH = 200

/**
 * A copy of a JSON value, as the database will store it. Properties that are `undefined` are left out, as if they were not there; whatever
 * else `JSON.stringify` would silently drop or change is refused.
 */
export function checkJson<Value>(field: string, value: Value): Value {
  checkJsonPart(field, value, 0)
  const text = JSON.stringify(value)
  checkBytes(field, text)
  return JSON.parse(text) as Value
}

export function checkParameters(field: string, value: unknown): Readonly<Record<string, never>> {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new InvalidArgumentError(field, `must be an object, got ${describe(value)}`)
  return checkJson(field, value) as Readonly<Record<string, never>>
}

function checkJsonPart(field: string, value: unknown, depth: number): void {
  if (typeof value === 'string') checkStorable(field, value)
  else if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return
  else if (depth > MAX_JSON_DEPTH) {
    throw new InvalidArgumentError(field.slice(0, 100), `must not be nested more than ${MAX_JSON_DEPTH} levels deep, or contain itself`)
  } else if (Array.isArray(value)) {
    // By index: an empty place of a list is not among its entries, and JSON would write null there.
    for (let place = 0; place < value.length; place++) checkJsonPart(`${field}[${place}]`, value[place], depth + 1)
  } else if (isRecord(value)) {
    for (const [key, part] of Object.entries(value)) {
      checkStorable(field, key)
      if (part !== undefined) checkJsonPart(`${field}.${key}`, part, depth + 1)
    }
  } else throw new InvalidArgumentError(field, `must be JSON, got ${describe(value)}`)
}

/** By its tag and not by its prototype, so that an object of another realm counts. One with a `toJSON` of its own does not. */
function isRecord(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]' && typeof (value as { toJSON?: unknown }).toJSON !== 'function'
}

/** The author and the reason of a write. */
export function checkMeta(meta: {
  readonly changedBy?: unknown
  readonly summary?: unknown
  readonly waitForWorkers?: unknown
  readonly ifUnchangedSince?: unknown
}): void {
  checkOptionalText('changedBy', meta.changedBy, LIMITS.author)
  checkOptionalText('summary', meta.summary, LIMITS.summary)
  if (meta.waitForWorkers !== undefined) checkInteger('waitForWorkers', meta.waitForWorkers, { min: 1, max: LIMITS.waitMs })
  if (meta.ifUnchangedSince !== undefined) {
    checkInteger('ifUnchangedSince', meta.ifUnchangedSince, { min: 0, max: Number.MAX_SAFE_INTEGER })
  }
}

/** PostgreSQL can store neither NUL nor half a character. */
export function checkStorable(field: string, text: string): void {
  if (text.includes('\0')) throw new InvalidArgumentError(field, 'must not hold a NUL character: PostgreSQL cannot store it')
  if (!text.isWellFormed())
    throw new InvalidArgumentError(field, 'must not hold a lone surrogate (half of a character): PostgreSQL cannot store it')
}

function checkBytes(field: string, text: string): void {
  // No character takes more than three bytes.
  if (text.length * 3 <= LIMITS.textBytes) return
  if (new TextEncoder().encode(text).length > LIMITS.textBytes)
    throw new InvalidArgumentError(field, 'must have at most 1 MiB (1,048,576 bytes)')
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? 'a longer string' : JSON.stringify(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object') return `a ${typeof value}`
  return Array.isArray(value) ? 'a list' : `a value of type ${Object.prototype.toString.call(value).slice(8, -1)}`
}
