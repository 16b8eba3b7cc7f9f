import type { Message } from '../entities/message.js'
import { isConfigError, LLMError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { assistantMessage } from './assistant-message.js'
import { extractJsonSoon } from './extract-json.js'
import type { ChatRequest, ChatResult, JsonSchema } from './llm-client.js'
import { recordOf } from './wire-values.js'

/** Longest part of a refused answer that is sent back to the model. */
const LONGEST_ECHO = 8_000

/**
 * The JSON Schema of a schema that can describe itself: by the Standard JSON Schema interface (valibot with its
 * converter, zod 4.2, arktype), or by a method of its own (zod 4.1, arktype). `undefined` for one that cannot.
 *
 * @see https://standardschema.dev/json-schema
 */
export function jsonSchemaOf(schema: StandardSchema<unknown, unknown>): JsonSchema | undefined {
  const standard = recordOf((schema['~standard'] as { jsonSchema?: unknown }).jsonSchema)
  const own = schema as { toJSONSchema?: unknown; toJsonSchema?: unknown }
  const makers: [unknown, unknown, unknown][] = [
    [standard?.input, standard, { target: 'draft-2020-12' }],
    [standard?.input, standard, { target: 'draft-07' }],
    [own.toJSONSchema, schema, undefined],
    [own.toJsonSchema, schema, undefined],
  ]
  for (const [make, holder, options] of makers) {
    if (typeof make !== 'function') continue
    try {
      const made = recordOf(make.call(holder, options))
      if (made !== undefined) return made
    } catch {
      // A schema with parts that JSON Schema has no words for (a transform, a date) is asked for without it.
    }
  }
  return undefined
}

/** A request for JSON that fits a schema. The schema is sent along when it can describe itself, unless the request has its own `responseFormat`. */
export function jsonRequest<Request extends Partial<ChatRequest>>(
  request: Request,
  schema: StandardSchema<unknown, unknown>,
): Request & { readonly responseFormat: NonNullable<ChatRequest['responseFormat']> } {
  const described = jsonSchemaOf(schema)
  return { responseFormat: { type: 'json', ...(described && { schema: described }) }, ...request }
}

/**
 * The value in an answer.
 *
 * @throws {LLMError} with reason `invalid_output`; the hint says so when the answer was cut off by its length
 */
export async function jsonInResult<Value>(
  result: ChatResult,
  schema: StandardSchema<unknown, Value>,
  repair?: (text: string) => string,
): Promise<Value> {
  try {
    return await extractJsonSoon(result.text, schema, repair)
  } catch (error) {
    if (!isConfigError(error, 'E_LLM') || result.finishReason !== 'length') throw error
    const { message, problems } = error as LLMError
    throw new LLMError(`${message} The answer was cut off: its finish reason is "length".`, {
      reason: 'invalid_output',
      provider: result.provider,
      model: result.model,
      partial: result.text,
      problems,
      hint: 'Raise maxOutputTokens.',
      cause: error,
    })
  }
}

/** The messages that ask once more after an answer that cannot be used, and say what was wrong with it. An empty answer is left out. */
export function askAgain(messages: readonly Message[], result: ChatResult, error: LLMError): readonly Message[] {
  const said = (error.problems?.length ? error.problems : [error.message]).map((problem) => `- ${problem}`).join('\n')
  const { text, toolCalls } = result
  const answer =
    text.length > LONGEST_ECHO ? { role: 'assistant' as const, content: text.slice(0, LONGEST_ECHO) } : assistantMessage(result)
  return [
    ...messages,
    ...(text.trim() === '' || toolCalls.length > 0 ? [] : [answer]),
    { role: 'user', content: `That answer cannot be used:\n${said}\nAnswer again with the corrected JSON alone.` },
  ]
}
