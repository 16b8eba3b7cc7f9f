import type { ChatMessageTemplate, TemplateType } from '../entities/template.js'
import { InvalidArgumentError } from '../shared/errors.js'

/**
 * What a template is: a string is `text`, a list is `chat`.
 *
 * @throws {InvalidArgumentError} when that is not the type the caller gives
 */
export function templateTypeOf(template: string | readonly ChatMessageTemplate[], given?: TemplateType): TemplateType {
  const type = typeof template === 'string' ? 'text' : 'chat'
  if (given !== undefined && given !== type) {
    throw new InvalidArgumentError(
      'type',
      `is "${given}", and the template is ${type === 'text' ? 'a string (text)' : 'a list of messages (chat)'}`,
    )
  }
  return type
}
