import { MESSAGE_ROLES, type Message } from '../entities/message.js'
import { TemplateVariableError } from '../shared/errors.js'
import type { RenderBudget } from './render-budget.js'
import type { Filling, TemplateValues } from './text-template.js'
import { unreadable } from './value-text.js'

/**
 * The caller's messages for a placeholder, the very objects that were given: content parts, `null` contents, tool calls and whatever else a
 * provider puts into its messages stay as they are. Only their size and depth are bounded.
 *
 * @throws {TemplateVariableError} for anything but a list of messages
 */
export function messagesIn(
  values: TemplateValues,
  entry: { readonly placeholder: string; readonly isOptional: boolean },
  { missing, budget }: Filling,
): readonly Message[] {
  const name = entry.placeholder
  try {
    const given = Object.hasOwn(values, name) ? values[name] : undefined
    if (given === undefined) {
      if (!entry.isOptional) missing.add(name)
      return []
    }
    if (!Array.isArray(given)) throw new TemplateVariableError(`"${name}" must be a list of messages { role, content }.`, [name])
    const wrong = given.findIndex((message) => !isMessage(message))
    if (wrong !== -1) throw new TemplateVariableError(`"${name}"[${wrong}] must be a message { role, content }, with ${CONTENTS}.`, [name])
    budget.takeRounds(given.length, name)
    for (const message of given) budget.takeCharacters(charactersIn(message, name, budget), name)
    return [...(given as Message[])]
  } catch (error) {
    throw unreadable(error, name)
  }
}

const CONTENTS = `a role of ${MESSAGE_ROLES.join(', ')}, and as content a string, a list of parts { type, … }, or null`

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false
  const { role, content } = value as Record<string, unknown>
  if (!(MESSAGE_ROLES as readonly unknown[]).includes(role)) return false
  if (typeof content === 'string' || content === null) return true
  // OpenAI omits the content of a message that only calls tools.
  if (content === undefined) return role === 'assistant'
  return Array.isArray(content) && content.every(isPart)
}

function isPart(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** No provider nests messages deeper; a message that contains itself is refused here too. */
const DEEPEST = 100

/** Characters and bytes of a message, with one for each further value. */
function charactersIn(value: unknown, name: string, budget: RenderBudget, depth = 0): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (depth > DEEPEST) {
    throw new TemplateVariableError(`A message in "${name}" nests deeper than ${DEEPEST}, or holds itself.`, [name])
  }
  // Without this, lists that hold each other twice would be walked in every order.
  budget.takeRounds(1, name)
  let characters = 1
  for (const key in value) characters += key.length + charactersIn((value as Record<string, unknown>)[key], name, budget, depth + 1)
  return characters
}
