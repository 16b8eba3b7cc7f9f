/** A piece of a template: plain text, or a variable as it is written. */
export interface TemplatePiece {
  readonly text: string
  readonly isVariable: boolean
}

const PATTERNS: Readonly<Record<string, RegExp>> = {
  'f-string': /\{\{|\}\}|(\{[A-Za-z_]\w*\})/g,
  mustache: /(\{\{[^{}]*\}\}|\{\{\{[^{}]*\}\}\})/g,
}

/** Where the variables of a template stand, to mark them. The API alone decides what a template means. */
export function piecesOf(text: string, format: unknown): readonly TemplatePiece[] {
  const pattern = PATTERNS[String(format)]
  if (!pattern) return [{ text, isVariable: false }]
  const pieces: TemplatePiece[] = []
  let start = 0
  for (const match of text.matchAll(pattern)) {
    if (match[1] === undefined) continue
    if (match.index > start) pieces.push({ text: text.slice(start, match.index), isVariable: false })
    pieces.push({ text: match[1], isVariable: true })
    start = match.index + match[1].length
  }
  if (start < text.length) pieces.push({ text: text.slice(start), isVariable: false })
  return pieces
}
