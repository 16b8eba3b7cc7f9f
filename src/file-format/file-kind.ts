import type { Json } from '../entities/json.js'
import { type Field, optionalText } from '../kinds/columns.js'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import type { VersionDraft } from '../kinds/kind.js'
import { KindRegistry } from '../kinds/registry.js'
import { LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import type { SchemaResult } from '../shared/standard-schema.js'

/** The parts of a kind that files need. A `KindDefinition` and a `ManagedKind` fit. */
export interface KindOfFiles {
  readonly kind: string
  /** The folder. */
  readonly plural: string
  readonly noun: string
  readonly maxNameLength: number
  readonly fields: Readonly<Record<string, Field>>
  /** The host's own declaration; absent for the kinds of the package. */
  readonly declared?: AnyHostKind
}

/** The fields of one version, each of them: what a file leaves out has its default here. */
export type EntityContent = Readonly<Record<string, Json>>

const BUILT_IN = new KindRegistry()

/** Context rules, which have no labels and stand in no registry. */
const RULES: KindOfFiles = {
  kind: CONTEXT_RULES.kind,
  plural: CONTEXT_RULES.plural,
  noun: CONTEXT_RULES.noun,
  maxNameLength: LIMITS.shortName,
  fields: Object.fromEntries(CONTEXT_RULES.fields.map((field) => [field, optionalText()])),
}

/** The kinds that files can hold: those of the package, and a host's. */
export function kindsOfFiles(declared: readonly AnyHostKind[] = []): readonly KindOfFiles[] {
  const registry = new KindRegistry(declared)
  const labelled = registry.labelled.map((kind): KindOfFiles => {
    const declaration = registry.declarationOf(kind)
    return declaration ? { ...kind, declared: declaration } : kind
  })
  return [...labelled, RULES]
}

export function extensionOf({ kind }: Pick<KindOfFiles, 'kind'>): string {
  return kind === 'prompt' ? '.prompt' : '.yaml'
}

/** A content with the defaults of what it leaves out. */
export function completed(kind: KindOfFiles, values: Readonly<Record<string, unknown>>): EntityContent {
  const said = Object.entries(values).filter(([, value]) => value !== undefined) as [string, Json][]
  const initial = Object.entries(kind.fields).map(([name, field]) => [name, field.initial ?? null] as const)
  return { ...Object.fromEntries(initial), ...Object.fromEntries(said) }
}

/** The content of a stored version or an answer, as files hold it. */
export function contentOf(kind: KindOfFiles, entity: Readonly<Record<string, unknown>>): EntityContent {
  return completed(kind, Object.fromEntries(Object.keys(kind.fields).map((field) => [field, entity[field]])))
}

/**
 * Checks the fields together, when all of them are known.
 *
 * @throws {InvalidArgumentError} naming the field
 * @throws {TemplateSyntaxError} when a template does not parse
 */
export function checkContent(kind: KindOfFiles, content: EntityContent): void {
  const known = BUILT_IN.find(kind.kind)
  if (known) known.columnsOf({ ...content, name: 'of a file' } as VersionDraft, undefined)
  else if (kind.declared) checkDeclared(kind.declared, content.content)
}

/** A schema that validates asynchronously is asked when the version is written. */
function checkDeclared({ schema }: AnyHostKind, content: unknown): void {
  const result = schema['~standard'].validate(content) as SchemaResult<unknown> | Promise<unknown>
  if (result instanceof Promise) {
    result.catch(() => {})
    return
  }
  const [issue] = result.issues ?? []
  if (!issue) return
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part?.key : part))
  throw new InvalidArgumentError(['content', ...path].join('.'), `does not fit: ${issue.message}`)
}
