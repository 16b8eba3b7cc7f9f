import { display, isSecretByItself } from '../secrets/redact.js'
import { displayText, redactedCopy } from '../secrets/redacted-copy.js'
import type { SecretPaths } from '../secrets/secret-paths.js'
import type { Snapshot } from '../snapshot.js'
import type { Assignment, Layer } from '../sources/origin.js'
import { saidAt } from '../sources/said-at.js'
import { isPlainTable, ownKey, pathKey, valueAt } from '../tree/path.js'

/** The value that one source has for a setting. */
export interface Candidate {
  readonly layer: Layer
  /** The file, the variable, `schema` or `overrides`. */
  readonly name: string
  readonly section?: string
  /** The line in the file, counted from 1. */
  readonly line?: number
  /** The path of the value, when the source has only a part of what was asked for. */
  readonly path: string
  /** The value as it is printed: strings in quotes, `***` for secrets. */
  readonly shown: string
  /** Whether it is a variable's text, which the schema may read in another way. */
  readonly isText: boolean
  /** Whether the setting has its value from here. */
  readonly isUsed: boolean
}

/** Where a setting comes from. */
export interface Inspection {
  readonly path: string
  readonly environment: string
  /** The value, redacted; `undefined` when there is none. */
  readonly value: unknown
  readonly type: string
  readonly isSecret: boolean
  /** From low to high. */
  readonly candidates: readonly Candidate[]
}

export function inspect(question: {
  readonly path: readonly string[]
  readonly snapshot: Snapshot
  readonly environment: string
}): Inspection {
  const { snapshot, environment } = question
  const { values, secrets, assignments } = snapshot
  const path = spelled(values, question.path)
  const value = valueAt(values, path)
  const isTable = isPlainTable(value)
  const exact = exactLevels(values, path)
  const found = assignments.flatMap((assignment) => candidate({ assignment, path, exact, secrets }))
  const last = found.findLastIndex((one) => one.path.toLowerCase() === pathKey(path))
  return {
    path: path.join('.'),
    environment,
    value: value === undefined ? undefined : redactedCopy(value, path, secrets),
    type: typeName(value),
    isSecret: secrets.has(path) || isSecretByItself(value),
    candidates: found.map((one, index) => ({ ...one, isUsed: value !== undefined && (isTable || index === last || index > last) })),
  }
}

interface Asked {
  readonly assignment: Assignment
  readonly path: readonly string[]
  readonly exact: ReadonlySet<number>
  readonly secrets: SecretPaths
}

function candidate({ assignment, path, exact, secrets }: Asked): Candidate[] {
  const said = saidAt(assignment, path, exact)
  if (!said) return []
  const { layer, name, section, line } = assignment.origin
  const at = [...path, ...said.below]
  const isWhole = assignment.path.length >= path.length
  const text = isWhole && !isPlainTable(said.value) ? assignment.raw : undefined
  const lineNumber = line?.(at)
  return [
    {
      layer,
      name,
      ...(section === undefined ? {} : { section }),
      ...(lineNumber === undefined ? {} : { line: lineNumber }),
      path: at.join('.'),
      shown: text === undefined ? shownValue(said.value, at, secrets) : displayText(text, at, secrets),
      isText: text !== undefined,
      isUsed: false,
    },
  ]
}

function shownValue(value: unknown, path: readonly string[], secrets: SecretPaths): string {
  return typeof value === 'string' ? displayText(value, path, secrets) : display(value, secrets.has(path))
}

/** The path as the settings spell it, as far as it leads somewhere. */
function spelled(values: unknown, path: readonly string[]): string[] {
  let here = values
  return path.map((part) => {
    const table = typeof here === 'object' && here !== null ? here : {}
    const key = ownKey(table, part) ?? part
    here = valueAt(table, [key])
    return key
  })
}

/** The levels of a path at which the values have a second key that differs in case only, as a record may. */
function exactLevels(values: unknown, path: readonly string[]): ReadonlySet<number> {
  const isTwin = (part: string, index: number): boolean => {
    const table = valueAt(values, path.slice(0, index))
    return isPlainTable(table) && Object.keys(table).some((key) => key !== part && key.toLowerCase() === part.toLowerCase())
  }
  return new Set(path.flatMap((part, index) => (isTwin(part, index) ? [index] : [])))
}

/** A word for the type of a value: `string`, `number`, `list`, `table`. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (value instanceof Date) return 'date'
  if (Array.isArray(value)) return 'list'
  return isPlainTable(value) ? 'table' : value === undefined ? 'not set' : typeof value
}
