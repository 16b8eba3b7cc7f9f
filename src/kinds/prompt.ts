import type { Prompt, PromptContent } from '../entities/prompt.js'
import { type ChatMessageTemplate, TEMPLATE_FORMATS, type TemplateFormat } from '../entities/template.js'
import { checkJson, checkText, LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { parseTemplate } from '../template/parse-template.js'
import { columnKind } from './column-kind.js'
import { choice, type Field, optionalText, parameters } from './columns.js'
import type { VersionDraft } from './kind.js'
import { PromptView } from './prompt-view.js'

export interface PromptDraft extends VersionDraft {
  /** Text, or messages of a chat. At most 1 MiB. */
  readonly template: string | readonly ChatMessageTemplate[]
  /** @default by the template: a string is `text`, a list `chat` */
  readonly type?: 'text' | 'chat'
  /** @default 'f-string'; for a further version, that of the version before */
  readonly templateFormat?: TemplateFormat
  readonly description?: string | null
  readonly model?: string | null
  readonly parameters?: PromptContent['parameters']
}

/** Text or messages for a model, with places for variables. */
export const PROMPT_KIND = columnKind<PromptContent, Prompt, PromptDraft>({
  kind: 'prompt',
  plural: 'prompts',
  noun: 'prompt',
  maxNameLength: LIMITS.name,
  tables: { versions: 'prompts', labels: 'prompt_labels' },
  lineField: 'template',
  fields: {
    type: choice(['text', 'chat'], 'text'),
    template: template(),
    templateFormat: choice(TEMPLATE_FORMATS, 'f-string'),
    description: optionalText(),
    model: optionalText(),
    parameters: parameters(),
  },
  complete: (draft) => ({ ...draft, type: typeOf(draft) }),
  // The format of a further version may be inherited, and is not known yet when the draft alone is checked.
  agree: ({ template, templateFormat = 'raw' }) =>
    void parseTemplate(template as PromptDraft['template'], templateFormat as TemplateFormat),
  view: (content, facts) => Object.freeze(new PromptView(content, facts)) as Prompt,
})

/** The messages of a chat are kept as the text of their JSON. */
function template(): Field {
  return {
    type: 'text',
    check: (field, given) => (typeof given === 'string' ? checkText(field, given) : JSON.stringify(checkJson(field, given))),
    decode: (stored, { type }) => (type === 'chat' ? JSON.parse(stored as string) : stored),
  }
}

function typeOf({ template, type }: PromptDraft): 'text' | 'chat' {
  if (typeof template !== 'string' && !Array.isArray(template))
    throw new InvalidArgumentError('template', 'must be a string, or a list of messages')
  const actual = typeof template === 'string' ? 'text' : 'chat'
  if (type !== undefined && type !== actual) {
    throw new InvalidArgumentError(
      'type',
      `must be "${actual}" for a template that is a ${actual === 'text' ? 'string' : 'list of messages'}`,
    )
  }
  return actual
}
