import type { MarkdownRenderer } from 'vitepress'

const OUTSIDE = /^(?:\.\.\/)+((?:examples|migrations|src|test|\.github)\b.*|README\.md|CHANGELOG\.md)$/

/** Templates of this package are full of double braces, which Vue would take for its own. */
export function escapeBraces(markdown: MarkdownRenderer): void {
  const { rules } = markdown.renderer
  const { code_inline, text } = rules
  for (const [name, rule] of Object.entries({ code_inline, text }))
    rules[name] = (...parts) =>
      (rule?.(...parts) ?? markdown.utils.escapeHtml(parts[0][parts[1]]!.content)).replaceAll('{{', '&#123;&#123;')
}

/**
 * Pages are read in the repository too, where `../examples/hono.ts` is a file. The site has no such file: such a link goes to the
 * repository, and is plain text while the repository's address is not known.
 */
export function linkOutOfDocs(markdown: MarkdownRenderer, repository: string | undefined): void {
  markdown.core.ruler.push('links-out-of-docs', ({ tokens }) => {
    for (const inline of tokens) {
      let isOutside = false
      for (const token of inline.children ?? []) {
        if (token.type === 'link_open') {
          const [, file] = OUTSIDE.exec(token.attrGet('href') ?? '') ?? []
          isOutside = file !== undefined
          if (isOutside && repository) token.attrSet('href', `${repository}/blob/main/${file}`)
          else if (isOutside) token.attrs = null
        }
        if (isOutside && !repository && /^link_(open|close)$/.test(token.type)) {
          token.type = `span_${token.nesting === 1 ? 'open' : 'close'}`
          token.tag = 'span'
        }
      }
    }
  })
}
