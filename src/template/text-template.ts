import type { CompileOptions } from '../entities/prompt.js'
import { textOf, unreadable } from './value-text.js'

/** Values by variable name. Only own properties count. */
export type TemplateValues = Readonly<Record<string, unknown>>

/** What to do about a variable without a value. */
export type OnMissing = NonNullable<CompileOptions['onMissing']>

/** The parsed form of one text. */
export interface TextTemplate {
  /** What the text needs, in order of first use. */
  readonly variables: readonly string[]
  /** What the text can do without, in order of first use. */
  readonly optionalVariables: readonly string[]
  /**
   * Puts the values in. Names without a value are added to `missing`; what stands in their place follows `onMissing`.
   *
   * @throws {TemplateVariableError} for a value that cannot be written as text
   */
  fill(values: TemplateValues, onMissing: OnMissing, missing: Set<string>): string
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

  fill(values: TemplateValues, onMissing: OnMissing, missing: Set<string>): string {
    const names = this.#names
    const literals = this.#literals
    // join() gives one flat string; `+=` would give a rope that every reader has to flatten.
    const parts = new Array<string>(2 * names.length + 1)
    parts[0] = literals[0]!
    let index = 0
    try {
      for (; index < names.length; index++) {
        const name = names[index]!
        const value = Object.hasOwn(values, name) ? values[name] : undefined
        if (typeof value === 'string') parts[2 * index + 1] = value
        else if (value !== undefined) parts[2 * index + 1] = textOf(value, name)
        else {
          missing.add(name)
          parts[2 * index + 1] = onMissing === 'keep' ? this.#placeholder(name) : ''
        }
        parts[2 * index + 2] = literals[index + 1]!
      }
      return parts.join('')
    } catch (error) {
      throw unreadable(error, names[Math.min(index, names.length - 1)]!)
    }
  }
}
