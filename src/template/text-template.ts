import type { CompileOptions } from '../entities/prompt.js'
import type { RenderBudget } from './render-budget.js'
import { textOf, unreadable } from './value-text.js'

/** Values by variable name. Only own properties count. */
export type TemplateValues = Readonly<Record<string, unknown>>

/** What to do about a variable without a value. */
export type OnMissing = NonNullable<CompileOptions['onMissing']>

/** One rendering: what it does about missing values, which were missing, and how much it may still do. */
export interface Filling {
  readonly onMissing: OnMissing
  /** Names without a value are added here. */
  readonly missing: Set<string>
  readonly budget: RenderBudget
}

/** The parsed form of one text. */
export interface TextTemplate {
  /** The names that have to be given, in order of first use. */
  readonly variables: readonly string[]
  /** The names that may be left out, in order of first use. */
  readonly optionalVariables: readonly string[]
  /** Whether it is one variable and nothing else. */
  readonly isBare?: boolean
  /**
   * Puts the values in. `onMissing` decides what is written for a missing one.
   *
   * @throws {TemplateVariableError} for a value that cannot be written as text, and for a text that becomes too long
   */
  fill(values: TemplateValues, filling: Filling): string
}

const NO_NAMES: readonly string[] = Object.freeze([])

/** A text in which nothing is a variable. */
export class PlainText implements TextTemplate {
  readonly variables = NO_NAMES
  readonly optionalVariables = NO_NAMES
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  fill(): string {
    return this.#text
  }
}

/** A text cut at its variables: `literals` has one entry more than `names`, and they alternate. */
export class FlatText implements TextTemplate {
  readonly variables: readonly string[]
  readonly optionalVariables = NO_NAMES
  readonly #literals: readonly string[]
  readonly #names: readonly string[]
  readonly #placeholder: (name: string) => string

  constructor(parts: { literals: readonly string[]; names: readonly string[]; placeholder: (name: string) => string }) {
    const distinct = [...new Set(parts.names)]
    // A copy is as long as it has to be; an array that grew is longer.
    this.#literals = parts.literals.slice()
    // Thousands of these are kept: one array does for both when no name repeats.
    this.#names = distinct.length === parts.names.length ? distinct : parts.names.slice()
    this.#placeholder = parts.placeholder
    this.variables = Object.freeze(distinct)
  }

  get isBare(): boolean {
    return this.#names.length === 1 && this.#literals.every((literal) => literal === '')
  }

  fill(values: TemplateValues, { onMissing, missing, budget }: Filling): string {
    const names = this.#names
    const literals = this.#literals
    // join() gives one flat string; `+=` would give a rope that every reader has to flatten.
    const parts = new Array<string>(2 * names.length + 1)
    parts[0] = literals[0]!
    let length = parts[0].length
    let index = 0
    try {
      for (; index < names.length; index++) {
        const name = names[index]!
        const value = Object.hasOwn(values, name) ? values[name] : undefined
        let text: string
        if (typeof value === 'string') text = value
        else if (value !== undefined) text = textOf(value, name)
        else {
          missing.add(name)
          text = onMissing === 'keep' ? this.#placeholder(name) : ''
        }
        const literal = literals[index + 1]!
        length += text.length + literal.length
        if (length > budget.charactersLeft) throw budget.exceeded(name)
        parts[2 * index + 1] = text
        parts[2 * index + 2] = literal
      }
      budget.charactersLeft -= length
      return parts.join('')
    } catch (error) {
      throw unreadable(error, names[Math.min(index, names.length - 1)]!)
    }
  }
}
