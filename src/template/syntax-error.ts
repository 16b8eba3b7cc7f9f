import { TemplateSyntaxError } from '../shared/errors.js'

/** A syntax error at one place of a template; lines end with LF, CRLF or CR. */
export function syntaxErrorAt(template: string, index: number, problem: string): TemplateSyntaxError {
  let line = 1
  let lineStart = 0
  for (const { index: breakIndex, 0: lineBreak } of template.slice(0, index).matchAll(/\r\n|\r|\n/g)) {
    line += 1
    lineStart = breakIndex + lineBreak.length
  }
  return new TemplateSyntaxError(problem, { line, column: index - lineStart + 1 })
}

/** A piece of a template as an error message shows it: one line, and not too long. */
export function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH)}…` : line
}

const EXCERPT_LENGTH = 40
