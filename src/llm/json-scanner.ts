/** Deepest nesting that is read. Deeper text is a repeated bracket, and `JSON.parse` takes memory for each level. */
const DEEPEST = 1_000
/** Steps that a search may take for each character of the text, and some more for short texts. */
const STEPS_PER_CHARACTER = 2
const FREE_STEPS = 3_000_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const BLANK = 0x20
const MINUS = 0x2d
const SINGLE_QUOTE = 0x27
const UNDERSCORE = 0x5f
const WORDS = ['true', 'false', 'null']

/** What closes a bracket: the place just after it, or why there is none. */
export type ValueEnd = number | 'open' | 'too deep' | 'unknown'

/** Finds the ends of values, in time that grows with the text alone: the search has a number of steps for all of it. */
export class JsonScanner {
  /** How far the last search got. */
  reached = 0
  readonly #text: string
  #stepsLeft: number
  /** Brackets that a search to the end of the text has found to be open. */
  readonly #open = new Set<number>()
  readonly #stack = new Int32Array(DEEPEST)

  constructor(text: string) {
    this.#text = text
    this.#stepsLeft = STEPS_PER_CHARACTER * text.length + FREE_STEPS
  }

  /**
   * Just after the bracket that closes the one at `at`, brackets in strings not counted; `open` when nothing closes it
   * before `to`; `unknown` when the steps for this text are used up.
   */
  endOfValue(at: number, to: number): ValueEnd {
    if (this.#open.size > 0 && this.#open.has(at)) return 'open'
    const text = this.#text
    const stack = this.#stack
    const most = Math.min(to, at + this.#stepsLeft)
    let depth = 0
    let deepest = 0
    let isString = false
    let index = at
    for (; index < most; index += 1) {
      const character = text.charCodeAt(index)
      if (isString) {
        if (character === BACKSLASH) index += 1
        else if (character === QUOTE) isString = false
      } else if (character === QUOTE) isString = true
      else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
        if (depth < DEEPEST) stack[depth] = index
        depth += 1
        if (depth > deepest) deepest = depth
      } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) {
        depth -= 1
        if (depth === 0) break
      }
    }
    this.#stepsLeft -= index - at
    this.reached = Math.min(index + 1, to)
    if (deepest > DEEPEST) return 'too deep'
    if (depth === 0) return index + 1
    if (index < to) return 'unknown'
    for (let level = 0; level < depth; level += 1) this.#open.add(stack[level] as number)
    return 'open'
  }
}

/** Whether the bracket at `at` begins JSON, and not a remark in braces. Every valid value does. */
export function looksStrict(text: string, at: number): boolean {
  const next = afterBlanks(text, at + 1)
  const character = text.charCodeAt(next)
  if (text.charCodeAt(at) === OPEN_BRACE) return character === QUOTE || character === CLOSE_BRACE
  if (character === QUOTE || character === OPEN_BRACE || character === OPEN_BRACKET || character === CLOSE_BRACKET) return true
  if (isDigit(character) || character === MINUS) return true
  return WORDS.some((word) => text.startsWith(word, next))
}

/** The same for what a repairer can make JSON of. Only the beginning is looked at. */
export function looksRepairable(text: string, at: number): boolean {
  const next = afterBlanks(text, at + 1)
  const character = text.charCodeAt(next)
  if (text.charCodeAt(at) === OPEN_BRACKET) return beginsKey(character) || character === MINUS
  return beginsKey(character) && /^[^{}[\]:]*:/.test(text.slice(next, next + 200))
}

/** A quote of any kind, or a letter, digit or underscore of ASCII. */
function beginsKey(character: number): boolean {
  if (character === QUOTE || character === SINGLE_QUOTE || character === UNDERSCORE || isDigit(character)) return true
  const lower = character | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || (character >= 0x2018 && character <= 0x201d)
}

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39
}

function afterBlanks(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= BLANK) at += 1
  return at
}
