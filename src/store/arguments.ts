import { InvalidArgumentError } from '../shared/errors.js'

/** Longest of each kind of text, in characters; templates in bytes. */
export const LIMITS = {
  name: 255,
  shortName: 100,
  provider: 50,
  type: 50,
  project: 100,
  label: 36,
  templateBytes: 1024 * 1024,
  listLimit: 1_000,
} as const

export const DEFAULT_PROJECT = 'default'

const PROJECT = /^[A-Za-z0-9_.-]+$/
const LABEL = /^[a-z0-9_.-]+$/

export function checkText(field: string, value: unknown, maxLength: number = Number.MAX_SAFE_INTEGER): string {
  if (typeof value !== 'string') throw new InvalidArgumentError(field, `must be a string, got ${describe(value)}`)
  if (value.length === 0) throw new InvalidArgumentError(field, 'must not be empty')
  if (value.length > maxLength) throw new InvalidArgumentError(field, `must have at most ${maxLength} characters, got ${value.length}`)
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
export function checkLabelQuery(label: unknown): string {
  return label === 'latest' ? label : checkLabel('label', label)
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

/** JSON as the database will store it: what JSON drops or cannot hold is refused instead. */
export function checkJson<Value>(field: string, value: Value): Value {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw new InvalidArgumentError(field, `must be JSON: ${(error as Error).message}`)
  }
  if (text === undefined) throw new InvalidArgumentError(field, `must be JSON, got ${describe(value)}`)
  checkJsonText(field, value)
  return JSON.parse(text) as Value
}

export function checkParameters(field: string, value: unknown): Readonly<Record<string, never>> {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new InvalidArgumentError(field, `must be an object, got ${describe(value)}`)
  return checkJson(field, value) as Readonly<Record<string, never>>
}

function checkJsonText(field: string, value: unknown): void {
  if (typeof value === 'string') checkStorable(field, value)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      checkStorable(`${field} key`, key)
      checkJsonText(`${field}.${key}`, part)
    }
  }
}

/** PostgreSQL can store neither NUL nor half a character. */
export function checkStorable(field: string, text: string): void {
  if (text.includes('\0')) throw new InvalidArgumentError(field, 'must not hold a NUL character: PostgreSQL cannot store it')
  if (!text.isWellFormed())
    throw new InvalidArgumentError(field, 'must not hold a lone surrogate (half of a character): PostgreSQL cannot store it')
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? 'a longer string' : JSON.stringify(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value)
  return Array.isArray(value) ? 'a list' : typeof value === 'bigint' ? `${value}n` : `a value of type ${typeof value}`
}
