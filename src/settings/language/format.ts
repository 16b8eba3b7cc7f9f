/** A part of an `@format` text: plain, or a reference to a setting or a variable. */
export type FormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'setting'; readonly path: string; readonly fallback: string | undefined }
  | { readonly kind: 'variable'; readonly name: string; readonly fallback: string | undefined }

const REFERENCE = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g

/**
 * Splits `http://{env[HOST]:-localhost}/{this.db.name}`; `{{` and `}}` are braces.
 *
 * @throws {Error} for a brace that is not closed or a reference that is neither `this` nor `env`
 */
export function parseFormat(text: string): readonly FormatPart[] {
  const parts: FormatPart[] = []
  let end = 0
  for (const match of text.matchAll(REFERENCE)) {
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    end = match.index + match[0].length
    if (match[0] === '{{' || match[0] === '}}') parts.push({ kind: 'text', text: match[0].slice(1) })
    else if (match[1] === undefined) throw new Error('has an @format with a brace that has no partner (write {{ or }} for a brace)')
    else parts.push(parseReference(match[1]))
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

function parseReference(text: string): FormatPart {
  const cut = text.indexOf(':-')
  const name = cut < 0 ? text : text.slice(0, cut)
  const fallback = cut < 0 ? undefined : text.slice(cut + 2)
  const variable = /^env\[['"]?([^\]'"]+)['"]?\]$/.exec(name)?.[1] ?? /^env\.(\w+)$/.exec(name)?.[1]
  if (variable !== undefined) return { kind: 'variable', name: variable, fallback }
  const path = /^this((?:\.[\w-]+|\[['"]?[^\]'"]+['"]?\])+)$/.exec(name)?.[1]
  if (path === undefined) throw new Error('has an @format with a reference that is neither {this.key} nor {env[NAME]}')
  return { kind: 'setting', path, fallback }
}
