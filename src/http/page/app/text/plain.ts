import type { Field, Kind } from '../api/kinds.js'
import type { Message, Version } from '../api/wire.js'

/** A field's value as text that people compare: templates as they read, the rest as JSON. */
export function plainValue(field: Field, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (field.type === 'template') return templateText(value)
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
}

/** A chat template as one text: each message under its role. */
export function templateText(template: unknown): string {
  if (typeof template === 'string') return template
  if (!Array.isArray(template)) return ''
  return (template as readonly Message[])
    .map((message) =>
      'role' in message ? `${message.role}:\n${message.content}` : `[${message.placeholder}${message.optional ? ', optional' : ''}]`,
    )
    .join('\n\n')
}

/** The fields of a version that say something, each with its text. */
export function plainFields(kind: Kind, version: Version): readonly { readonly field: Field; readonly text: string }[] {
  return kind.fields.map((field) => ({ field, text: plainValue(field, version[field.name]) }))
}
