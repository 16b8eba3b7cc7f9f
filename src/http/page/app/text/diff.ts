import { diffLines, diffWordsWithSpace } from 'diff'

/** A piece of a line: what both texts have, or only one of them. */
export interface Piece {
  readonly type: 'same' | 'removed' | 'added'
  readonly text: string
}

/** A line of a comparison. `isSame` lines have one piece. */
export interface DiffLine {
  readonly pieces: readonly Piece[]
  readonly isSame: boolean
}

/** Above these a comparison is by whole lines, or of the whole texts: typing in a long text stays quick. */
const MOST_WORD_CHARACTERS = 40_000
const EFFORT = { maxEditLength: 2_000, timeout: 150 } as const

/** Two texts, compared by lines first and by words within what changed. */
export function compareTexts(before: string, after: string): readonly DiffLine[] {
  if (before === after) return linesOf([{ type: 'same', text: before }])
  const changes = diffLines(before, after, EFFORT)
  if (!changes)
    return linesOf([
      { type: 'removed', text: ended(before) },
      { type: 'added', text: after },
    ])
  const pieces: Piece[] = []
  for (let place = 0; place < changes.length; place++) {
    const { value, removed, added } = changes[place]!
    const next = changes[place + 1]
    if (removed && next?.added) {
      pieces.push(...compareWords(value, next.value))
      place++
    } else pieces.push({ type: removed ? 'removed' : added ? 'added' : 'same', text: value })
  }
  return linesOf(pieces)
}

/** Whether anything differs. */
export function differs(lines: readonly DiffLine[]): boolean {
  return lines.some(({ isSame }) => !isSame)
}

function compareWords(before: string, after: string): readonly Piece[] {
  const whole: readonly Piece[] = [
    { type: 'removed', text: ended(before) },
    { type: 'added', text: after },
  ]
  if (before.length + after.length > MOST_WORD_CHARACTERS) return whole
  const changes = diffWordsWithSpace(before, after, EFFORT)
  if (!changes) return whole
  // Two texts that have hardly a word in common are easier to read one after the other than mixed.
  const common = changes.reduce((sum, { value, added, removed }) => sum + (added || removed ? 0 : value.trim().length), 0)
  if (common * 4 < Math.min(before.length, after.length)) return whole
  return joined(changes.map(({ value, added, removed }) => ({ type: removed ? 'removed' : added ? 'added' : 'same', text: value })))
}

/** Changes with nothing but blanks between them are one: "old words" to "new text", not word by word in turns. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = []
  let removed = ''
  let added = ''
  const flush = (): void => {
    if (removed !== '') result.push({ type: 'removed', text: removed })
    if (added !== '') result.push({ type: 'added', text: added })
    removed = added = ''
  }
  for (const [place, { type, text }] of pieces.entries()) {
    const isBetween = removed !== '' && added !== '' && /^[ \t]+$/.test(text) && pieces[place + 1] !== undefined
    if (type === 'removed') removed += text
    else if (type === 'added') added += text
    else if (isBetween) {
      removed += text
      added += text
    } else {
      flush()
      result.push({ type, text })
    }
  }
  flush()
  return result
}

/** A removed last line without its break would run into what replaces it. */
function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

function linesOf(pieces: readonly Piece[]): readonly DiffLine[] {
  const lines: DiffLine[] = []
  let line: Piece[] = []
  const end = (): void => {
    lines.push({ pieces: line, isSame: line.every(({ type }) => type === 'same') })
    line = []
  }
  for (const { type, text } of pieces) {
    const parts = text.split('\n')
    for (const [place, part] of parts.entries()) {
      if (part !== '') line.push({ type, text: part })
      if (place === parts.length - 1) break
      // A break that only one of the texts has is a change of the line, although no letter shows it.
      if (part === '' && type !== 'same' && line.length === 0) line.push({ type, text: '' })
      end()
    }
  }
  if (line.length > 0) end()
  return lines
}
