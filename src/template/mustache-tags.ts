import { excerpt, syntaxErrorAt } from './syntax-error.js'

/** One `{{…}}`. */
export interface MustacheTag {
  /** What it does: a value, the start of a section, the start of an inverted section, the end of one, or nothing at all. */
  readonly does: 'value' | 'section' | 'inverted' | 'end' | 'comment'
  /** The variable; empty for a comment. */
  readonly name: string
  /** Where it begins and ends in the template, the end not included. */
  readonly start: number
  readonly end: number
}

/**
 * Every tag of a mustache template, in order.
 *
 * @throws {TemplateSyntaxError} for a tag that is not closed, not a name, or of a sort that prompts cannot have
 */
export function mustacheTags(template: string): MustacheTag[] {
  const tags: MustacheTag[] = []
  for (let start = template.indexOf('{{'); start !== -1; start = template.indexOf('{{', tags.at(-1)!.end)) {
    // `{{{name}}}` is mustache for "without HTML escaping", which is how every value stands here.
    const isTriple = template[start + 2] === '{'
    const close = isTriple ? '}}}' : '}}'
    const closeAt = template.indexOf(close, start + close.length)
    if (closeAt === -1) throw syntaxErrorAt(template, start, `This ${isTriple ? '{{{' : '{{'} is never closed with ${close}. ${LITERAL}`)
    const end = closeAt + close.length
    const inside = template.slice(start + close.length, closeAt).trim()
    tags.push({ ...readTag(template, start, inside, isTriple), start, end })
  }
  return tags
}

const DOTTED_NAME = /^[\p{ID_Start}_]\p{ID_Continue}*(?:\.[\p{ID_Start}_]\p{ID_Continue}*)*$/u
const LITERAL =
  "For two literal braces put a space between them, or give the prompt the templateFormat 'raw' (nothing is a variable) or 'f-string' ({{{{ stands for {{)."
const SIGILS: { readonly [sigil: string]: MustacheTag['does'] } = { '#': 'section', '^': 'inverted', '/': 'end', '&': 'value' }

function readTag(template: string, start: number, inside: string, isTriple: boolean): Pick<MustacheTag, 'does' | 'name'> {
  const sigil = isTriple ? '' : (inside[0] ?? '')
  if (sigil === '!') return { does: 'comment', name: '' }
  const shown = isTriple ? `{{{${excerpt(inside)}}}}` : `{{${excerpt(inside)}}}`
  if (sigil === '>') throw syntaxErrorAt(template, start, `${shown} asks for another template. Write its text here, or pass it as a value.`)
  if (sigil === '=') throw syntaxErrorAt(template, start, `${shown} changes the delimiters, which stay {{ and }}. ${LITERAL}`)
  const does = Object.hasOwn(SIGILS, sigil) ? SIGILS[sigil]! : undefined
  const name = does === undefined ? inside : inside.slice(1).trim()
  if (name !== '.' && !DOTTED_NAME.test(name)) throw syntaxErrorAt(template, start, `${shown} ${mendOf(name)}`)
  return { does: does ?? 'value', name }
}

function mendOf(name: string): string {
  if (name === '') return `names no variable. Write {{name}}. ${LITERAL}`
  if (/[|()]/.test(name)) return `is an expression, which is not evaluated. Work the value out first and write {{name}}. ${LITERAL}`
  return `is not a variable: a name has letters, digits and underscores, and dots to reach into an object. ${LITERAL}`
}
