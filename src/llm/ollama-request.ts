import type { FilePart, ImagePart, Message } from '../entities/message.js'
import { LLMError } from '../shared/errors.js'
import { isFilePart, isImagePart, isReasoningPart, isTextPart } from '../shared/message-parts.js'
import { checkRequest } from './check-messages.js'
import type { ChatRequest, SamplingOptions } from './llm-client.js'
import { mediaOf, partsOf } from './media.js'
import { present } from './present.js'
import { parsedText } from './wire-values.js'

/** The body of a request to Ollama, and warnings about options that Ollama cannot follow. */
export interface OllamaBody {
  readonly body: Record<string, unknown>
  readonly warnings: string[]
}

/** Keys of the body itself. Everything else that Ollama knows belongs into `options`. */
const BODY_KEY = /^(keep_alive|think|format|truncate|shift|(top_)?logprobs|dimensions|template|raw|context)$/

/** Keys of `options`; the server ignores any other without a word. @see docs/api.md of Ollama */
const OPTION_KEY =
  /^(num_(keep|predict|ctx|batch|gpu|thread)|draft_num_predict|(top|min|typical)_p|top_k|main_gpu|seed|temperature|stop|repeat_last_n|(repeat|presence|frequency)_penalty|penalize_newline|numa|use_mmap)$/

/** The body of `POST /api/chat`. @throws {LLMError} with reason `unsupported` for content that Ollama cannot be sent */
export function chatBody(request: ChatRequest, provider: string): OllamaBody {
  checkRequest(provider, request.model, request.messages, false)
  const { body, warnings } = samplingBody(request)
  const tools = offeredTools(request, warnings)
  if (tools?.length) {
    body.tools = tools.map(({ name, description, inputSchema }) => ({
      type: 'function',
      function: { name, description, parameters: inputSchema },
    }))
  }
  const { messages } = request
  const toolNames = new Map(messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id, name }) => [id, name])))
  body.messages = messages.map((message) => wireMessage(message, toolNames, warnings))
  return { body, warnings }
}

/** Ollama has no option for `toolChoice`, so a choice is made by offering fewer tools. */
function offeredTools({ tools, toolChoice = 'auto' }: ChatRequest, warnings: string[]): ChatRequest['tools'] {
  if (toolChoice === 'auto' || toolChoice === 'none') return toolChoice === 'none' ? [] : tools
  warnings.push('Ollama cannot be made to ask for a tool (toolChoice); the model decides.')
  return toolChoice === 'required' ? tools : tools?.filter(({ name }) => name === toolChoice.toolName)
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
  return { body: { model: request.model, stream: true, ...body }, warnings }
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
  return mediaOf({ data: image }).base64 ?? ''
}

/** @param warnings gets a sentence for each part that is left out */
function wireMessage(message: Message, toolNames: ReadonlyMap<string, string>, warnings: string[]): object {
  const { role, content, toolCalls, toolName, toolCallId } = message
  const isPlain = typeof content === 'string' && !message.images
  const { text, thinking, images } = isPlain ? { text: content, thinking: message.thinking, images: undefined } : flat(message, warnings)
  return {
    role: role === 'developer' ? 'system' : role,
    content: text,
    thinking,
    images,
    tool_calls: toolCalls?.map(({ id, name, input }) => ({ id, function: { name, arguments: parsedText(input) ?? {} } })),
    // Ollama matches results to calls by the tool's name, others by the call's id alone.
    tool_name: toolName ?? (toolCallId && toolNames.get(toolCallId)),
    tool_call_id: toolCallId,
  }
}

/** A message of parts as Ollama has it: one text, one thought, and pictures beside them. */
function flat(message: Message, warnings: string[]): { text: string; thinking: string | undefined; images: string[] | undefined } {
  let text = ''
  let thinking: string | undefined
  const images: string[] = []
  for (const part of partsOf(message)) {
    if (isTextPart(part)) text += part.text
    else if (isReasoningPart(part)) thinking = (thinking ?? '') + part.text
    else if (isImagePart(part) || isFilePart(part)) images.push(pictureOf(part))
    else warnings.push(`A part of type "${part.type}" was left out: Ollama takes text and pictures.`)
  }
  return { text, thinking, images: images.length > 0 ? images : undefined }
}

function pictureOf(part: ImagePart | FilePart): string {
  const { base64, mediaType = '' } = mediaOf(part)
  if (base64 !== undefined && (part.type === 'image' || mediaType.startsWith('image/'))) return base64
  const what = base64 === undefined ? 'a picture by its address' : `a file of type "${mediaType}"`
  throw new LLMError(`Ollama cannot be sent ${what}: it takes pictures as bytes or base64.`, { reason: 'unsupported' })
}
