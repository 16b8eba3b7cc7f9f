/** The names of the tags that models write their thoughts between. */
export const THINKING_TAGS = ['think', 'thinking', 'reasoning'] as const

const SLASH = 0x2f
const LETTER_R = 0x72
const LETTER_T = 0x74

/** A tag of thoughts in a text. */
export interface Tag {
  readonly name: string
  readonly isClosing: boolean
  /** Just after it. */
  readonly end: number
}

/** Finds the tags of thoughts in a text. It remembers the results of its searches, so that many tags take no more time than one. */
export class TagReader {
  readonly #text: string
  readonly #next = new Map<string, number>()

  constructor(text: string) {
    this.#text = text
  }

  /** The tag that begins at `at`. */
  at(at: number): Tag | undefined {
    const isClosing = this.#text.charCodeAt(at + 1) === SLASH
    const from = at + (isClosing ? 2 : 1)
    const first = this.#text.charCodeAt(from)
    if (first !== LETTER_T && first !== LETTER_R) return undefined
    const name = THINKING_TAGS.find((each) => this.#text.startsWith(each, from) && this.#text[from + each.length] === '>')
    return name && { name, isClosing, end: from + name.length + 1 }
  }

  /** Where the thoughts end that a tag opens: after its closing tag, or with the text. */
  endOfThoughts({ name, end }: Tag): number {
    const closing = `</${name}>`
    const found = this.#find(closing, end)
    return found === Number.POSITIVE_INFINITY ? this.#text.length : found + closing.length
  }

  /** Where the next closing tag of any name stands; `Infinity` for none. */
  nextClosing(at: number): number {
    return Math.min(...THINKING_TAGS.map((name) => this.#find(`</${name}>`, at)))
  }

  #find(text: string, from: number): number {
    const known = this.#next.get(text)
    if (known !== undefined && known >= from) return known
    const found = this.#text.indexOf(text, from)
    const at = found < 0 ? Number.POSITIVE_INFINITY : found
    this.#next.set(text, at)
    return at
  }
}
