import type { CompileOptions } from '../entities/prompt.js'
import { TEMPLATE_FORMATS, type TemplateFormat } from '../entities/template.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { fillStrictly } from './parse-template.js'
import { parseText } from './parse-text.js'
import type { TemplateValues } from './text-template.js'

export interface RenderTemplateOptions extends CompileOptions {
  /** How variables are written in the template. @default 'f-string' */
  readonly format?: TemplateFormat
}

/**
 * Renders a template that is not stored anywhere, by the rules of stored prompts. It is parsed on each call.
 *
 * @throws {TemplateSyntaxError} when the template does not parse
 * @throws {TemplateVariableError} when variables are missing, or a value cannot be written as text
 *
 * @example
 * ```ts
 * renderTemplate('Hello {name}, {{literal braces}}', { name: 'Ada' }) // 'Hello Ada, {literal braces}'
 * ```
 */
export function renderTemplate(template: string, variables: TemplateValues = {}, options: RenderTemplateOptions = {}): string {
  const format = options.format ?? 'f-string'
  if (typeof template !== 'string') throw new InvalidArgumentError('template', 'must be a string')
  if (!TEMPLATE_FORMATS.includes(format)) throw new InvalidArgumentError('format', `must be one of ${TEMPLATE_FORMATS.join(', ')}`)
  return fillStrictly(parseText(template, format), variables, options)
}
