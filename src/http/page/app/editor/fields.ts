import type { Field, Kind } from '../api/kinds.js'
import type { Message, Role, Version } from '../api/wire.js'

/** A message while it is edited. The id keeps its field, with cursor and selection, when messages move. */
export type EditedMessage =
  | { readonly id: number; readonly role: Role; readonly content: string }
  | { readonly id: number; readonly placeholder: string; readonly optional: boolean }

/** What stands in the form: text for every field, messages for a chat template. */
export type Fields = Readonly<Record<string, string | readonly EditedMessage[]>>

/** The form of a version that is there, or of a new one. */
export function fieldsOf(kind: Kind, version: Version | undefined): Fields {
  return Object.fromEntries(kind.fields.map((field) => [field.name, version ? shownOf(field, version[field.name]) : (field.start ?? '')]))
}

/** What the API is sent, and what is wrong with it, by field. Empty text is left out, or null where a version had one. */
export function bodyOf(
  kind: Kind,
  fields: Fields,
): { readonly body: Record<string, unknown>; readonly problems: Readonly<Record<string, string>> } {
  const body: Record<string, unknown> = {}
  const problems: Record<string, string> = {}
  for (const field of kind.fields) {
    const value = fields[field.name] ?? ''
    if (field.isRequired && (value === '' || value.length === 0)) problems[field.name] = `${field.label} is needed.`
    else if (typeof value !== 'string') body[field.name] = value.map(sentMessage)
    else read(field, value, body, problems)
  }
  return { body, problems }
}

export function editedMessages(template: readonly Message[]): readonly EditedMessage[] {
  return template.map((message, id) =>
    'role' in message
      ? { id, role: message.role, content: message.content }
      : { id, placeholder: message.placeholder, optional: message.optional ?? false },
  )
}

export function sentMessage(message: EditedMessage): Message {
  if ('role' in message) return { role: message.role, content: message.content }
  return { placeholder: message.placeholder, ...(message.optional && { optional: true }) }
}

function shownOf(field: Field, value: unknown): string | readonly EditedMessage[] {
  if (field.type === 'template' && Array.isArray(value)) return editedMessages(value as readonly Message[])
  if (value === undefined || value === null) return ''
  if (typeof value === 'string' && field.type !== 'value') return value
  return JSON.stringify(value, null, 2)
}

function read(field: Field, text: string, body: Record<string, unknown>, problems: Record<string, string>): void {
  const { name, label, type } = field
  if (type === 'template' || type === 'choice') body[name] = text
  else if (type === 'text' || type === 'long') body[name] = text === '' ? null : text
  else if (text.trim() === '') {
    if (field.isNullable) body[name] = null
  } else if (type === 'integer' || type === 'number') {
    if (Number.isNaN(Number(text)) || (type === 'integer' && !Number.isInteger(Number(text))))
      problems[name] = `${label} has to be a whole number.`
    else body[name] = Number(text)
  } else {
    try {
      body[name] = JSON.parse(text)
    } catch (error) {
      problems[name] = `${label} is not JSON: ${(error as Error).message}`
    }
  }
}
