/** A block between two rows of backticks. */
export interface Fence {
  readonly language: string
  /** Where its content begins and ends. */
  readonly from: number
  readonly contentEnd: number
  /** Where the text goes on after it. */
  readonly end: number
}

const BACKTICK = 0x60
const LINE_FEED = 0x0a
/** The first line of a fence is short; a longer one is text. */
const LONGEST_OPENING = 200
const LANGUAGE = /^[ \t]*([\w+-]*)/

/** How many backticks stand at `at`. */
export function backticksAt(text: string, at: number): number {
  let end = at
  while (text.charCodeAt(end) === BACKTICK) end += 1
  return end - at
}

/** The fence whose three backticks end at `at`; one that is not closed reaches to `to`. */
export function fenceBehind(text: string, at: number, to: number): Fence | undefined {
  const lineEnd = endOfOpening(text, at)
  if (lineEnd === undefined) return undefined
  const [, language = ''] = LANGUAGE.exec(text.slice(at, lineEnd)) ?? []
  const from = lineEnd + 1
  // A fence ends at a line of its own: JSON text holds no line feed inside a string, so no value is cut.
  for (let line = from; line < to; ) {
    const marks = afterSpaces(text, line)
    if (text.startsWith('```', marks)) return { language, from, contentEnd: line, end: Math.min(marks + 3, to) }
    const feed = text.indexOf('\n', marks)
    if (feed < 0) break
    line = feed + 1
  }
  return { language, from, contentEnd: to, end: to }
}

function afterSpaces(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at += 1
  return at
}

/** The line feed after an opening. With a value on the same line it opens no fence. */
function endOfOpening(text: string, from: number): number | undefined {
  for (let at = from; at < from + LONGEST_OPENING; at += 1) {
    const character = text.charCodeAt(at)
    if (character === LINE_FEED) return at
    if (character === BACKTICK || character === 0x7b || character === 0x5b) return undefined
  }
  return undefined
}
