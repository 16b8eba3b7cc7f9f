import type { ChatMessageTemplate } from '../../entities/template.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { Imported, ImportedEntity, ImportLoss } from './imported.js'
import { filled, type Given, inOrder, isObject, itemsOf, labelsOf, textOf } from './read.js'
import { templateOf } from './template.js'

/**
 * Prompts of Langfuse: what `GET /api/public/v2/prompts/{name}?version=` answers with, one or a list of them, or `{ data: [] }`.
 *
 * @throws {InvalidArgumentError} naming the field, when it is something else
 * @see https://langfuse.com/docs/prompt-management
 */
export function importLangfuse(json: unknown): Imported {
  const losses: ImportLoss[] = []
  const entities = itemsOf('langfuse', json).map((prompt, place) => promptOf(`langfuse[${place}]`, prompt, (loss) => losses.push(loss)))
  return inOrder(entities, losses)
}

function promptOf(field: string, prompt: Given, lose: (loss: ImportLoss) => void): ImportedEntity {
  const name = textOf(`${field}.name`, prompt.name)
  if (prompt.prompt === undefined && Array.isArray(prompt.versions)) {
    throw new InvalidArgumentError(
      `${field}.prompt`,
      'is missing: this is the list of names. Export each with GET /api/public/v2/prompts/{name}?version={version}',
    )
  }
  const version = Number(prompt.version)
  if (!Number.isInteger(version) || version < 1) throw new InvalidArgumentError(`${field}.version`, 'must be a version such as 3')
  const where = `${name} v${version}`
  if (Array.isArray(prompt.tags) && prompt.tags.length > 0)
    lose({
      where: `${where}: tags`,
      what: prompt.tags.join(', '),
      why: 'there are no tags: put a folder in the name, as in support/triage',
    })
  const { prompt: template } = prompt
  refuseReferences(where, JSON.stringify(template), lose)
  const parameters = filled(prompt.config)
  return {
    kind: 'prompt',
    name,
    version,
    labels: labelsOf(where, prompt.labels, lose),
    content: {
      ...templateOf(where, typeof template === 'string' ? template : messagesOf(`${field}.prompt`, template), lose),
      ...(parameters && { parameters }),
    },
  }
}

function messagesOf(field: string, messages: unknown): readonly ChatMessageTemplate[] {
  if (!Array.isArray(messages)) throw new InvalidArgumentError(field, 'must be a text or a list of messages')
  return messages.map((message, place) => {
    if (!isObject(message)) throw new InvalidArgumentError(`${field}[${place}]`, 'must be a message')
    if (message.type === 'placeholder') return { placeholder: textOf(`${field}[${place}].name`, message.name) }
    const role = textOf(`${field}[${place}].role`, message.role)
    return { role: role === 'developer' ? 'system' : role, content: String(message.content ?? '') } as ChatMessageTemplate
  })
}

/** `@@@langfusePrompt:name=x|version=1@@@` pulls another prompt in when Langfuse reads it. */
function refuseReferences(where: string, text: string, lose: (loss: ImportLoss) => void): void {
  for (const [reference] of text.matchAll(/@@@langfusePrompt:.*?@@@/g))
    lose({ where: `${where}: prompt`, what: reference, why: 'prompts do not include one another: write the text in its place' })
}
