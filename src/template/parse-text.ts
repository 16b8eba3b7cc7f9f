import type { TemplateFormat } from '../entities/template.js'
import { parseFString } from './f-string.js'
import { parseMustache } from './mustache.js'
import { PlainText, type TextTemplate } from './text-template.js'

/** Parses one text. @throws {TemplateSyntaxError} */
export function parseText(text: string, format: TemplateFormat): TextTemplate {
  switch (format) {
    case 'f-string':
      return parseFString(text)
    case 'mustache':
      return parseMustache(text)
    case 'raw':
      return new PlainText(text)
  }
}
