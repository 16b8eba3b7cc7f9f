import { closingBrace, interpolate, type Lookup } from './interpolate.js'

/** One variable of a .env file. */
export interface DotenvVariable {
  readonly name: string
  readonly text: string
  readonly line: number
  /** The variables its text was made of. */
  readonly uses: readonly string[]
}

/** A line that could not be used, or a name in it that nothing sets. */
export interface DotenvProblem {
  readonly line: number
  readonly message: string
}

/** The content of a .env file. */
export interface Dotenv {
  readonly variables: readonly DotenvVariable[]
  readonly warnings: readonly DotenvProblem[]
  /** `${X:?message}` whose variable is missing: the file demands it. */
  readonly errors: readonly DotenvProblem[]
}

// A key, then nothing, or "=" and a quoted or a plain value.
const KEY = /[^\S\n]*(?:export[^\S\n]+)?(?:'([^'\n]+)'|([^=#\s]+))[^\S\n]*/y
const SINGLE = /=[^\S\n]*'((?:\\'|[^'])*)'(?=[^\S\n]*(?:#|\n|$))/y
// A backslash before the last quote, as at the end of a Windows path.
const SINGLE_LINE = /=[^\S\n]*'([^'\n]*)'(?=[^\S\n]*(?:#|\n|$))/y
const DOUBLE = /=[^\S\n]*"((?:\\[\s\S]|[^"\\])*)"/y
const BACKTICK = /=[^\S\n]*`([^`]*)`/y
const PLAIN = /=([^\n]*)/y
const END = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y
const REST = /[^\n]*(?:\n|$)/y

/**
 * Reads the text of a .env file: `export`, three kinds of quotes, values over several lines, and a comment only after a space, so that a
 * URL keeps its `#fragment`. Nothing is expanded in single quotes; elsewhere `${X}` looks at `variable` first, then at the lines above.
 *
 * @see docs/settings.md for where dotenv, Node, python-dotenv and bash differ
 */
export function parseDotenv(source: string, variable: (name: string) => string | undefined): Dotenv {
  // As dotenv does: a carriage return never becomes a part of a value.
  const text = source.replaceAll(/\r\n?/g, '\n')
  const variables: DotenvVariable[] = []
  const warnings: DotenvProblem[] = []
  const errors: DotenvProblem[] = []
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
      warnings.push({ line: lines(start), message: 'is not a line of a .env file; it is skipped' })
      at = start
      take(REST)
      continue
    }
    if (value === undefined) continue
    const name = key[1] ?? key[2] ?? ''
    const line = lines(start)
    const lookup: Lookup = (wanted) => variable(wanted) ?? above.get(wanted)
    const {
      text: full,
      uses,
      missing,
      demanded,
    } = value.isExpanded ? interpolate(value.text, lookup, value) : { ...NOTHING, text: value.text }
    for (const wanted of missing)
      warnings.push({ line, message: `uses ${wanted}, which is not set; it is empty (\${${wanted}:-} says so on purpose)` })
    for (const message of demanded) errors.push({ line, message })
    above.set(name, full)
    variables.push({ name, text: full, line, uses })
  }
  return { variables, warnings, errors }
}

const NOTHING = { uses: [], missing: [], demanded: [] } as const

interface Value {
  readonly text: string
  readonly isExpanded: boolean
  /** The mark before a dollar that is not expanded. @default a backslash */
  readonly mark?: string
  /** Whether it stands without quotes. */
  readonly isBare?: boolean
}

/** @returns `undefined` for a key without a value, `null` for a quote that is not closed */
function readValue(take: (pattern: RegExp) => RegExpExecArray | null, next: string | undefined): Value | undefined | null {
  if (next !== '=') return undefined
  const single = take(SINGLE_LINE) ?? take(SINGLE)
  if (single) return { text: (single[1] ?? '').replaceAll("\\'", "'"), isExpanded: false }
  const double = take(DOUBLE)
  if (double) {
    const text = (double[1] ?? '').replaceAll(/\\([\\"`$abfnrtv])/g, (_, letter: string) => ESCAPES[letter] ?? letter)
    return { text, isExpanded: true, mark: ESCAPED_DOLLAR }
  }
  const backtick = take(BACKTICK)
  if (backtick) return { text: backtick[1] ?? '', isExpanded: true }
  const plain = take(PLAIN)
  if (!plain || /^\s*['"`]/.test(plain[1] ?? '')) return null
  return { text: withoutComment(plain[1] ?? '').trim(), isExpanded: true, isBare: true }
}

/** Cut at a `#` behind a space, but not inside of `${X:-a #b}`. */
function withoutComment(text: string): string {
  const mark = /\$\{|\s#/g
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    if (match[0] !== '${') return text.slice(0, match.index)
    const end = closingBrace(text, mark.lastIndex)
    if (end < 0) return text.replace(/\s#.*/, '')
    mark.lastIndex = end
  }
  return text
}

/** Stands before an escaped dollar of a text in double quotes, so that a backslash before it stays one. No variable can hold it. */
const ESCAPED_DOLLAR = '\0'

const ESCAPES: Readonly<Record<string, string>> = {
  $: `${ESCAPED_DOLLAR}$`,
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Counts lines as the reader moves on, so that a long file is counted once. */
function lineCounter(text: string): (position: number) => number {
  let line = 1
  let seen = 0
  return (position) => {
    for (; seen < position; seen++) if (text[seen] === '\n') line++
    return line
  }
}
