import { SettingsError } from '../../shared/errors.js'
import type { SchemaIssue, StandardSchema } from '../../shared/standard-schema.js'
import { readings } from '../language/read-text.js'
import { ownKey, pathKey, valueAt } from '../tree/path.js'
import type { Resolver } from '../tree/resolve.js'
import type { Node, Table } from '../tree/tree.js'
import { pathOfIssue } from './schema-types.js'
import type { Shape } from './shape.js'

/** What the schema made of the merged settings. */
export interface Validated {
  /** The schema's output, or the plain values when there is no schema or it refused. */
  readonly values: unknown
  /** The values that were handed to the schema. */
  readonly plain: Record<string, unknown>
  readonly issues: readonly SchemaIssue[]
  readonly resolver: Resolver
}

/**
 * Validates, and lets the schema choose how the text of a variable is read: where it refuses the guess, the raw text,
 * yes and no, a number, JSON and a comma list are tried in turn. Typed values of files are never read differently.
 *
 * @param resolve makes a resolver that uses the given readings instead of the guesses
 * @throws {SettingsError} for an asynchronous schema
 */
export function validate(parts: {
  readonly schema: StandardSchema | undefined
  readonly shape: Shape | undefined
  readonly root: Table
  readonly resolve: (readings: ReadonlyMap<string, unknown>) => Resolver
}): Validated {
  const { schema, shape, root, resolve } = parts
  const chosen = new Map<string, unknown>()
  let resolver = resolve(chosen)
  let plain = plainFor(resolver, shape)
  if (!schema) return { values: plain, plain, issues: [], resolver }
  let result = run(schema, plain)
  // A later reading can bring up issues that a failing type had hidden, so it goes round until nothing changes.
  for (let round = 0; result.issues && round < 4; round++) {
    const candidates = textsBehind(result.issues, root, resolver, chosen)
    let progress = false
    for (const { path, raw } of candidates) {
      const better = firstAccepted(schema, plain, path, raw)
      if (!better) continue
      chosen.set(pathKey(path), better.reading)
      plain = better.plain
      progress = true
    }
    if (!progress) break
    if (resolver.hasReferences) {
      resolver = resolve(chosen)
      plain = plainFor(resolver, shape)
    }
    result = run(schema, plain)
  }
  return { values: result.issues ? plain : result.value, plain, issues: result.issues ?? [], resolver }
}

function plainFor(resolver: Resolver, shape: Shape | undefined): Record<string, unknown> {
  const plain = resolver.plain(shape)
  if (shape?.unknownKeys !== 'refuse' || shape.entries?.has('fresh_vars')) return plain
  return Object.fromEntries(Object.entries(plain).filter(([key]) => key.toLowerCase() !== 'fresh_vars'))
}

type Result = { readonly value?: unknown; readonly issues?: readonly SchemaIssue[] | undefined }

function run(schema: StandardSchema, plain: unknown): Result {
  let result: ReturnType<StandardSchema['~standard']['validate']>
  try {
    result = schema['~standard'].validate(plain)
  } catch (error) {
    return { issues: [{ message: `made the schema throw: ${error instanceof Error ? error.message : 'no error object'}` }] }
  }
  if (!(result instanceof Promise)) return result
  // Nobody waits for it, so its failure must not end the process.
  result.catch(() => {})
  throw new SettingsError('The schema is asynchronous, and settings are read synchronously: use a schema without async checks.')
}

/** The variables whose text is behind the issues, each once. */
function textsBehind(
  issues: readonly SchemaIssue[],
  root: Table,
  resolver: Resolver,
  chosen: ReadonlyMap<string, unknown>,
): { path: readonly string[]; raw: string }[] {
  const found = new Map<string, { path: readonly string[]; raw: string }>()
  for (const issue of issues) {
    let node: Node | undefined = root
    for (const part of pathOfIssue(issue)) {
      if (node?.kind !== 'table') break
      node = node.entries.get(part.toLowerCase())
      const raw: string | undefined = node?.kind === 'leaf' ? resolver.evaluated(node).raw : node?.raw
      if (node && raw !== undefined && !chosen.has(pathKey(node.path))) found.set(pathKey(node.path), { path: node.path, raw })
    }
  }
  return [...found.values()]
}

function firstAccepted(schema: StandardSchema, plain: Record<string, unknown>, path: readonly string[], raw: string) {
  const key = pathKey(path)
  for (const reading of readings(raw)) {
    const trial = withValue(plain, path, reading) as Record<string, unknown>
    const { issues = [] } = run(schema, trial)
    const isRefused = issues.some((issue) => {
      const at = pathKey(pathOfIssue(issue))
      return at === key || at.startsWith(`${key}.`)
    })
    if (!isRefused) return { reading, plain: trial }
  }
  return undefined
}

/** A copy in which one value is another; the rest is shared. */
function withValue(container: unknown, path: readonly string[], value: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return value
  const table = typeof container === 'object' && container !== null ? (container as Record<string, unknown>) : {}
  const key = ownKey(table, head) ?? head
  return { ...table, [key]: withValue(valueAt(table, [key]), rest, value) }
}
