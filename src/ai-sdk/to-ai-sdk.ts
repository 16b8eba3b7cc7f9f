import type { Message } from '../entities/message.js'
import type { CallOptions, ChatEvent, ChatRequest, ChatResult, LLMClient, ToolDefinition } from '../llm/llm-client.js'
import { LLMError } from '../shared/errors.js'
import type { CallShape, PartShape, WarningShape } from './ai-sdk-types.js'

/** A language model of specification v3, as `generateText`, `streamText` and `generateObject` of ai@6 take it. */
export interface AISDKModelV3 {
  readonly specificationVersion: 'v3'
  readonly provider: string
  readonly modelId: string
  readonly supportedUrls: Record<string, RegExp[]>
  // The AI SDK's own types name hundreds of parts; `never` and `any`-free promises let its checker accept this shape.
  doGenerate(options: CallShape): Promise<never>
  doStream(options: CallShape): Promise<never>
}

/**
 * Puts one of our clients into the AI SDK. Retries are the client's: the AI SDK makes none on top.
 *
 * Under `providerOptions` the client reads what stands under its own name. A tool choice other than `auto` and `none`
 * cannot be carried, and the result warns.
 *
 * @example
 * ```ts
 * const { text } = await generateText({ model: toAISDK(ollama, 'qwen3:14b'), prompt: 'Why is the sky blue?' })
 * ```
 */
export function toAISDK(client: LLMClient, modelId: string, callOptions: Omit<CallOptions, 'signal' | 'headers'> = {}): AISDKModelV3 {
  const asked = (options: CallShape) => {
    const { request, warnings } = requestOf(options, client.provider, modelId)
    return {
      request,
      warnings,
      call: { ...callOptions, ...headersOf(options), ...(options.abortSignal && { signal: options.abortSignal }) },
    }
  }

  return {
    specificationVersion: 'v3',
    provider: client.provider,
    modelId,
    supportedUrls: {},

    async doGenerate(options) {
      const { request, warnings, call } = asked(options)
      const result = await client.chat(request, call).catch((error: unknown) => throwTheirs(error))
      return {
        content: contentOf(result),
        ...endOf(result),
        warnings: [...warnings, ...warningsOf(result)],
        response: { modelId: result.model, body: result.raw },
      } as never
    },

    async doStream(options) {
      const { request, warnings, call } = asked(options)
      const events = client.stream(request, call)[Symbol.asyncIterator]()
      // The first event is waited for here, so that a call that fails before it rejects instead of breaking a stream.
      const first = await events.next().catch((error: unknown) => throwTheirs(error))
      return { stream: streamOf(events, first, warnings) } as never
    },
  }
}

/** An abort is told by the name of the error, and the AI SDK wants the signal's own. */
function throwTheirs(error: unknown): never {
  if (error instanceof LLMError && error.reason === 'aborted') throw error.cause ?? new DOMException(error.message, 'AbortError')
  throw error
}

function headersOf({ headers }: CallShape): Pick<CallOptions, 'headers'> {
  if (headers === undefined) return {}
  return { headers: Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)) }
}

function requestOf(options: CallShape, provider: string, model: string): { request: ChatRequest; warnings: WarningShape[] } {
  const { temperature, topP, topK, maxOutputTokens, stopSequences, seed, presencePenalty, frequencyPenalty, responseFormat, reasoning } =
    options
  const warnings: WarningShape[] = []
  const isToolless = options.toolChoice?.type === 'none'
  if (options.toolChoice && !isToolless && options.toolChoice.type !== 'auto') warnings.push({ type: 'unsupported', feature: 'toolChoice' })
  const tools: ToolDefinition[] = []
  for (const { type, name, description, inputSchema } of isToolless ? [] : (options.tools ?? [])) {
    if (type === 'function') tools.push({ name, ...(description !== undefined && { description }), inputSchema: inputSchema as never })
    else warnings.push({ type: 'unsupported', feature: `tool ${name}` })
  }
  const given = { temperature, topP, topK, maxOutputTokens, stopSequences, seed, presencePenalty, frequencyPenalty, responseFormat }
  const own = options.providerOptions?.[provider]
  const request = {
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<ChatRequest>),
    ...reasoningOf(reasoning),
    ...(tools.length > 0 && { tools }),
    ...(own && { providerOptions: own }),
    model,
    messages: options.prompt.flatMap((message) => messagesOf(message as PromptMessage, warnings)),
  }
  return { request, warnings }
}

/** v4's words for how hard to think. */
function reasoningOf(effort: string | undefined): Pick<ChatRequest, 'reasoning'> {
  if (effort === undefined || effort === 'provider-default') return {}
  if (effort === 'none') return { reasoning: false }
  if (effort === 'minimal') return { reasoning: 'low' }
  return { reasoning: effort === 'low' || effort === 'medium' ? effort : 'high' }
}

type PromptMessage = { readonly role: Message['role']; readonly content: string | readonly PartShape[] }

/** One message of theirs; results of tools come together there and one by one here. */
function messagesOf({ role, content }: PromptMessage, warnings: WarningShape[]): Message[] {
  if (typeof content === 'string') return [{ role, content }]
  if (role === 'tool') {
    return content
      .filter(({ type }) => type === 'tool-result')
      .map(({ toolCallId = '', toolName = '', output }) => ({ role, content: outputText(output), toolName, toolCallId }))
  }
  const texts: string[] = []
  const thoughts: string[] = []
  const images: (Uint8Array | string)[] = []
  const toolCalls: { id: string; name: string; input: unknown }[] = []
  for (const part of content) {
    if (part.type === 'text') texts.push(part.text ?? '')
    else if (part.type === 'reasoning') thoughts.push(part.text ?? '')
    else if (part.type === 'tool-call') toolCalls.push({ id: part.toolCallId ?? '', name: part.toolName ?? '', input: part.input })
    else if (part.type === 'file' && part.mediaType?.startsWith('image')) images.push(imageOf(part.data))
    else warnings.push({ type: 'unsupported', feature: `${part.type}${part.mediaType ? ` of type ${part.mediaType}` : ''} in a message` })
  }
  return [
    {
      role,
      content: texts.join(''),
      ...(thoughts.length > 0 && { thinking: thoughts.join('') }),
      ...(images.length > 0 && { images }),
      ...(toolCalls.length > 0 && { toolCalls }),
    },
  ]
}

/** Bytes or base64; v4 wraps them. URLs are fetched by the AI SDK itself, because `supportedUrls` is empty. */
function imageOf(data: unknown): Uint8Array | string {
  const wrapped = (data as { data?: unknown }).data ?? data
  return wrapped instanceof Uint8Array ? wrapped : String(wrapped)
}

function outputText(output: unknown): string {
  const { type, value, reason } = output as { type: string; value?: unknown; reason?: string }
  if (type === 'execution-denied') return reason ?? 'The tool was not allowed to run.'
  if (type !== 'content') return typeof value === 'string' ? value : JSON.stringify(value)
  return (value as readonly PartShape[]).map((part) => part.text ?? '').join('')
}

function contentOf(result: ChatResult): unknown[] {
  const content: unknown[] = []
  if (result.thinking) content.push({ type: 'reasoning', text: result.thinking })
  if (result.text !== '') content.push({ type: 'text', text: result.text })
  for (const { id, name, input } of result.toolCalls) {
    content.push({ type: 'tool-call', toolCallId: id, toolName: name, input: JSON.stringify(input) })
  }
  return content
}

function endOf({ finishReason, usage }: Pick<ChatResult, 'finishReason' | 'usage'>) {
  return {
    finishReason: { unified: finishReason, raw: finishReason },
    usage: {
      inputTokens: { total: usage.inputTokens, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: usage.outputTokens, text: undefined, reasoning: undefined },
    },
  }
}

function warningsOf(result: ChatResult): WarningShape[] {
  return (result.warnings ?? []).map((message) => ({ type: 'other', message }))
}

function streamOf(
  events: AsyncIterator<ChatEvent>,
  first: IteratorResult<ChatEvent>,
  warnings: readonly WarningShape[],
): ReadableStream<unknown> {
  let open: { type: 'text' | 'reasoning'; id: string } | undefined
  let blocks = 0
  let next: IteratorResult<ChatEvent> | undefined = first
  return new ReadableStream<unknown>({
    start: (controller) => controller.enqueue({ type: 'stream-start', warnings }),
    async pull(controller) {
      try {
        const { value: event, done } = next ?? (await events.next())
        next = undefined
        const kind = event?.type === 'thinking' ? 'reasoning' : event?.type === 'text' ? 'text' : undefined
        if (open !== undefined && open.type !== kind) {
          controller.enqueue({ type: `${open.type}-end`, id: open.id })
          open = undefined
        }
        if (done) {
          controller.close()
          return
        }
        if (kind !== undefined) {
          if (open === undefined) {
            open = { type: kind, id: String(blocks) }
            blocks += 1
            controller.enqueue({ type: `${kind}-start`, id: open.id })
          }
          controller.enqueue({ type: `${kind}-delta`, id: open.id, delta: (event as { delta: string }).delta })
        } else if (event.type === 'tool-call') {
          const { id, name, input } = event.toolCall
          controller.enqueue({ type: 'tool-input-start', id, toolName: name })
          controller.enqueue({ type: 'tool-input-delta', id, delta: JSON.stringify(input) })
          controller.enqueue({ type: 'tool-input-end', id })
          controller.enqueue({ type: 'tool-call', toolCallId: id, toolName: name, input: JSON.stringify(input) })
        } else if (event.type === 'finish') {
          controller.enqueue({ type: 'response-metadata', modelId: event.result.model })
          controller.enqueue({ type: 'finish', ...endOf(event.result) })
        }
      } catch (error) {
        if (error instanceof LLMError && error.reason === 'aborted') controller.error(error.cause ?? error)
        else {
          controller.enqueue({ type: 'error', error })
          controller.enqueue({ type: 'finish', ...endOf({ finishReason: 'error', usage: {} }) })
          controller.close()
        }
      }
    },
    cancel: () => void events.return?.()?.catch(() => {}),
  })
}
