import type { ChatRequest } from './llm-client.js'
import { openAIMessages } from './openai-messages.js'
import type { Fields } from './wire-values.js'

/**
 * The body of `POST /chat/completions`. Absent values are left out by JSON itself.
 *
 * @param isOpenAI whether OpenAI itself, or Azure, is asked: they want another word for the longest answer
 */
export function chatCompletion(request: ChatRequest, provider: string, isOpenAI: boolean): Fields {
  const { tools, toolChoice, responseFormat, reasoning } = request
  return {
    model: request.model,
    messages: openAIMessages(request.messages, provider, 'system'),
    temperature: request.temperature,
    top_p: request.topP,
    top_k: request.topK,
    [isOpenAI ? 'max_completion_tokens' : 'max_tokens']: request.maxOutputTokens,
    stop: request.stopSequences,
    seed: request.seed,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    reasoning_effort: reasoning === false ? 'none' : reasoning === true ? undefined : reasoning,
    response_format: responseFormat?.type === 'json' ? jsonFormat(responseFormat.schema) : undefined,
    ...(tools?.length && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: 'function',
        function: { name, description, parameters: inputSchema },
      })),
      tool_choice: typeof toolChoice === 'object' ? { type: 'function', function: { name: toolChoice.toolName } } : toolChoice,
    }),
    stream: true,
    stream_options: { include_usage: true },
    ...request.providerOptions,
  }
}

function jsonFormat(schema: object | undefined): object {
  return schema ? { type: 'json_schema', json_schema: { name: 'answer', schema } } : { type: 'json_object' }
}
