import { assistantMessage } from '../llm/assistant-message.js'
import { extractJson, invalidOutput } from '../llm/extract-json.js'
import type { ChatResult, JsonSchema } from '../llm/llm-client.js'
import { problemsOf } from '../llm/schema-problems.js'
import { isConfigError, type LLMError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { jsonSchemaOf } from './json-schema-of.js'
import type { AgentRequest } from './model-choice.js'

/** What `chatJSON` gives. */
export interface JsonAnswer<Value> {
  readonly value: Value
  /** The model's answer that held it. */
  readonly result: ChatResult
}

/** Longest part of a refused answer that is sent back to the model. */
const LONGEST_ECHO = 8_000

/** Asks for JSON that fits a schema; when the answer does not, asks once more and says what was wrong. */
export async function askForJson<Value>(
  schema: StandardSchema<unknown, Value>,
  request: AgentRequest,
  ask: (request: AgentRequest) => Promise<ChatResult>,
  repair: ((text: string) => string) | undefined,
): Promise<JsonAnswer<Value>> {
  const described: JsonSchema | undefined = jsonSchemaOf(schema)
  const asked: AgentRequest = { responseFormat: { type: 'json', ...(described && { schema: described }) }, ...request }
  const result = await ask(asked)
  try {
    return { value: await valueIn(result, schema, repair), result }
  } catch (error) {
    if (!isConfigError(error, 'E_LLM')) throw error
    const second = await ask({ ...asked, messages: [...request.messages, ...correction(result, error as LLMError)] })
    return { value: await valueIn(second, schema, repair), result: second }
  }
}

/** The refused answer, if there is one, and what is wrong with it: providers refuse an assistant's turn without a content. */
function correction(result: ChatResult, { problems, message }: LLMError): AgentRequest['messages'] {
  const said = (problems ?? [message]).map((problem) => `- ${problem}`).join('\n')
  const answer = assistantMessage({ ...result, text: result.text.slice(0, LONGEST_ECHO), toolCalls: [] })
  return [
    ...(result.text.trim() === ''
      ? []
      : [result.text.length > LONGEST_ECHO ? { ...answer, content: result.text.slice(0, LONGEST_ECHO) } : answer]),
    { role: 'user', content: `That answer cannot be used:\n${said}\nAnswer again with the corrected JSON alone.` },
  ]
}

async function valueIn<Value>(
  result: ChatResult,
  schema: StandardSchema<unknown, Value>,
  repair: ((text: string) => string) | undefined,
): Promise<Value> {
  const found = extractJson(result.text, repair === undefined ? {} : { repair })
  const checked = await schema['~standard'].validate(found)
  if (checked.issues === undefined) return checked.value
  throw invalidOutput(result.text, problemsOf(checked.issues))
}
