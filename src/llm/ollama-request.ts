import type { Message } from '../entities/message.js'
import { base64Of } from './base64.js'
import type { ChatRequest, SamplingOptions } from './llm-client.js'
import { present } from './present.js'

/** The body of a request to Ollama, and what of the caller's wishes it may not carry. */
export interface OllamaBody {
  readonly body: Record<string, unknown>
  readonly warnings: string[]
}

/** Keys of the body itself. Everything else that Ollama knows belongs into `options`. */
const BODY_KEY = /^(keep_alive|think|format|truncate|shift|(top_)?logprobs|dimensions|template|raw|context)$/

/** Keys of `options`; the server ignores any other without a word. @see docs/api.md of Ollama */
const OPTION_KEY =
  /^(num_(keep|predict|ctx|batch|gpu|thread)|draft_num_predict|(top|min|typical)_p|top_k|main_gpu|seed|temperature|stop|repeat_last_n|(repeat|presence|frequency)_penalty|penalize_newline|numa|use_mmap)$/

/** The body of `POST /api/chat`. */
export function chatBody(request: ChatRequest): OllamaBody {
  const { body, warnings } = samplingBody(request)
  const { messages, tools } = request
  if (tools?.length) {
    body.tools = tools.map(({ name, description, inputSchema }) => ({
      type: 'function',
      function: { name, description, parameters: inputSchema },
    }))
  }
  body.messages = messages.map((message) => wireMessage(message, messages))
  return { body, warnings }
}

/** What every kind of completion has in common: model, options, format, thinking, and the provider's own keys in their places. */
export function samplingBody(request: SamplingOptions & { readonly model: string }): OllamaBody {
  const { responseFormat } = request
  const { body, warnings } = placed({
    ...request.providerOptions,
    ...present({
      temperature: request.temperature,
      top_p: request.topP,
      top_k: request.topK,
      num_predict: request.maxOutputTokens,
      stop: request.stopSequences,
      seed: request.seed,
      presence_penalty: request.presencePenalty,
      frequency_penalty: request.frequencyPenalty,
      think: request.reasoning,
      format: responseFormat?.type === 'json' ? (responseFormat.schema ?? 'json') : undefined,
    }),
  })
  return { body: { ...body, model: request.model, stream: true }, warnings }
}

/** Keys in Ollama's words, each where the server looks for it. Unknown ones are sent among the options and warned about. */
export function placed(providerOptions: { readonly [name: string]: unknown } = {}): OllamaBody {
  const { options: given, ...rest } = providerOptions
  const body: Record<string, unknown> = {}
  const options: Record<string, unknown> = {}
  const warnings: string[] = []
  for (const [key, value] of Object.entries(present({ ...(given as object | undefined), ...rest }))) {
    ;(BODY_KEY.test(key) ? body : options)[key] = value
    if (key in options && !OPTION_KEY.test(key)) warnings.push(`Ollama may ignore "${key}", an unknown option.`)
  }
  if (Object.keys(options).length > 0) body.options = options
  return { body, warnings }
}

/** A picture as the wire has it: base64. Never a path, never read from disk. */
export function wireImage(image: Uint8Array | string): string {
  return typeof image === 'string' ? image : base64Of(image)
}

/** The value of a text that is JSON, and any other value as it is. Arguments of tools are an object at one end and a text at the other. */
export function parsedText(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    return value
  }
}

function wireMessage({ role, content, images, toolCalls, toolName, toolCallId, thinking }: Message, all: readonly Message[]): object {
  return {
    role,
    content,
    thinking,
    images: images?.map(wireImage),
    tool_calls: toolCalls?.map(({ id, name, input }) => ({ id, function: { name, arguments: parsedText(input) ?? {} } })),
    // Ollama matches results to calls by the tool's name, others by the call's id alone.
    tool_name: toolName ?? (toolCallId && all.flatMap((message) => message.toolCalls ?? []).find(({ id }) => id === toolCallId)?.name),
    tool_call_id: toolCallId,
  }
}
