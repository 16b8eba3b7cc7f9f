import { InvalidArgumentError, isConfigError, type TemplateSyntaxError } from '../shared/errors.js'
import type { FormatProblem } from './problem.js'
import type { Place, YamlDocument } from './yaml-document.js'

/** `fallbacks[0].model` as the steps that lead there. */
export function stepsOf(field: string): readonly (string | number)[] {
  return field
    .split(/[.[\]]+/)
    .filter((step) => step !== '')
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

/** An error about a field, as a problem of the file; any other error is thrown again. */
export function problemAt(error: unknown, document: YamlDocument, renamed: (field: string) => string = (field) => field): FormatProblem {
  if (!(error instanceof InvalidArgumentError)) throw error
  const field = renamed(error.field)
  return { ...document.placeOf(stepsOf(field)), message: `${field}${error.message.slice(error.field.length)}` }
}

/** Where a template does not parse; `textPlace` leads from a place in a text to one in the file. */
export function syntaxProblem(
  error: unknown,
  textPlace: (position: Pick<TemplateSyntaxError, 'line' | 'column' | 'chatMessage'>) => Place,
): FormatProblem | undefined {
  if (!isConfigError(error, 'E_TEMPLATE_SYNTAX')) return undefined
  const { problem, ...position } = error as TemplateSyntaxError
  return { ...textPlace(position), message: problem }
}
