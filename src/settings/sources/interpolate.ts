/** The value of a variable; `undefined` when it is not set. */
export type Lookup = (name: string) => string | undefined

export interface Interpolated {
  readonly text: string
  /** Every variable whose value, or a default for it, is a part of the text. */
  readonly uses: readonly string[]
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[]
  /** The messages of `${X:?message}` about variables that must be set; no value is in them. */
  readonly demanded: readonly string[]
}

const NAME = /^[A-Za-z_][\w.-]*$/
/** How deep defaults may lie in each other; what lies deeper stays as it is. */
const MOST_LEVELS = 20
const OPERATOR = /^([A-Za-z_][\w.-]*?)(:?[-+?=])([\s\S]*)$/

/**
 * Expands `${X}`, `${X:-default}`, `${X-default}`, `${X:+alternative}`, `${X+alternative}`, `${X:?message}` and `${X?message}` as a
 * shell does, one inside the other. `${X:=default}` and `${X=default}` give the default too, and set nothing.
 *
 * @param how.mark stands before a literal dollar: a backslash, which may itself be escaped, or a letter of the caller's, which is removed
 * @param how.isBare whether the text stands without quotes, where `${X:-'a b'}` gives what is in the quotes
 */
export function interpolate(text: string, lookup: Lookup, how: { readonly mark?: string; readonly isBare?: boolean } = {}): Interpolated {
  const { mark = '\\', isBare = false } = how
  const found = { uses: [] as string[], missing: [] as string[], demanded: [] as string[] }
  const literal = (part: string): string => (mark === '\\' ? part : part.replaceAll(mark, ''))
  const expand = (part: string, level = 0): string => {
    if (level > MOST_LEVELS) return part
    let result = ''
    let at = 0
    for (let start = part.indexOf('${'); start >= 0; start = part.indexOf('${', at)) {
      const end = closingBrace(part, start + 2)
      if (end < 0) break
      const isEscaped = timesBefore(part, start, mark) % 2 === 1
      result += literal(part.slice(at, isEscaped ? start - 1 : start))
      result += isEscaped ? part.slice(start, end + 1) : expandOne(part.slice(start + 2, end), level + 1)
      at = end + 1
    }
    return result + literal(part.slice(at))
  }
  const expandOperand = (operand: string, level: number): string => {
    const [, quote, inside = ''] = (isBare && /^(["'])(.*)\1$/s.exec(operand)) || []
    return quote === "'" ? inside : expand(quote === undefined ? operand : inside, level)
  }
  const expandOne = (inside: string, level: number): string => {
    const [, name = inside, operator = '', operand = ''] = OPERATOR.exec(inside) ?? []
    if (!NAME.test(name)) return `\${${inside}}`
    const value = lookup(name)
    // With a colon an empty value counts as not set.
    const isThere = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    if (operator.endsWith('+')) return isThere ? expandOperand(operand, level) : ''
    if (isThere || /[-=]$/.test(operator)) {
      found.uses.push(name)
      return isThere ? (value ?? '') : expandOperand(operand, level)
    }
    if (operator.endsWith('?')) found.demanded.push(`needs ${name}${operand === '' ? ', which is not set' : `: ${operand}`}`)
    else found.missing.push(name)
    return ''
  }
  return { text: expand(text), ...found }
}

function timesBefore(text: string, at: number, letter: string): number {
  let count = 0
  while (text[at - 1 - count] === letter) count++
  return count
}

/** The brace that closes what was opened before `from`; -1 when there is none. */
export function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '$' && text[at + 1] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}
