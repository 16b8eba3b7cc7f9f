/** One variable of a .env file. */
export interface DotenvVariable {
  readonly name: string
  readonly text: string
  readonly line: number
}

/** What a .env file says, and which lines could not be understood. */
export interface Dotenv {
  readonly variables: readonly DotenvVariable[]
  readonly badLines: readonly number[]
}

// python-dotenv's grammar: a key, then nothing, or "=" and a quoted or a plain value.
const KEY = /[^\S\r\n]*(?:export[^\S\r\n]+)?(?:'([^']+)'|([^=#\s]+))[^\S\r\n]*/y
const SINGLE = /=[^\S\r\n]*'((?:\\'|[^'])*)'/y
const DOUBLE = /=[^\S\r\n]*"((?:\\"|[^"])*)"/y
const PLAIN = /=[^\S\r\n]*([^\r\n]*)/y
const END = /[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)/y
const REST = /[^\r\n]*(?:\r\n|\n|\r|$)/y

/**
 * Reads the text of a .env file as python-dotenv does: `export`, quotes, values over several lines, and a comment only
 * after a space, so that a URL keeps its `#fragment`.
 *
 * `${NAME}` and `${NAME:-default}` look at the real environment first, then at the lines above.
 *
 * @see https://pypi.org/project/python-dotenv/
 */
export function parseDotenv(text: string, variable: (name: string) => string | undefined): Dotenv {
  const variables: DotenvVariable[] = []
  const badLines: number[] = []
  const above = new Map<string, string>()
  const lines = lineCounter(text)
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match
  }
  while (at < text.length) {
    if (take(END)) continue
    const start = at
    const key = take(KEY)
    const value = key && readValue(take, text[at])
    if (!key || value === null || !take(END)) {
      badLines.push(lines(start))
      at = start
      take(REST)
      continue
    }
    const name = key[1] ?? key[2] ?? ''
    if (value === undefined) continue
    const full = value.replaceAll(/\$\{([^}:]*)(?::-([^}]*))?\}/g, (_, wanted: string, fallback: string | undefined) => {
      return variable(wanted) ?? above.get(wanted) ?? fallback ?? ''
    })
    above.set(name, full)
    variables.push({ name, text: full, line: lines(start) })
  }
  return { variables, badLines }
}

/** @returns `undefined` for a key without a value, `null` for a quote that is not closed */
function readValue(take: (pattern: RegExp) => RegExpExecArray | null, next: string | undefined): string | undefined | null {
  if (next !== '=') return undefined
  const single = take(SINGLE)
  if (single) return (single[1] ?? '').replaceAll(/\\([\\'])/g, '$1')
  const double = take(DOUBLE)
  if (double) return (double[1] ?? '').replaceAll(/\\([\\'"abfnrtv])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
  const plain = take(PLAIN)
  if (!plain || /^['"]/.test(plain[1] ?? '')) return null
  return (plain[1] ?? '').replace(/\s+#.*/, '').trimEnd()
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** Counts lines as the reader moves on, so that a long file is counted once. */
function lineCounter(text: string): (position: number) => number {
  let line = 1
  let seen = 0
  return (position) => {
    for (; seen < position; seen++) if (text[seen] === '\n') line++
    return line
  }
}
