import { InvalidArgumentError } from '../shared/errors.js'
import { CONTEXT_RULES } from './context-rules.js'
import type { AnyHostKind, Kind } from './define-kind.js'
import { EMBEDDING_KIND } from './embedding.js'
import { type EntryKind, entryKind } from './entry.js'
import { FLAG_KIND } from './flag.js'
import type { AnyKind } from './kind.js'
import { MODEL_KIND } from './model.js'
import { PROMPT_KIND } from './prompt.js'

/** The kinds that come with the package and whose versions carry labels. */
const BUILT_IN: readonly AnyKind[] = [PROMPT_KIND, MODEL_KIND, EMBEDDING_KIND, FLAG_KIND]

/** Paths of the REST API that belong to no labelled kind. */
const PATHS: readonly string[] = [
  CONTEXT_RULES.plural,
  'actor',
  'rollouts',
  'changelog',
  'cache',
  'events',
  'healthz',
  'readyz',
  'playground',
  'templates',
  'kinds',
  'outcomes',
  'export',
  'import',
]

/** The kinds that one store and its readers know. */
export class KindRegistry {
  readonly #labelled = new Map<string, AnyKind>(BUILT_IN.map((kind) => [kind.kind, kind]))
  readonly #declared = new Map<AnyHostKind, AnyKind>()

  /** @throws {InvalidArgumentError} when two of them, or one and a kind of the package, have a name or a plural in common */
  constructor(kinds: readonly AnyHostKind[] = []) {
    if (!Array.isArray(kinds)) throw new InvalidArgumentError('kinds', 'must be a list of what defineKind() gave')
    for (const kind of kinds) this.register(kind)
  }

  /**
   * Registers a host's kind.
   *
   * @throws {InvalidArgumentError} when its name or plural is taken by another declaration
   */
  register<Content, Input>(kind: Kind<Content, Input>): EntryKind<Content, Input> {
    const known = this.#declared.get(kind)
    if (known) return known
    if (typeof kind?.schema !== 'object' && typeof kind?.schema !== 'function')
      throw new InvalidArgumentError('kind', 'must be what defineKind() gave')
    if (this.has(kind.kind)) throw taken('kind', kind.kind)
    if (PATHS.includes(kind.plural) || this.labelled.some(({ plural }) => plural === kind.plural)) throw taken('plural', kind.plural)
    const definition = entryKind(kind)
    this.#labelled.set(kind.kind, definition)
    this.#declared.set(kind, definition)
    return definition
  }

  /** A kind whose versions carry labels; `undefined` when it was not declared here. */
  find(kind: string): AnyKind | undefined {
    return this.#labelled.get(kind)
  }

  /** Every kind whose versions carry labels, in the order of their declaration. */
  get labelled(): readonly AnyKind[] {
    return [...this.#labelled.values()]
  }

  /** The host's declaration of a kind; `undefined` for the kinds of the package. */
  declarationOf(kind: AnyKind): AnyHostKind | undefined {
    return [...this.#declared].find(([, definition]) => definition === kind)?.[0]
  }

  has(kind: string): boolean {
    return this.#labelled.has(kind) || kind === CONTEXT_RULES.kind
  }

  /** @throws {InvalidArgumentError} when no kind with labels has this name */
  labelledKind(field: string, kind: unknown): AnyKind {
    const found = this.#labelled.get(kind as string)
    if (!found) throw new InvalidArgumentError(field, `must be one of ${[...this.#labelled.keys()].join(', ')}`)
    return found
  }

  /** @throws {InvalidArgumentError} when the value is neither the name of a kind nor one of the `others` */
  checkKind(field: string, kind: unknown, ...others: readonly string[]): void {
    if (typeof kind === 'string' && (this.has(kind) || others.includes(kind))) return
    throw new InvalidArgumentError(field, `must be one of ${[...this.#labelled.keys(), CONTEXT_RULES.kind, ...others].join(', ')}`)
  }

  /** Longest name that an entity of a kind may have. */
  maxNameLength(kind: string): number {
    return this.#labelled.get(kind)?.maxNameLength ?? CONTEXT_RULES.maxNameLength
  }
}

function taken(field: string, name: string): InvalidArgumentError {
  return new InvalidArgumentError(field, `"${name}" is taken: declare each kind once, under a name that no other kind has`)
}
