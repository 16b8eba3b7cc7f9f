/** What opens thoughts, in upper or lower case. `[THINK]` is Mistral's. */
export const OPENING_TAGS = ['<think>', '<thinking>', '<thought>', '<reasoning>', '[think]'] as const

export type OpeningTag = (typeof OPENING_TAGS)[number]

const LETTER_R = 0x72
const LETTER_T = 0x74
const SLASH = 0x2f

/** The source of a pattern for what closes thoughts that a tag opened: the same with a slash, `</think>`, `[/think]`. */
export function closingOf(tag: OpeningTag): string {
  return escaped(`${tag[0]}/${tag.slice(1)}`)
}

/** The source of a pattern for all that closes thoughts. */
export const CLOSING_TAGS = OPENING_TAGS.map(closingOf).join('|')

function escaped(text: string): string {
  return text.replace(/[[\]]/g, '\\$&')
}

/** A tag of thoughts in a text. */
export interface Tag {
  /** Of a closing tag, the one that opens what it closes. */
  readonly opening: OpeningTag
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

  /** The tag that begins at `at`, where `<` or `[` stands. */
  at(at: number): Tag | undefined {
    const isClosing = this.#text.charCodeAt(at + 1) === SLASH
    const from = at + (isClosing ? 2 : 1)
    const letter = this.#text.charCodeAt(from) | 0x20
    if (letter !== LETTER_T && letter !== LETTER_R) return undefined
    const opening = OPENING_TAGS.find((each) => `${this.#text[at]}${this.#text.slice(from, from + each.length - 1)}`.toLowerCase() === each)
    return opening && { opening, isClosing, end: from + opening.length - 1 }
  }

  /** Where the thoughts end that a tag opens: after its closing tag, or with the text. */
  endOfThoughts({ opening, end }: Tag): number {
    const found = this.#find(closingOf(opening), end)
    return found === Number.POSITIVE_INFINITY ? this.#text.length : found + opening.length + 1
  }

  /** Where the next closing tag of any name stands; `Infinity` for none. */
  nextClosing(at: number): number {
    return this.#find(CLOSING_TAGS, at)
  }

  #find(source: string, from: number): number {
    const known = this.#next.get(source)
    if (known !== undefined && known >= from) return known
    const pattern = new RegExp(source, 'gi')
    pattern.lastIndex = from
    const at = pattern.exec(this.#text)?.index ?? Number.POSITIVE_INFINITY
    this.#next.set(source, at)
    return at
  }
}
