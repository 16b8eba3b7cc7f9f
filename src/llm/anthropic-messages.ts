import type { CacheMark, Message, MessagePart, OpaquePart, ProviderFields } from '../entities/message.js'
import { LLMError } from '../shared/errors.js'
import { isFilePart, isImagePart, isReasoningPart, isTextPart } from '../shared/message-parts.js'
import { mediaOf, partsOf } from './media.js'
import { toMessages } from './to-messages.js'
import { parsedText } from './wire-values.js'

/** What marks the end of a cached prefix. */
export interface AnthropicCacheControl {
  type: 'ephemeral'
  ttl?: '5m' | '1h'
}

type Cacheable = { cache_control?: AnthropicCacheControl }

/** A block of text. */
export type AnthropicText = Cacheable & { type: 'text'; text: string }

/** A picture or a document. */
export type AnthropicSource =
  | { type: 'base64'; media_type: string; data: string }
  | { type: 'url'; url: string }
  | { type: 'text'; media_type: 'text/plain'; data: string }

/** A block of a message. */
export type AnthropicBlock =
  | AnthropicText
  | (Cacheable & { type: 'image'; source: AnthropicSource })
  | (Cacheable & { type: 'document'; source: AnthropicSource; title?: string })
  | (Cacheable & { type: 'tool_use'; id: string; name: string; input: unknown })
  | (Cacheable & { type: 'tool_result'; tool_use_id: string; content: string | AnthropicBlock[] })
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }

/** A message as Anthropic's Messages API takes it. */
export interface AnthropicMessage {
  role: 'user' | 'assistant'
  content: string | AnthropicBlock[]
}

/** A conversation as Anthropic's Messages API takes it. */
export interface AnthropicMessages {
  /** What `system` and `developer` messages say: one text, or blocks when there are several or one is cached. Absent without any. */
  system?: string | AnthropicText[]
  messages: AnthropicMessage[]
}

/**
 * Messages as Anthropic's Messages API takes them. Nothing is sent and nothing is changed.
 *
 * Messages of role `system` and `developer` become `system`, wherever they stand. Results of tools go to the user's side,
 * and messages of one side that follow each other become one. Cache marks become `cache_control`, at most four: the API
 * refuses more, so the last ones stay. It also refuses a mark of an hour behind one of five minutes, so marks before it last
 * an hour too; and text of nothing but blanks, which is left out. Thoughts go back only with their signature
 * (`providerMetadata.anthropic`).
 *
 * @throws {LLMError} with reason `unsupported` for a picture or a file in a message of role `system` or `developer`
 * @example
 * ```ts
 * toAnthropicMessages([
 *   { role: 'system', content: 'Answer briefly.', cache: true },
 *   { role: 'user', content: 'Why is the sky blue?' },
 * ])
 * // { system: [{ type: 'text', text: 'Answer briefly.', cache_control: { type: 'ephemeral' } }], messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
 * ```
 */
export function toAnthropicMessages(messages: readonly Message[]): AnthropicMessages {
  const system: AnthropicText[] = []
  const turns: { role: 'user' | 'assistant'; blocks: AnthropicBlock[] }[] = []
  for (const message of toMessages(messages)) {
    const blocks = withCache(blocksOf(message), message.cache)
    if (message.role === 'system' || message.role === 'developer') {
      if (blocks.some(({ type }) => type === 'image' || type === 'document'))
        throw new LLMError(`A message of role ${message.role} cannot show a picture or a file.`, { reason: 'unsupported' })
      system.push(...blocks.filter((block) => block.type === 'text'))
      continue
    }
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const last = turns.at(-1)
    if (last?.role === role) last.blocks.push(...blocks)
    else if (blocks.length > 0) turns.push({ role, blocks })
  }
  const blocks = [...system, ...turns.flatMap((turn) => turn.blocks.flatMap(withInner))]
  keepLastMarks(blocks)
  putLongMarksFirst(blocks)
  const [only, ...more] = system
  return {
    ...(only && { system: more.length > 0 || only.cache_control ? system : only.text }),
    messages: turns.map(({ role, blocks }) => ({ role, content: plainText(blocks) ?? blocks })),
  }
}

/** A block behind those that it holds: a result of a tool may have marks within. */
function withInner(block: AnthropicBlock): AnthropicBlock[] {
  return block.type === 'tool_result' && Array.isArray(block.content) ? [...block.content, block] : [block]
}

/** Most marks that the API takes in one request. */
const MOST_MARKS = 4

function keepLastMarks(blocks: readonly (AnthropicBlock & Cacheable)[]): void {
  for (const block of blocks.filter(({ cache_control }) => cache_control).slice(0, -MOST_MARKS)) delete block.cache_control
}

/** The prefix that is kept for an hour holds those before it, so nothing more is written for them. */
function putLongMarksFirst(blocks: readonly (AnthropicBlock & Cacheable)[]): void {
  const lastLong = blocks.findLastIndex(({ cache_control }) => cache_control?.ttl === '1h')
  for (const block of blocks.slice(0, Math.max(lastLong, 0))) {
    if (block.cache_control) block.cache_control = { ...block.cache_control, ttl: '1h' }
  }
}

/** A single block of plain text is sent as a string. */
function plainText(blocks: readonly AnthropicBlock[]): string | undefined {
  const [only, ...more] = blocks
  return only?.type === 'text' && more.length === 0 && Object.keys(only).length === 2 ? only.text : undefined
}

function blocksOf(message: Message): AnthropicBlock[] {
  const blocks = withoutBlanks(partsOf(message).flatMap((part) => withCache(blockOf(part), (part as { cache?: CacheMark }).cache)))
  if (message.role === 'tool') {
    const content = plainText(blocks) ?? blocks
    return [
      { type: 'tool_result', tool_use_id: message.toolCallId ?? '', content: content.length === 0 ? '' : content, ...optionsOf(message) },
    ]
  }
  const uses = (message.toolCalls ?? []).map((call) => ({
    type: 'tool_use' as const,
    id: call.id,
    name: call.name,
    input: parsedText(call.input) ?? {},
    ...optionsOf(call),
  }))
  return [...blocks, ...uses]
}

/** The mark of a text that is left out stands at what comes before it. */
function withoutBlanks(blocks: readonly AnthropicBlock[]): AnthropicBlock[] {
  let kept: AnthropicBlock[] = []
  for (const block of blocks) {
    if (block.type !== 'text' || block.text.trim() !== '') kept.push(block)
    else kept = marked(kept, block.cache_control)
  }
  return kept
}

function blockOf(part: MessagePart): AnthropicBlock[] {
  if (isTextPart(part)) return [{ type: 'text', text: part.text, ...optionsOf(part) }]
  if (isReasoningPart(part)) return thought(part.text, { ...part.providerMetadata?.anthropic, ...part.providerOptions?.anthropic })
  // A part that only the provider knows.
  if (!isImagePart(part) && !isFilePart(part)) {
    const { cache, ...block } = part as OpaquePart
    return [block as unknown as AnthropicBlock]
  }
  const { url, base64 = '', mediaType = part.type === 'image' ? 'image/png' : 'application/pdf' } = mediaOf(part)
  const source: AnthropicSource = url === undefined ? { type: 'base64', media_type: mediaType, data: base64 } : { type: 'url', url }
  if (part.type === 'image' || mediaType.startsWith('image/')) return [{ type: 'image', source, ...optionsOf(part) }]
  const title = isFilePart(part) && part.filename !== undefined ? { title: part.filename } : {}
  const isText = url === undefined && mediaType.startsWith('text/')
  const text: AnthropicSource = { type: 'text', media_type: 'text/plain', data: isText ? textOf(base64) : '' }
  return [{ type: 'document', source: isText ? text : source, ...title, ...optionsOf(part) }]
}

/** The API takes thoughts back with the signature it gave them, and refuses any other. */
function thought(
  text: string,
  { signature, redactedData }: { readonly signature?: unknown; readonly redactedData?: unknown },
): AnthropicBlock[] {
  if (typeof redactedData === 'string') return [{ type: 'redacted_thinking', data: redactedData }]
  return typeof signature === 'string' ? [{ type: 'thinking', thinking: text, signature }] : []
}

function textOf(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}

/** `providerOptions` are merged over the block. Ids and signatures that the provider sent with it go back with thoughts only. */
function optionsOf({ providerOptions }: ProviderFields): object {
  const { cacheControl, ...options } = providerOptions?.anthropic ?? {}
  return { ...(cacheControl !== undefined && { cache_control: cacheControl }), ...options }
}

function withCache(blocks: AnthropicBlock[], cache: CacheMark | undefined): AnthropicBlock[] {
  return cache ? marked(blocks, { type: 'ephemeral', ...(cache !== true && { ttl: cache }) }) : blocks
}

/** The mark stands at the last block that can have one. */
function marked(blocks: AnthropicBlock[], mark: AnthropicCacheControl | undefined): AnthropicBlock[] {
  const at = blocks.findLastIndex(({ type }) => type !== 'thinking' && type !== 'redacted_thinking')
  if (!mark || at < 0) return blocks
  return blocks.with(at, { ...(blocks[at] as AnthropicText), cache_control: mark })
}
