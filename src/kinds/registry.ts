import { InvalidArgumentError } from '../shared/errors.js'
import { CONTEXT_RULES } from './context-rules.js'
import { EMBEDDING_KIND } from './embedding.js'
import type { AnyKind } from './kind.js'
import { MODEL_KIND } from './model.js'
import { PROMPT_KIND } from './prompt.js'

/** The kinds that come with the package and whose versions carry labels. */
const BUILT_IN: readonly AnyKind[] = [PROMPT_KIND, MODEL_KIND, EMBEDDING_KIND]

/** The kinds that one store, and whoever reads from it, knows. */
export class KindRegistry {
  readonly #labelled = new Map<string, AnyKind>(BUILT_IN.map((kind) => [kind.kind, kind]))

  /** A kind whose versions carry labels; `undefined` when nobody declared it here. */
  find(kind: string): AnyKind | undefined {
    return this.#labelled.get(kind)
  }

  /** Every kind whose versions carry labels, in the order of their declaration. */
  get labelled(): readonly AnyKind[] {
    return [...this.#labelled.values()]
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
