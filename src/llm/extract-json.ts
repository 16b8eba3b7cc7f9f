import { InvalidArgumentError, LLMError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { lastJsonIn } from './json-candidates.js'
import { problemsOf } from './schema-problems.js'

/** How `extractJson` reads. */
export interface ExtractJsonOptions<Output> {
  /** Checks the value, and may change it; any Standard Schema that answers at once. */
  readonly schema?: StandardSchema<unknown, Output>
  /** Makes JSON of what almost is: `jsonrepair` of the package of that name fits. Asked only when strict reading fails. */
  readonly repair?: (text: string) => string
}

/**
 * The JSON object or array in a model's answer.
 *
 * Read are the whole answer, else the last value that stands in it, in a fence or in prose; thoughts are never a source.
 * A last value that is broken or cut off is not passed over in favour of an earlier one, which would be a draft.
 *
 * @throws {LLMError} with reason `invalid_output`: there is none, or it is not what the schema asks for (see `problems`)
 * @example
 * ```ts
 * extractJson('Here you are: {"domain": "payments"}') // { domain: 'payments' }
 * ```
 */
export function extractJson<Output = unknown>(text: string, options: ExtractJsonOptions<Output> = {}): Output {
  const found = wholeValue(text) ?? lastJsonIn(text, options.repair)
  if (found === undefined) {
    throw new LLMError('The answer holds no JSON object or array that can be read.', { reason: 'invalid_output', partial: text })
  }
  if (options.schema === undefined) return found.value as Output
  const result = options.schema['~standard'].validate(found.value)
  if (result instanceof Promise) throw new InvalidArgumentError('schema', 'must answer at once; use chatJSON for one that takes time')
  if (result.issues === undefined) return result.value
  throw invalidOutput(text, problemsOf(result.issues))
}

/** The error for an answer whose JSON is not what was asked for. */
export function invalidOutput(text: string, problems: readonly string[]): LLMError {
  return new LLMError(`The answer's JSON is not what the schema asks for: ${problems.join('; ')}.`, {
    reason: 'invalid_output',
    partial: text,
    problems,
  })
}

/** The answer as one value; a value that was encoded twice is decoded twice. */
function wholeValue(text: string): { value: unknown } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
    if (typeof value === 'string') value = JSON.parse(value)
  } catch {
    return undefined
  }
  return typeof value === 'object' && value !== null ? { value } : undefined
}
