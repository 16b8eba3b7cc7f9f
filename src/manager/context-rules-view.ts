import type { ContextRule } from '../entities/context-rule.js'
import { decodeContextRule } from '../kinds/context-rules.js'
import type { Row } from '../kinds/row.js'

const NONE: readonly ContextRule[] = Object.freeze([])

/** All context rules of one project, and the frozen lists made from them. */
export class ContextRulesView {
  readonly all: readonly ContextRule[]
  readonly #byContext: ReadonlyMap<string, readonly ContextRule[]>

  constructor(text: string) {
    const { rules } = JSON.parse(text) as { rules: Row[] }
    this.all = Object.freeze(rules.map(decodeContextRule))
    this.#byContext = new Map(this.all.map((rule) => [rule.context, Object.freeze([rule])]))
  }

  of(context: string | undefined): readonly ContextRule[] {
    return context === undefined ? this.all : (this.#byContext.get(context) ?? NONE)
  }
}
