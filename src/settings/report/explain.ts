import { display } from '../secrets/redact.js'
import type { Snapshot } from '../snapshot.js'
import { isPlainTable } from '../tree/path.js'
import { type Candidate, type Inspection, inspect } from './inspect.js'

/** Where settings come from, as text: the value, then every source from high to low, `*` at the one that counts. */
export function explain(question: {
  readonly path: readonly string[] | undefined
  readonly snapshot: Snapshot
  readonly environment: string
}): string {
  const { path, snapshot, environment } = question
  if (path) return explainOne(inspect({ path, snapshot, environment }))
  return leafPaths(snapshot.values)
    .map((leaf) => explainOne(inspect({ path: leaf, snapshot, environment })))
    .join('\n\n')
}

function explainOne(inspection: Inspection): string {
  const { candidates, environment, isSecret, path, type, value } = inspection
  const shown = value === undefined ? 'not set' : `${valueText(value, isSecret)}  (${type})`
  const rows = candidates.toReversed().map((candidate) => row(candidate, inspection))
  const width = Math.max(0, ...rows.map(({ place }) => place.length))
  const lines = rows.map(({ mark, layer, place, text }) => `  ${mark} ${layer.padEnd(10)} ${place.padEnd(width)}   ${text}`.trimEnd())
  return [`${`${path} = ${shown}`.padEnd(55)} environment: ${environment}`, ...lines].join('\n')
}

interface Row {
  readonly mark: string
  readonly layer: string
  readonly place: string
  readonly text: string
}

function row(candidate: Candidate, inspection: Inspection): Row {
  const { isText, isUsed, layer, line, name, path, section, shown } = candidate
  const base = { mark: isUsed ? '*' : ' ', layer }
  const part = path.toLowerCase() === inspection.path.toLowerCase() ? '' : `  (${path})`
  const cast = isText && isUsed && !inspection.isSecret && inspection.type !== 'string' ? `cast string -> ${inspection.type}` : ''
  if (layer === 'env') return { ...base, place: `${name}=${shown}`, text: `${cast}${part}`.trim() }
  const place = `${name}${line === undefined ? '' : `:${line}`}${section === undefined ? '' : ` [${section}]`}`
  return { ...base, place, text: `${shown}${cast === '' ? '' : `   ${cast}`}${part}` }
}

function valueText(value: unknown, isSecret: boolean): string {
  // Already redacted: a secret is its stars, or a URL with stars in it.
  if (isSecret && typeof value === 'string') return value
  return typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : display(value, false)
}

/** Every path that has a value of its own; an empty table counts as one. */
export function leafPaths(values: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (!isPlainTable(values) || (path.length > 0 && Object.keys(values).length === 0)) return [path]
  return Object.entries(values).flatMap(([key, value]) => leafPaths(value, [...path, key]))
}
