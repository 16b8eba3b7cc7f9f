import { parseDocument } from 'yaml'
import type { ChatMessageTemplate } from '../../entities/template.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { Imported, ImportedEntity, ImportedPrompt, ImportLoss } from './imported.js'
import { inputSchemaOf } from './input-schema.js'
import { filled, type Given, inOrder, isObject } from './read.js'
import { templateOf } from './template.js'

/** One `.prompt` file. */
export interface DotpromptFile {
  /** Below the folder of prompts: `support/triage.prompt`. */
  readonly path: string
  readonly text: string
}

const ELSEWHERE: Readonly<Record<string, string>> = {
  output: 'the form of an answer is asked for in code: pass a schema to the agent',
  tools: 'tools are code: pass them to chatWithTools()',
  metadata: 'there is no metadata: put it into the description',
}
const KNOWN: ReadonlySet<string> = new Set(['name', 'variant', 'description', 'model', 'config', 'input'])

/**
 * Dotprompt files of Genkit. A variant, `triage.short.prompt`, is a prompt of its own: `triage.short`.
 *
 * @throws {InvalidArgumentError} naming the file, when its front matter is no YAML object
 * @see https://google.github.io/dotprompt/
 */
export function importDotprompt(files: readonly DotpromptFile[]): Imported {
  const losses: ImportLoss[] = []
  const entities = files.map((file) => promptOf(file, (loss) => losses.push(loss)))
  return inOrder(entities, losses)
}

function promptOf({ path, text }: DotpromptFile, lose: (loss: ImportLoss) => void): ImportedEntity {
  const { front, body } = split(path, text.replaceAll('\r\n', '\n'))
  const name = path.replaceAll('\\', '/').replace(/\.prompt$/, '')
  for (const [key, value] of Object.entries(front)) {
    if (KNOWN.has(key)) continue
    const why = ELSEWHERE[key] ?? 'it is no field of a prompt here'
    lose({ where: `${path}: ${key}`, what: JSON.stringify(value).slice(0, 200), why })
  }
  const parameters = filled(front.config)
  const content: ImportedPrompt = {
    ...templateOf(path, messagesOf(path, body, lose), lose),
    ...(typeof front.description === 'string' && { description: front.description }),
    ...(typeof front.model === 'string' && { model: front.model }),
    ...(parameters && { parameters }),
  }
  const inputSchema = inputSchemaOf(path, front.input, content, lose)
  return { kind: 'prompt', name, labels: [], content, ...(inputSchema && { inputSchema }) }
}

function split(path: string, text: string): { readonly front: Given; readonly body: string } {
  const found = /^---\n([\s\S]*?\n)?---(?:\n|$)/.exec(text)
  if (!found) return { front: {}, body: text.trim() }
  const document = parseDocument(found[1] ?? '')
  const [problem] = document.errors
  if (problem) throw new InvalidArgumentError(path, `has front matter that is no YAML: ${problem.message.split('\n')[0]}`)
  const front: unknown = document.toJS({ maxAliasCount: 0 }) ?? {}
  if (!isObject(front)) throw new InvalidArgumentError(path, 'must have front matter of keys and values')
  return { front, body: text.slice(found[0].length).trim() }
}

const ROLES: Readonly<Record<string, string>> = { system: 'system', user: 'user', model: 'assistant', assistant: 'assistant' }

/** `{{role "system"}}` begins a message, `{{history}}` stands for those before. Without either it is one text. */
function messagesOf(path: string, body: string, lose: (loss: ImportLoss) => void): string | readonly ChatMessageTemplate[] {
  const parts = body.split(/\{\{\s*(role\s+["'][^"']*["']|history)\s*\}\}/)
  if (parts.length === 1) return body
  const messages: ChatMessageTemplate[] = []
  let role = 'user'
  for (const [place, part] of parts.entries()) {
    if (place % 2 === 0) {
      const content = part.trim()
      if (content !== '') messages.push({ role, content } as ChatMessageTemplate)
    } else if (part === 'history') messages.push({ placeholder: 'history' })
    else {
      const said = /["'](.*)["']/.exec(part)?.[1] ?? ''
      role = ROLES[said] ?? 'user'
      if (!ROLES[said])
        lose({
          where: `${path}: role`,
          what: `role "${said}"`,
          why: 'messages are of system, user or assistant: it is a user message here',
        })
    }
  }
  return messages
}
