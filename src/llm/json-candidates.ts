import { backticksAt, fenceBehind } from './json-fence.js'
import { JsonScanner, looksRepairable, looksStrict } from './json-scanner.js'
import { TagReader } from './thinking-tags.js'

/** Only the last values are remembered, at most this many: an answer holds one, sometimes a draft and some notes. */
const MOST_CANDIDATES = 64

/** Longest text that is given to `repair`, whose time may grow faster than its text. */
const LONGEST_REPAIR = 262_144

const IS_JSON = /^(?:json.*)?$/i

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const LESS_THAN = 0x3c
const BACKTICK = 0x60

/** Something in an answer that is meant as JSON: where it stands, and whether it begins as JSON does. */
interface Span {
  readonly from: number
  readonly to: number
  readonly isStrict: boolean
  /** Whether the text ends in the middle of it. */
  readonly isCutOff: boolean
}

/** The values in an answer. */
export interface JsonInText {
  /** The most likely value first, then the others from the last to the first; footnotes such as `[1]` at the end. */
  readonly values: Iterable<unknown>
  /** Whether the answer ends in the middle of what would have been its value. */
  readonly isCutOff: boolean
}

/**
 * The objects and arrays that stand in a text, past its thoughts. None when the last one that is meant as JSON cannot
 * be read: the ones before it would be drafts.
 */
export function jsonIn(text: string, repair: ((text: string) => string) | undefined): JsonInText {
  const whole = decodedTwice(text)
  if (whole !== undefined) return { values: [whole.value], isCutOff: false }
  const { strict, loose } = new Candidates(text).find()
  const isNote = (span: Span) => isCitation(text.slice(span.from, Math.min(span.to, span.from + 200)))
  const last = strict.findLast((span) => !isNote(span)) ?? strict.at(-1) ?? loose
  if (last === undefined) return { values: [], isCutOff: false }
  const first = readSpan(text.slice(last.from, last.to), last, repair)
  if (first === undefined) return { values: [], isCutOff: last.isCutOff }
  const others = strict.filter((span) => span !== last).reverse()
  return { values: inTurn(first.value, text, [...others.filter((span) => !isNote(span)), ...others.filter(isNote)]), isCutOff: false }
}

function* inTurn(first: unknown, text: string, others: readonly Span[]): Generator<unknown> {
  yield first
  for (const { from, to } of others) {
    const found = objectIn(text.slice(from, to))
    if (found !== undefined) yield found.value
  }
}

/** The value of an answer that is one string of JSON, encoded once more. */
function decodedTwice(text: string): { value: unknown } | undefined {
  const begin = text.slice(0, 1_000).trimStart()
  if (!begin.startsWith('"')) return undefined
  try {
    const inner: unknown = JSON.parse(text)
    return typeof inner === 'string' && isWholeValue(inner) ? objectIn(inner) : undefined
  } catch {
    return undefined
  }
}

/** Whether a text is one object or array and nothing else, and no deeper than a value can be. */
function isWholeValue(text: string): boolean {
  const trimmed = text.trim()
  if (trimmed[0] !== '{' && trimmed[0] !== '[') return false
  return new JsonScanner(trimmed).endOfValue(0, trimmed.length) === trimmed.length
}

/** `[1]` and `[2, 3]` in prose point at a source; they count only when there is nothing else. */
function isCitation(text: string): boolean {
  return /^\[[\d,\s-]*\]$/.test(text)
}

function readSpan(text: string, { isStrict }: Span, repair: ((text: string) => string) | undefined): { value: unknown } | undefined {
  const found = isStrict ? objectIn(text) : undefined
  if (found !== undefined || repair === undefined || text.length > LONGEST_REPAIR) return found
  try {
    return objectIn(repair(text))
  } catch {
    return undefined
  }
}

function objectIn(text: string): { value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { value } : undefined
  } catch {
    return undefined
  }
}

/** One walk over a text: steps over thoughts, looks into fences, and takes values whole, so nothing inside one counts. */
class Candidates {
  readonly #text: string
  readonly #scanner: JsonScanner
  readonly #tags: TagReader
  #strict: Span[] = []
  #loose: Span | undefined

  constructor(text: string) {
    this.#text = text
    this.#scanner = new JsonScanner(text)
    this.#tags = new TagReader(text)
  }

  /** The last values that begin as JSON does, and the last of what a repairer could make JSON of. */
  find(): { readonly strict: readonly Span[]; readonly loose: Span | undefined } {
    this.#walk(0, this.#text.length, false)
    return { strict: this.#strict, loose: this.#loose }
  }

  #walk(from: number, to: number, isFenced: boolean): void {
    let at = from
    while (at < to) {
      const character = this.#text.charCodeAt(at)
      // A brace before a brace begins no object.
      if (character === OPEN_BRACE && this.#text.charCodeAt(at + 1) === OPEN_BRACE) at += 1
      else if (character === OPEN_BRACE || character === OPEN_BRACKET) at = this.#value(at, to)
      else if (character === LESS_THAN) at = this.#tag(at, to)
      else if (character === BACKTICK && !isFenced) at = this.#fence(at, to)
      else at += 1
    }
  }

  /** Thoughts are stepped over, to the end if they are not closed; a lone closing tag makes thoughts of all before it. */
  #tag(at: number, to: number): number {
    const tag = this.#tags.at(at)
    if (tag === undefined) return at + 1
    if (!tag.isClosing) return Math.min(this.#tags.endOfThoughts(tag), to)
    this.#strict = []
    this.#loose = undefined
    return tag.end
  }

  /** A fence in JSON is looked into; one in another language counts only if all of it is JSON. */
  #fence(at: number, to: number): number {
    const marks = backticksAt(this.#text, at)
    const fence = marks < 3 ? undefined : fenceBehind(this.#text, at + marks, to)
    if (fence === undefined) return at + marks
    const { from, contentEnd, end, language } = fence
    if (from < contentEnd && (IS_JSON.test(language) || isWholeValue(this.#text.slice(from, contentEnd))))
      this.#walk(from, contentEnd, true)
    return end
  }

  #value(at: number, to: number): number {
    const isStrict = looksStrict(this.#text, at)
    if (!isStrict && !looksRepairable(this.#text, at)) return at + 1
    const end = this.#scanner.endOfValue(at, to)
    if (end === 'too deep') return this.#scanner.reached
    if (end === 'unknown') return at + 1
    if (end !== 'open') {
      this.#keep(at, end, isStrict, false)
      // Values inside broken JSON are parts of an answer, not answers.
      return isStrict ? end : at + 1
    }
    // Never closed: thoughts if a closing tag follows, a value that was cut off, or prose.
    const closing = this.#tags.nextClosing(at)
    if (closing < to) return closing
    this.#keep(at, to, isStrict, true)
    return isStrict ? to : at + 1
  }

  #keep(from: number, to: number, isStrict: boolean, isCutOff: boolean): void {
    const span = { from, to, isStrict, isCutOff }
    if (!isStrict) this.#loose = span
    else if (this.#strict.push(span) > 2 * MOST_CANDIDATES) this.#strict.splice(0, MOST_CANDIDATES)
  }
}
