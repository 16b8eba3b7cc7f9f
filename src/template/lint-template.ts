import type { ChatMessageTemplate, TemplateFormat } from '../entities/template.js'
import { parseTemplate } from './parse-template.js'

/**
 * Warnings about a valid template, one sentence each: a variable before the end of a cached prefix
 * (`cache: true`), so that every value of it is a cache miss.
 *
 * @throws {TemplateSyntaxError} when the template does not parse
 * @throws {InvalidArgumentError} when it is neither a string nor a list of messages
 *
 * @example
 * ```ts
 * lintTemplate([{ role: 'system', content: 'Today is {date}. You help.', cache: true }]) // [ 'Message 1 holds "date", before …' ]
 * ```
 */
export function lintTemplate(
  template: string | readonly ChatMessageTemplate[],
  options: { readonly format?: TemplateFormat } = {},
): readonly string[] {
  return parseTemplate(template, options.format).warnings
}
