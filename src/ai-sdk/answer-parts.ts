import type { Message, MessagePart, OpaquePart, ProviderRecord, ToolCall } from '../entities/message.js'
import type { ChatResult } from '../llm/llm-client.js'
import { parsedText } from '../llm/wire-values.js'
import type { PartShape } from './ai-sdk-types.js'

/** The parts of one answer of an AI SDK model, in their order, with what the provider says of each. */
export class AnswerParts {
  readonly #parts: Block[] = []
  readonly #byId = new Map<string, Block>()
  readonly #toolCalls: ToolCall[] = []

  /** Takes a whole part. */
  add(part: PartShape): void {
    const { type, text = '', providerMetadata } = part
    if (type === 'text' || type === 'reasoning') this.#parts.push({ type, text, providerMetadata })
    else if (type === 'tool-call') {
      const toolCall = toolCallOf(part)
      this.#toolCalls.push(toolCall)
      this.#parts.push({ type, toolCallId: toolCall.id, toolName: toolCall.name, input: toolCall.input })
    } else if (type === 'file') this.#parts.push({ type, mediaType: part.mediaType, data: dataOf(part.data), providerMetadata })
  }

  /** Takes a piece of a part of a stream: what follows each other under one id is one part. */
  addPiece({ id = '', delta = '', providerMetadata }: PartShape, type: 'text' | 'reasoning'): void {
    const key = `${type} ${id}`
    let block = this.#byId.get(key)
    if (block === undefined) {
      block = { type, text: '' }
      this.#byId.set(key, block)
      this.#parts.push(block)
    }
    block.text += delta
    if (providerMetadata) block.providerMetadata = merged(block.providerMetadata, providerMetadata)
  }

  /** The id that separates a part of a stream from the one before it of the same type; the first of each type has none. */
  partId({ id = '' }: PartShape, type: 'text' | 'reasoning'): string | undefined {
    return this.#parts.find((part) => part.type === type) === this.#byId.get(`${type} ${id}`) ? undefined : id
  }

  fields(): Pick<ChatResult, 'text' | 'thinking' | 'toolCalls' | 'message'> {
    const text = this.#textOf('text')
    const thinking = this.#textOf('reasoning')
    const message = this.#message()
    return { text, ...(thinking !== '' && { thinking }), toolCalls: this.#toolCalls, ...(message && { message }) }
  }

  /** Only when text, thoughts and tool calls do not tell everything: provider metadata, files, or an unusual order. */
  #message(): Message | undefined {
    const order = this.#parts.map(({ type }) => type)
    const isMixed =
      order.lastIndexOf('reasoning') > Math.min(...['text', 'tool-call'].map((type) => indexIn(order, type))) || order.includes('file')
    const isMixedCalls = order.lastIndexOf('text') > indexIn(order, 'tool-call')
    if (
      !isMixed &&
      !isMixedCalls &&
      !this.#parts.some((part) => part.providerMetadata) &&
      !this.#toolCalls.some((call) => call.providerMetadata)
    )
      return undefined
    // When all calls come last, their position needs no part.
    const isPlaced = isMixed || isMixedCalls
    const content = this.#parts.filter(({ type, text, providerMetadata }) =>
      type === 'tool-call' ? isPlaced : text !== '' || providerMetadata,
    )
    return {
      role: 'assistant',
      content: content.map(
        (part) => Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as unknown as MessagePart,
      ),
      ...(this.#toolCalls.length > 0 && { toolCalls: this.#toolCalls }),
    }
  }

  #textOf(type: string): string {
    return this.#parts.map((part) => (part.type === type ? (part.text ?? '') : '')).join('')
  }
}

interface Block extends Omit<OpaquePart, 'type'> {
  type: string
  text?: string
  providerMetadata?: ProviderRecord | undefined
}

/** A tool call of an answer; arguments that are no JSON are seen as the text they are. */
export function toolCallOf({ toolCallId = '', toolName = '', input, providerMetadata }: PartShape): ToolCall {
  return { id: toolCallId, name: toolName, input: input === '' ? {} : parsedText(input), ...(providerMetadata && { providerMetadata }) }
}

function indexIn(list: readonly string[], type: string): number {
  const at = list.indexOf(type)
  return at < 0 ? Number.POSITIVE_INFINITY : at
}

/** Merges provider metadata, which a stream also sends in pieces: the signature of a thought comes at its end. */
function merged(one: ProviderRecord | undefined, other: ProviderRecord): ProviderRecord {
  const names = Object.keys({ ...one, ...other })
  return Object.fromEntries(names.map((name) => [name, { ...one?.[name], ...other[name] }]))
}

/** The bytes of a file part; v4 wraps them in an object. */
function dataOf(data: unknown): unknown {
  const wrapped = data as { readonly data?: unknown } | undefined
  return data instanceof Uint8Array || typeof data === 'string' ? data : wrapped?.data
}
