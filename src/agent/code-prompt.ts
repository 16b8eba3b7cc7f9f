import type { Prompt } from '../entities/prompt.js'
import type { ChatMessage, ChatMessageTemplate, TemplateFormat } from '../entities/template.js'
import { parseTemplate } from '../template/parse-template.js'

/** A prompt that stands in the code: the fallback of a definition, or a text of `fallbackPrompt()`. */
export class CodePrompt {
  readonly #template: string | readonly ChatMessageTemplate[]
  readonly #format: TemplateFormat

  constructor(template: string | readonly ChatMessageTemplate[], format: TemplateFormat) {
    this.#template = template
    this.#format = format
  }

  compile(variables: Readonly<Record<string, unknown>>): string | ChatMessage[] {
    return parseTemplate(this.#template, this.#format).render(variables)
  }
}

/** Whether a prompt comes from the store. */
export function isStored(found: Prompt | CodePrompt | Error | undefined): found is Prompt {
  return found !== undefined && !(found instanceof Error) && !(found instanceof CodePrompt)
}
