import { InvalidArgumentError, LLMError } from '../shared/errors.js'
import type { SchemaResult, StandardSchema } from '../shared/standard-schema.js'
import { jsonIn } from './json-candidates.js'
import { problemsOf } from './schema-problems.js'

/** Longest text that is read, in characters. Longer ones are refused at once. */
const LONGEST_TEXT = 16 * 1_024 * 1_024

/** How `extractJson` reads. */
export interface ExtractJsonOptions<Output> {
  /** Checks the value, and may change it; any Standard Schema that answers at once. */
  readonly schema?: StandardSchema<unknown, Output>
  /** Repairs JSON that is slightly broken: `jsonrepair` of the package of that name fits. Called only when strict reading fails. */
  readonly repair?: (text: string) => string
}

/**
 * The JSON object or array in a model's answer.
 *
 * Reads the whole answer as JSON. Where that fails, takes the last value in its text, in a fence or in prose; never one in thoughts.
 * With a schema it takes the last value that fits, so that a note after the answer does not hide the answer. When the last
 * value is broken or cut off, it throws: an earlier value would be a draft.
 *
 * The time it takes grows with the length of the text alone; texts of more than 16 MiB are refused.
 *
 * @throws {LLMError} with reason `invalid_output`: there is none, it was cut off, or it is not what the schema asks for (see `problems`)
 * @example
 * ```ts
 * extractJson('Here you are: {"domain": "payments"}') // { domain: 'payments' }
 * ```
 */
export function extractJson<Output = unknown>(text: string, options: ExtractJsonOptions<Output> = {}): Output {
  const { schema, repair } = options
  let refused: readonly string[] | undefined
  for (const value of valuesIn(text, repair)) {
    if (schema === undefined) return value as Output
    const result = schema['~standard'].validate(value)
    if (result instanceof Promise) throw new InvalidArgumentError('schema', 'must answer at once; use chatJSON for one that takes time')
    if (result.issues === undefined) return result.value
    refused ??= problemsOf(result.issues)
  }
  throw invalidOutput(text, refused ?? [])
}

/** The same for a schema that may take time. */
export async function extractJsonSoon<Output>(
  text: string,
  schema: StandardSchema<unknown, Output>,
  repair: ((text: string) => string) | undefined,
): Promise<Output> {
  let refused: readonly string[] | undefined
  for (const value of valuesIn(text, repair)) {
    const result: SchemaResult<Output> = await schema['~standard'].validate(value)
    if (result.issues === undefined) return result.value
    refused ??= problemsOf(result.issues)
  }
  throw invalidOutput(text, refused ?? [])
}

/** The error for an answer whose JSON is not what was asked for. */
export function invalidOutput(text: string, problems: readonly string[]): LLMError {
  return new LLMError(`The answer's JSON is not what the schema asks for: ${problems.join('; ')}.`, {
    reason: 'invalid_output',
    partial: text,
    problems,
  })
}

/** @throws {LLMError} when there is no value at all */
function valuesIn(text: string, repair: ((text: string) => string) | undefined): Iterable<unknown> {
  if (text.length > LONGEST_TEXT) {
    throw new LLMError(`The answer is longer than ${LONGEST_TEXT} characters and is not read.`, { reason: 'invalid_output' })
  }
  const { values, isCutOff } = jsonIn(text, repair)
  if (Array.isArray(values) && values.length === 0) {
    const what = isCutOff
      ? 'was cut off in the middle of its JSON (finish reason "length"?). Raise maxOutputTokens, or ask for less.'
      : 'holds no JSON object or array that can be read.'
    throw new LLMError(`The answer ${what}`, { reason: 'invalid_output', partial: text })
  }
  return values
}
