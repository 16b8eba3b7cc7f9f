import type { ChatMessageTemplate } from '../../entities/template.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { Imported, ImportedEntity, ImportLoss } from './imported.js'
import { filled, type Given, inOrder, isObject, itemsOf, textOf } from './read.js'
import { templateOf } from './template.js'

/** What a prompt object says of a call, which the parameters of a prompt can hold as they are. */
const PARAMETERS = [
  'temperature',
  'top_p',
  'max_output_tokens',
  'reasoning',
  'text',
  'verbosity',
  'store',
  'truncation',
  'tool_choice',
] as const

const ELSEWHERE: Readonly<Record<string, string>> = {
  tools: 'tools are code: pass them to chatWithTools(), or declare a kind of configuration for them with defineKind()',
  variables: 'values are given to compile(); their types can be declared with definePrompt()',
  metadata: 'there is no metadata: put it into the description',
}

/**
 * OpenAI's stored prompts: prompt objects as its API and its dashboard give them, one or a list of them, or `{ data: [] }`. Messages are
 * read from `input`, `messages` or `instructions`, variables are `{{name}}` there and here.
 *
 * @throws {InvalidArgumentError} naming the field, when it is something else
 * @see https://platform.openai.com/docs/guides/prompting
 */
export function importOpenAIPrompts(json: unknown): Imported {
  const losses: ImportLoss[] = []
  const entities = itemsOf('openai', json).map((prompt, place) => promptOf(`openai[${place}]`, prompt, (loss) => losses.push(loss)))
  return inOrder(entities, losses)
}

function promptOf(field: string, prompt: Given, lose: (loss: ImportLoss) => void): ImportedEntity {
  const name = textOf(`${field}.name`, prompt.name ?? prompt.id)
  const version = prompt.version === undefined ? undefined : Number(prompt.version)
  if (version !== undefined && (!Number.isInteger(version) || version < 1))
    throw new InvalidArgumentError(`${field}.version`, 'must be a version such as "3"')
  const where = version === undefined ? name : `${name} v${version}`
  for (const [key, why] of Object.entries(ELSEWHERE)) {
    const value = prompt[key]
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue
    lose({ where: `${where}: ${key}`, what: JSON.stringify(value).slice(0, 200), why })
  }
  const parameters = filled(
    Object.fromEntries(PARAMETERS.flatMap((key) => (prompt[key] === undefined || prompt[key] === null ? [] : [[key, prompt[key]]]))),
  )
  const messages = messagesOf(field, where, prompt, lose)
  const description = prompt.description ?? (prompt.id !== undefined && prompt.id !== name ? `OpenAI prompt ${prompt.id}` : undefined)
  return {
    kind: 'prompt',
    name,
    ...(version !== undefined && { version }),
    // The default version is what callers get that name none.
    labels: prompt.is_default === true ? ['production'] : [],
    content: {
      ...templateOf(where, messages, lose),
      ...(typeof description === 'string' && { description }),
      ...(typeof prompt.model === 'string' && { model: prompt.model }),
      ...(parameters && { parameters }),
    },
  }
}

function messagesOf(field: string, where: string, prompt: Given, lose: (loss: ImportLoss) => void): readonly ChatMessageTemplate[] {
  const instructions = typeof prompt.instructions === 'string' ? [{ role: 'system', content: prompt.instructions }] : []
  const given = Array.isArray(prompt.instructions) ? prompt.instructions : []
  const input = prompt.input ?? prompt.messages ?? []
  const listed = typeof input === 'string' ? [{ role: 'user', content: input }] : input
  if (!Array.isArray(listed)) throw new InvalidArgumentError(`${field}.input`, 'must be a text or a list of messages')
  const messages = [...instructions, ...given, ...listed].flatMap((message, place): ChatMessageTemplate[] => {
    if (!isObject(message) || typeof message.role !== 'string') {
      const type = isObject(message) ? String(message.type) : typeof message
      lose({
        where: `${where}: message ${place + 1}`,
        what: `an item of type ${type}`,
        why: 'only messages with a role are part of a prompt here',
      })
      return []
    }
    const role = message.role === 'developer' ? 'system' : message.role
    return [{ role, content: contentOf(`${where}: message ${place + 1}`, message.content, lose) } as ChatMessageTemplate]
  })
  if (messages.length === 0)
    throw new InvalidArgumentError(`${field}.input`, 'is missing: neither instructions, input nor messages hold a message')
  return messages
}

/** Texts of a message; pictures and files are given when it is compiled. */
function contentOf(where: string, content: unknown, lose: (loss: ImportLoss) => void): string {
  if (typeof content === 'string') return content
  const parts = Array.isArray(content) ? content : []
  return parts
    .flatMap((part) => {
      if (isObject(part) && typeof part.text === 'string') return [part.text]
      lose({
        where,
        what: `a part of type ${isObject(part) ? String(part.type) : typeof part}`,
        why: 'templates hold text: add pictures and files in code',
      })
      return []
    })
    .join('\n')
}
