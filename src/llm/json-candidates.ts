/** Steps the search for a closing bracket may take in all. Without a bound, 100,000 opening braces take minutes. */
const MOST_STEPS = 20_000_000

const OPENING_TAG = /<(think|thinking|reasoning)>/y
const CLOSING_TAG = /<\/(?:think|thinking|reasoning)>/y
const NEXT_CLOSING_TAG = /<\/(?:think|thinking|reasoning)>/g
const FENCE = /```[ \t]*([\w+-]*)[^\n`{[]*\n/y
/** A fence ends at a line of its own: JSON text holds no line feed inside a string, so no value is cut. */
const FENCE_END = /^[ \t]*```/gm
/** An opening bracket that begins JSON, and not a remark in braces. */
const LOOKS_STRICT = /^(?:\{\s*["}]|\[\s*(?:["{[\]\d-]|true|false|null))/
/** The same for what a repairer can make JSON of. */
const LOOKS_REPAIRABLE = /^(?:\{\s*["'“”‘’\w]+[^{}[\]]*?:|\{\s*"|\[\s*["'“”‘’{[\w-])/

/** Something in an answer that is meant as JSON. */
interface Candidate {
  readonly text: string
  /** The value, when the text is JSON. */
  readonly parsed: { readonly value: unknown } | undefined
}

/** The last object or array that stands in a text, past its thoughts; `undefined` when the last one cannot be read. */
export function lastJsonIn(text: string, repair: ((text: string) => string) | undefined): { value: unknown } | undefined {
  const candidates = new Candidates(text).list()
  const strict = candidates.filter((candidate) => candidate.parsed !== undefined || LOOKS_STRICT.test(candidate.text))
  const last = strict.findLast((candidate) => !isCitation(candidate)) ?? strict.at(-1)
  if (last?.parsed !== undefined) return last.parsed
  const broken = last ?? candidates.findLast((candidate) => LOOKS_REPAIRABLE.test(candidate.text))
  if (broken === undefined || repair === undefined) return undefined
  try {
    return objectIn(repair(broken.text))
  } catch {
    return undefined
  }
}

/** `[1]` and `[2, 3]` in prose point at a source; they count only when there is nothing else. */
function isCitation(candidate: Candidate): boolean {
  return /^\[[\d,\s-]*\]$/.test(candidate.text)
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
  readonly #lastClosingTag: number
  #found: Candidate[] = []
  #steps = 0

  constructor(text: string) {
    this.#text = text
    this.#lastClosingTag = Math.max(...['think', 'thinking', 'reasoning'].map((tag) => text.lastIndexOf(`</${tag}>`)))
  }

  list(): readonly Candidate[] {
    this.#walk(0, this.#text.length, false)
    return this.#found
  }

  #walk(from: number, to: number, isFenced: boolean): void {
    let at = from
    while (at < to) {
      const character = this.#text[at]
      if (character === '<') at = this.#tag(at, to)
      else if (character === '`' && !isFenced) at = this.#fence(at, to)
      else if (character === '{' || character === '[') at = this.#value(at, to)
      else at += 1
    }
  }

  /** Thoughts are stepped over, to the end if they are not closed; a lone closing tag makes thoughts of all before it. */
  #tag(at: number, to: number): number {
    const opening = matchAt(OPENING_TAG, this.#text, at)
    if (opening !== undefined) {
      const end = this.#text.indexOf(`</${opening[1]}>`, at)
      return end === -1 ? to : end + `</${opening[1]}>`.length
    }
    const closing = matchAt(CLOSING_TAG, this.#text, at)
    if (closing === undefined) return at + 1
    this.#found = []
    return at + closing[0].length
  }

  /** A fence in JSON is looked into; one in another language counts only if all of it is JSON. */
  #fence(at: number, to: number): number {
    const opening = matchAt(FENCE, this.#text, at)
    if (opening === undefined) return at + 1
    const begin = at + opening[0].length
    FENCE_END.lastIndex = begin
    const end = FENCE_END.exec(this.#text)
    const contentEnd = Math.min(end?.index ?? to, to)
    const content = this.#text.slice(begin, contentEnd).trim()
    const parsed = objectIn(content)
    if (parsed !== undefined) this.#found.push({ text: content, parsed })
    else if (/^(?:json.*)?$/i.test(opening[1] ?? '')) this.#walk(begin, contentEnd, true)
    return end === null ? to : Math.min(end.index + end[0].length, to)
  }

  #value(at: number, to: number): number {
    const end = this.#endOfValue(at, to)
    if (end === undefined) return this.#cutOff(at, to)
    const text = this.#text.slice(at, end)
    const parsed = objectIn(text)
    const isMeant = parsed !== undefined || LOOKS_STRICT.test(text) || LOOKS_REPAIRABLE.test(text)
    if (isMeant) this.#found.push({ text, parsed })
    // Inside of something that is broken JSON stand parts of an answer, not answers.
    return isMeant && (parsed !== undefined || LOOKS_STRICT.test(text)) ? end : at + 1
  }

  /** A bracket that is never closed: thoughts if a closing tag follows, a value that was cut off, or prose. */
  #cutOff(at: number, to: number): number {
    const closing = at < this.#lastClosingTag ? matchAt(NEXT_CLOSING_TAG, this.#text, at) : undefined
    if (closing !== undefined && closing.index < to) return closing.index
    const text = this.#text.slice(at, to)
    if (LOOKS_STRICT.test(text) || LOOKS_REPAIRABLE.test(text)) {
      this.#found.push({ text, parsed: undefined })
      if (LOOKS_STRICT.test(text)) return to
    }
    return at + 1
  }

  /** Just after the bracket that closes the one here, brackets in strings not counted. */
  #endOfValue(at: number, to: number): number | undefined {
    let depth = 0
    let isString = false
    for (let index = at; index < to; index += 1) {
      this.#steps += 1
      if (this.#steps > MOST_STEPS) return undefined
      const character = this.#text[index]
      if (isString) {
        if (character === '\\') index += 1
        else if (character === '"') isString = false
      } else if (character === '"') isString = true
      else if (character === '{' || character === '[') depth += 1
      else if (character === '}' || character === ']') {
        depth -= 1
        if (depth === 0) return index + 1
      }
    }
    return undefined
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}
