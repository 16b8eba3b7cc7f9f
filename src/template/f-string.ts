import { excerpt, syntaxErrorAt } from './syntax-error.js'
import { FlatText, PlainText, type TextTemplate } from './text-template.js'

/**
 * Parses the form of Python's `str.format` with names only: `{name}` is a variable, `{{` and `}}` are literal braces.
 *
 * @throws {TemplateSyntaxError} for every other brace
 */
export function parseFString(template: string): TextTemplate {
  const literals: string[] = []
  const names: string[] = []
  let literalStart = 0
  let isEscaped = false
  const endLiteral = (end: number) => {
    const text = template.slice(literalStart, end)
    literals.push(isEscaped ? text.replace(/\{\{|\}\}/g, (pair) => pair[0]!) : text)
    isEscaped = false
  }
  for (let index = nextBrace(template, 0); index < template.length; index = nextBrace(template, index)) {
    const brace = template[index]
    if (template[index + 1] === brace) {
      isEscaped = true
      index += 2
      continue
    }
    const end = brace === '{' ? template.indexOf('}', index) : -1
    if (end === -1) throw syntaxErrorAt(template, index, brace === '{' ? NEVER_CLOSED : NEVER_OPENED)
    const name = template.slice(index + 1, end)
    if (!IDENTIFIER.test(name)) throw syntaxErrorAt(template, index, mendOf(name))
    endLiteral(index)
    names.push(name)
    index = end + 1
    literalStart = index
  }
  endLiteral(template.length)
  return names.length === 0 ? new PlainText(literals[0]!) : new FlatText({ literals, names, placeholder })
}

/** A name that is a variable: letters, digits and underscores of any script, no digit first. */
export const IDENTIFIER = /^[\p{ID_Start}_]\p{ID_Continue}*$/u

const DOUBLE_IT =
  "Double literal braces ({{ and }}), or give the prompt the templateFormat 'mustache', where JSON needs no escaping, or 'raw', where nothing is a variable."
const NEVER_CLOSED = `This { is never closed. ${DOUBLE_IT}`
const NEVER_OPENED = `This } has no { before it. ${DOUBLE_IT}`
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

function placeholder(name: string): string {
  return `{${name}}`
}

function nextBrace(template: string, from: number): number {
  let index = from
  for (; index < template.length; index++) {
    const code = template.charCodeAt(index)
    if (code === OPEN_BRACE || code === CLOSE_BRACE) break
  }
  return index
}

/** What to write instead of `{inside}`. */
function mendOf(inside: string): string {
  const shown = `{${excerpt(inside)}}`
  if (inside.trim() === '') return `${shown} names no variable. Write {name}. ${DOUBLE_IT}`
  if (/^\d+$/.test(inside)) return `${shown} is a position, and values are given by name. Write a name, such as {value_${inside}}.`
  if (IDENTIFIER.test(inside.trim())) return `${shown} has spaces around its name. Write {${inside.trim()}}.`
  const [, name, rest] = /^([\p{ID_Start}_]\p{ID_Continue}*)([!:.[].*)$/su.exec(inside) ?? []
  if (name === undefined || rest === undefined) return `${shown} is not a variable. ${DOUBLE_IT}`
  switch (rest[0]) {
    case '!':
      return `${shown} asks for a conversion, which is not applied. Write {${name}} and pass the value as it should stand.`
    case ':':
      return `${shown} asks for a number format, which is not applied. Write {${name}} and pass the value as it should stand.`
    default: {
      const path = /^(?:\.[\p{ID_Start}_]\p{ID_Continue}*)+$/u.test(rest) ? rest : '.part'
      return `${shown} reaches into a value. Pass that part as a variable of its own, such as {${name}_part}, or use the templateFormat 'mustache', where {{${name}${path}}} does.`
    }
  }
}
