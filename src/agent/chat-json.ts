import { askAgain, jsonInResult, jsonRequest } from '../llm/json-answer.js'
import type { ChatResult } from '../llm/llm-client.js'
import { isConfigError, type LLMError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import type { AgentRequest } from './model-choice.js'

/** What `chatJSON` gives. */
export interface JsonAnswer<Value> {
  readonly value: Value
  /** The model's answer that held it. */
  readonly result: ChatResult
}

/** Asks for JSON that fits a schema; when the answer does not, asks once more and says what was wrong. */
export async function askForJson<Value>(
  schema: StandardSchema<unknown, Value>,
  request: AgentRequest,
  ask: (request: AgentRequest) => Promise<ChatResult>,
  repair: ((text: string) => string) | undefined,
): Promise<JsonAnswer<Value>> {
  const asked = jsonRequest(request, schema)
  const result = await ask(asked)
  try {
    return { value: await jsonInResult(result, schema, repair), result }
  } catch (error) {
    if (!isConfigError(error, 'E_LLM')) throw error
    const second = await ask({ ...asked, messages: askAgain(request.messages, result, error as LLMError) })
    return { value: await jsonInResult(second, schema, repair), result: second }
  }
}
