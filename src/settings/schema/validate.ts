import { SettingsError } from '../../shared/errors.js'
import type { SchemaIssue, StandardSchema } from '../../shared/standard-schema.js'
import { OTHER_READINGS } from '../language/read-text.js'
import { pathKey } from '../tree/path.js'
import { leavesBehind, Resolver, type ResolverParts } from '../tree/resolve.js'
import type { Node } from '../tree/tree.js'
import { ANY } from './build-shape.js'
import { misreadTexts } from './misread-texts.js'
import { pathOfIssue } from './schema-types.js'
import { shapeAt } from './shape.js'

/** The schema's result for the merged settings. */
export interface Validated {
  /** The schema's output, or the plain values when there is no schema or it refused. */
  readonly values: unknown
  /** The values that were handed to the schema. */
  readonly plain: Record<string, unknown>
  readonly issues: readonly SchemaIssue[]
  readonly resolver: Resolver
}

/**
 * Validates; a text that a converting schema took for something else is refused too.
 *
 * @throws {SettingsError} for an asynchronous schema
 */
export function validate(schema: StandardSchema | undefined, parts: Omit<ResolverParts, 'readings'>): Validated {
  const validated = ask(schema, parts)
  const { plain, issues } = validated
  const refused = new Set(issues.map((issue) => pathKey(pathOfIssue(issue))))
  const misread = misreadTexts(plain, parts.shape).filter((issue) => !refused.has(pathKey(pathOfIssue(issue))))
  return misread.length === 0 ? validated : { ...validated, values: plain, issues: [...issues, ...misread] }
}

/**
 * Where the schema does not say how a text is read and refuses the guess, it is asked again with the text itself, with yes
 * and no, a number, a structure and a comma list: every text that is left at once, so that the number of validations does not
 * grow with the number of variables. Typed values of files are never read differently.
 */
function ask(schema: StandardSchema | undefined, parts: Omit<ResolverParts, 'readings'>): Validated {
  const readings = new Map<Node, unknown>()
  const attempt = (): Validated => {
    const resolver = new Resolver({ ...parts, readings })
    const plain = plainFor(resolver, parts)
    const result = schema ? run(schema, plain) : { value: plain }
    return { values: result.issues ? plain : result.value, plain, issues: result.issues ?? [], resolver }
  }
  let validated = attempt()
  if (validated.issues.length === 0) return validated
  const tried = new Map<Node, number>()
  for (let round = 0; round <= OTHER_READINGS.length && validated.issues.length > 0; round++) {
    const suspects = textsBehind(validated, parts).filter(({ node, raw }) => takeNextReading({ node, raw, tried, readings }))
    if (suspects.length === 0) break
    validated = attempt()
  }
  if (validated.issues.length === 0) return validated
  // A text that the schema refuses in every reading keeps the guessed value, which the error then shows.
  const hopeless = textsBehind(validated, parts).filter(({ node }) => readings.delete(node))
  return hopeless.length > 0 ? attempt() : validated
}

function takeNextReading(text: {
  readonly node: Node
  readonly raw: string
  readonly tried: Map<Node, number>
  readonly readings: Map<Node, unknown>
}): boolean {
  const { node, raw, tried, readings } = text
  for (let next = tried.get(node) ?? 0; next < OTHER_READINGS.length; next++) {
    const reading = OTHER_READINGS[next]?.(raw)
    tried.set(node, next + 1)
    if (reading === undefined) continue
    readings.set(node, reading)
    return true
  }
  return false
}

/**
 * The texts behind the issues whose reading the schema does not decide by itself. JSON Schema has a string for what it cannot say, such
 * as effect's dates; valibot names them.
 */
function textsBehind({ issues, resolver }: Validated, { root, shape, areDefaultsInputs }: Omit<ResolverParts, 'readings'>) {
  const found = new Map<Node, { readonly node: Node; readonly raw: string }>()
  for (const path of distinctPaths(issues)) {
    for (const node of leavesBehind(root, path)) {
      const { kind, takesText } = shapeAt(shape, node.path) ?? ANY
      const isOpen = takesText || kind === 'any' || kind === 'union' || (kind === 'string' && !areDefaultsInputs)
      const raw = node.kind === 'leaf' ? resolver.evaluated(node).raw : node.raw
      if (raw !== undefined && isOpen) found.set(node, { node, raw })
    }
  }
  return [...found.values()]
}

function distinctPaths(issues: readonly SchemaIssue[]): Iterable<readonly string[]> {
  return new Map(issues.map((issue) => [pathKey(pathOfIssue(issue)), pathOfIssue(issue)])).values()
}

function plainFor(resolver: Resolver, { shape }: Pick<ResolverParts, 'shape'>): Record<string, unknown> {
  const plain = resolver.plain()
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
  if (!(result instanceof Promise)) return result.issues ? { issues: result.issues.flatMap(unknownKeyIssues) } : result
  // The promise is not awaited, so its rejection must not end the process.
  result.catch(() => {})
  throw new SettingsError('The schema is asynchronous, and settings are read synchronously: use a schema without async checks.')
}

/** zod reports all unknown keys of a table in one issue at the table. */
function unknownKeyIssues(issue: SchemaIssue): SchemaIssue[] {
  const { code, keys } = issue as { readonly code?: unknown; readonly keys?: unknown }
  if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return [issue]
  return keys.map((key) => ({ ...issue, path: [...(issue.path ?? []), String(key)] }))
}
