import * as v from 'valibot'
import { nearest } from '../shared/nearest.js'
import { type Complaint, Problem } from './problem.js'
import { isObject } from './schemas.js'

type Path = readonly (string | number)[]
type Schema = v.GenericSchema<unknown, unknown>

/** Something wrong, and where. */
interface Finding {
  readonly path: Path
  readonly detail: string
}

const MOST_COMPLAINTS = 50
const LONGEST_KEY = 60

/** The parts of a request, checked. */
export class RequestChecks {
  readonly #complaints: Complaint[] = []
  #field: string | undefined

  /** The value as its schema gives it, or what is wrong with it is kept for `refuse`. */
  check<Value>(schema: v.GenericSchema<unknown, Value>, value: unknown, place: 'body' | 'query'): Value {
    const result = v.safeParse(schema, value)
    const unknown = unknownKeys(schema, value, [])
    for (const { path, detail } of [...(result.issues ?? []).flatMap(findingOf), ...unknown]) {
      this.#field ??= fieldOf(path)
      const where = place === 'body' ? { pointer: pointerOf(path) } : { parameter: String(path[0] ?? '') }
      this.#complaints.push({ ...where, detail })
    }
    return result.output as Value
  }

  get isClean(): boolean {
    return this.#complaints.length === 0
  }

  /** @throws {Problem} that names everything that was wrong */
  refuse(): void {
    const [first, ...others] = this.#complaints
    if (first === undefined) return
    const field = this.#field === '' ? undefined : this.#field
    const more = others.length === 0 ? '' : `, and ${others.length} more`
    const detail = `${field === undefined ? 'The body' : field} ${first.detail}${more}`
    throw new Problem(400, 'E_INVALID_ARGUMENT', detail, { field, errors: this.#complaints.slice(0, MOST_COMPLAINTS) })
  }
}

/** Valibot's issues as sentences. Unknown keys are found below, because valibot names only one of them, and takes `constructor` for known. */
function findingOf(issue: v.BaseIssue<unknown>): readonly Finding[] {
  const path = (issue.path ?? []).map((item) => item.key as string | number)
  if (issue.type === 'strict_object' || issue.type === 'object') {
    if (issue.expected === 'never') return []
    return [{ path, detail: issue.path && issue.input === undefined ? 'is required' : 'must be an object' }]
  }
  return [{ path, detail: issue.input === undefined ? 'is required' : issue.message }]
}

/** Keys of closed objects, at any depth, that their schema does not have. */
function unknownKeys(schema: Schema, value: unknown, path: Path): readonly Finding[] {
  const { type, entries, wrapped, item, pipe } = schema as Partial<{
    type: string
    entries: Record<string, Schema>
    wrapped: Schema
    item: Schema
    pipe: readonly Schema[]
  }>
  if (pipe?.[0] && pipe[0] !== schema) return unknownKeys(pipe[0], value, path)
  if (wrapped) return unknownKeys(wrapped, value, path)
  if (item && Array.isArray(value)) return value.flatMap((part, place) => unknownKeys(item, part, [...path, place]))
  if (type !== 'strict_object' || !entries || !isObject(value)) return []
  const known = Object.keys(entries)
  return Object.entries(value).flatMap(([key, part]) => {
    const inner = Object.hasOwn(entries, key) ? entries[key] : undefined
    return inner ? unknownKeys(inner, part, [...path, key]) : [{ path: [...path, shorten(key)], detail: notKnown(key, known) }]
  })
}

function notKnown(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  if (meant !== undefined) return `is not known here: did you mean ${meant}?`
  return known.length === 0 ? 'is not known here' : `is not known here. Known are ${known.join(', ')}`
}

function shorten(key: string): string {
  return key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key
}

/** `labels[0]`, `arms[1].weight`. */
function fieldOf(path: Path): string {
  return path.map((key, place) => (typeof key === 'number' ? `[${key}]` : place === 0 ? key : `.${key}`)).join('')
}

/** RFC 6901. */
function pointerOf(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
