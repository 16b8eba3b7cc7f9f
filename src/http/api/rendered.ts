import type { ChatMessageTemplate, TemplateFormat } from '../../entities/template.js'
import { isConfigError } from '../../shared/errors.js'
import { parseTemplate } from '../../template/parse-template.js'

type Template = string | readonly ChatMessageTemplate[]
type Values = Readonly<Record<string, unknown>>

/** Why one message, or a text, cannot be rendered. */
export interface RenderProblem {
  /** Which message of a chat, counted from 0; null for a text. */
  readonly message: number | null
  readonly detail: string
  readonly variables: readonly string[]
}

/** A template with its variables filled in as far as they go. */
export interface Rendered {
  readonly text?: string
  readonly messages?: readonly object[]
  readonly problems: readonly RenderProblem[]
}

/** Longest time that a look at each message may take, in milliseconds: a template may be made to be slow. */
const MOST_MS = 250

/**
 * Renders a template. A missing variable stays in the text as its placeholder, and is listed with its message.
 *
 * @throws {TemplateSyntaxError} when the template does not parse
 */
export function renderAsFarAsItGoes(template: Template, format: TemplateFormat, values: Values): Rendered {
  const parsed = parseTemplate(template, format)
  try {
    const rendered = parsed.render(values)
    return typeof rendered === 'string' ? { text: rendered, problems: [] } : { messages: rendered, problems: [] }
  } catch (error) {
    const problem = problemOf(error, null)
    if (typeof template !== 'string') return renderEach(template, format, values)
    return { text: renderKeeping(template, format, values) as string, problems: [problem] }
  }
}

function renderEach(template: readonly ChatMessageTemplate[], format: TemplateFormat, values: Values): Rendered {
  const messages: object[] = []
  const problems: RenderProblem[] = []
  const deadline = performance.now() + MOST_MS
  for (const [place, entry] of template.entries()) {
    if (performance.now() > deadline) {
      problems.push({ message: place, detail: 'Not looked at: the messages before it took too long to render.', variables: [] })
      break
    }
    try {
      messages.push(...(parseTemplate([entry], format).render(values) as readonly object[]))
    } catch (error) {
      problems.push(problemOf(error, place))
      messages.push(...(renderKeeping([entry], format, values) as readonly object[]))
    }
  }
  return { messages, problems }
}

/** The text with placeholders for missing variables; empty when even that cannot be rendered. */
function renderKeeping(template: Template, format: TemplateFormat, values: Values): string | readonly object[] {
  try {
    return parseTemplate(template, format).render(values, { onMissing: 'keep' })
  } catch {
    return typeof template === 'string' ? '' : []
  }
}

function problemOf(error: unknown, message: number | null): RenderProblem {
  if (!isConfigError(error, 'E_TEMPLATE_VARIABLE')) throw error
  return { message, detail: error.message, variables: (error as { readonly variables?: readonly string[] }).variables ?? [] }
}
