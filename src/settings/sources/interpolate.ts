/** The value of a variable; `undefined` when it is not set. */
export type Lookup = (name: string) => string | undefined

export interface Interpolated {
  readonly text: string
  /** Every variable whose value is a part of the text. */
  readonly uses: readonly string[]
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[]
  /** What is said about variables that must be set, without any value. */
  readonly demanded: readonly string[]
}

const NAME = /^[A-Za-z_][\w.-]*$/
const OPERATOR = /^([A-Za-z_][\w.-]*?)(:?[-+?])([\s\S]*)$/

/**
 * Expands `${X}`, `${X:-default}`, `${X-default}`, `${X:+alternative}`, `${X+alternative}`, `${X:?message}` and `${X?message}` as a
 * shell does, one inside the other. `\${X}` stays as it is.
 */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  const found = { uses: [] as string[], missing: [] as string[], demanded: [] as string[] }
  const expand = (part: string): string => {
    let result = ''
    let at = 0
    for (let start = part.indexOf('${'); start >= 0; start = part.indexOf('${', at)) {
      const end = closingBrace(part, start + 2)
      if (end < 0) break
      const isEscaped = part[start - 1] === '\\'
      result += part.slice(at, isEscaped ? start - 1 : start)
      result += isEscaped ? part.slice(start, end + 1) : expandOne(part.slice(start + 2, end))
      at = end + 1
    }
    return result + part.slice(at)
  }
  const expandOne = (inside: string): string => {
    const [, name = inside, operator = '', operand = ''] = OPERATOR.exec(inside) ?? []
    if (!NAME.test(name)) return `\${${inside}}`
    const value = lookup(name)
    // With a colon an empty value counts as not set.
    const isThere = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
    if (operator.endsWith('+')) return isThere ? expand(operand) : ''
    if (isThere) {
      found.uses.push(name)
      return value ?? ''
    }
    if (operator.endsWith('-')) return expand(operand)
    if (operator.endsWith('?')) found.demanded.push(`needs ${name}${operand === '' ? ', which is not set' : `: ${operand}`}`)
    else found.missing.push(name)
    return ''
  }
  return { text: expand(text), ...found }
}

/** The brace that closes what was opened before `from`; -1 when there is none. */
function closingBrace(text: string, from: number): number {
  let depth = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '$' && text[at + 1] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return -1
}
