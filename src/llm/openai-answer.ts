import type { Message, ProviderFields, ToolCall } from '../entities/message.js'
import { answerText } from './answer-text.js'
import type { MakeReader } from './http-call.js'
import { CorruptLineError } from './lines.js'
import type { ChatEvent, ChatResult, FinishReason, TokenUsage } from './llm-client.js'
import { present } from './present.js'
import { DONE } from './sse.js'
import { errorText } from './status-facts.js'
import { type Fields, listOf, numberOf, parsedText, recordOf, stringOf } from './wire-values.js'

/** The parts of the request that a reader needs. */
export interface AskedOpenAI {
  readonly provider: string
  readonly model: string
  readonly maxLength: number
  readonly isQuiet: boolean
}

/** A tool call while its pieces come. */
interface CallPieces {
  readonly index: unknown
  id: string | undefined
  name: string | undefined
  input: string
  readonly extra: Fields
}

const FINISH: { readonly [reason: string]: FinishReason } = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  error: 'error',
}

/** Puts the chunks of a chat completion together, or reads a whole one. */
export function completionReader({ provider, model, maxLength, isQuiet }: AskedOpenAI): MakeReader<ChatEvent> {
  return (emit) => {
    const answer = answerText(emit, isQuiet, maxLength)
    const pieces: CallPieces[] = []
    const toolCalls: ToolCall[] = []
    const extra: Fields = {}
    let last: Fields = {}
    let usage: Fields = {}
    let reason: string | undefined

    return {
      partial: () => answer.whole().text,
      canEnd: () => reason !== undefined,

      accept(value) {
        if (value === DONE) return true
        const fields = fieldsOf(value)
        last = fields
        usage = recordOf(fields.usage) ?? usage
        // Of several answers (`n`), whose parts may come mixed, the first one.
        const choice = recordOf(listOf(fields.choices).find((each) => !recordOf(each)?.index))
        const delta = recordOf(choice?.delta) ?? recordOf(choice?.message)
        if (delta) {
          const { role, content, refusal, reasoning_content, reasoning, tool_calls, ...others } = delta
          answer.add(wordsOf(content ?? refusal, 'text'), reasoning_content ?? reasoning ?? wordsOf(listOf(content), 'thinking'))
          for (const piece of listOf(tool_calls)) answer.count(addPiece(pieces, recordOf(piece) ?? {}))
          answer.count(merge(extra, others))
        }
        reason = stringOf(choice?.finish_reason) ?? reason
        return recordOf(choice?.message) !== undefined
      },

      end(scope) {
        answer.flush()
        for (const piece of pieces) toolCalls.push(toolCallOf(piece, provider))
        const { text, thinking } = answer.whole()
        const told = metadata(extra, provider)
        const message: Message | undefined = told.providerMetadata && {
          role: 'assistant',
          content: text === '' && toolCalls.length > 0 ? null : text,
          ...present({ thinking }),
          ...(toolCalls.length > 0 && { toolCalls }),
          ...told,
        }
        const result: ChatResult = {
          text,
          ...(present({ thinking, message }) as object),
          toolCalls,
          finishReason: toolCalls.length > 0 && reason === 'stop' ? 'tool-calls' : (FINISH[reason ?? 'stop'] ?? 'other'),
          usage: usageOf(usage),
          timings: { totalMs: performance.now() - scope.startedAt, ...present({ firstChunkMs: scope.firstChunkMs }) },
          model: stringOf(last.model) ?? model,
          provider,
          raw: last,
        }
        return [...toolCalls.map((toolCall) => ({ type: 'tool-call' as const, toolCall })), { type: 'finish', result }]
      },
    }
  }
}

/** The words of a content, which some servers (Mistral's) give as a list of parts, with the parts of a thought in a list again. */
function wordsOf(content: unknown, type: 'text' | 'thinking'): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => (recordOf(part)?.type === type ? wordsOf((part as Fields)[type], 'text') : ''))
    .join('')
}

/** An answer as an object; one that holds an error ends the answer. */
export function fieldsOf(value: unknown): Fields {
  const fields = recordOf(value)
  if (fields === undefined) throw new CorruptLineError(String(value))
  // vLLM, Mistral and FastAPI say what went wrong without a field `error`.
  if (fields.error || ((fields.message || fields.detail) && !fields.choices && !fields.data)) {
    const status = statusOf(recordOf(fields.error) ?? fields)
    throw Object.assign(new Error(errorText(fields)), { status, said: JSON.stringify(fields) })
  }
  return fields
}

/** The status that an error in an answer with status 200 would have had: as a number, as a text, or by its name. */
function statusOf({ code, status, type }: Fields): number | undefined {
  const number = Number(code) || Number(status)
  if (number >= 400 && number < 600) return number
  const name = `${code} ${type}`
  return /rate_limit|quota/.test(name) ? 429 : /overloaded/.test(name) ? 529 : undefined
}

/** Token counts in OpenAI's words; DeepSeek and Moonshot have their own for cached ones, Perplexity for thoughts. */
export function usageOf(usage: Fields): TokenUsage {
  return present({
    inputTokens: numberOf(usage.prompt_tokens),
    outputTokens: numberOf(usage.completion_tokens),
    totalTokens: numberOf(usage.total_tokens),
    cachedInputTokens: numberOf(
      recordOf(usage.prompt_tokens_details)?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens,
    ),
    reasoningTokens: numberOf(recordOf(usage.completion_tokens_details)?.reasoning_tokens ?? usage.reasoning_tokens),
  })
}

/**
 * Pieces belong together by their index, or by coming after each other where a server gives none; a piece with another
 * id begins a new call, because some servers give every call the same index.
 *
 * @returns how much there was
 */
function addPiece(pieces: CallPieces[], { index, id, type, function: called, ...extra }: Fields): number {
  const { name, arguments: input } = recordOf(called) ?? {}
  let piece = pieces.findLast((each) => (index == null ? !id : each.index === index))
  if (!piece || (id && piece.id && piece.id !== id)) {
    piece = { index, id: undefined, name: undefined, input: '', extra: {} }
    pieces.push(piece)
  }
  piece.id ||= stringOf(id)
  piece.name ||= stringOf(name)
  const more = typeof input === 'string' ? input : JSON.stringify(input) || ''
  piece.input += more
  return more.length + merge(piece.extra, extra)
}

function toolCallOf({ id, name, input, extra }: CallPieces, provider: string): ToolCall {
  if (!name) throw new CorruptLineError(`a tool call without a name: ${input}`)
  return { id: id ?? `call_${Math.random()}`, name, input: parsedText(input || '{}'), ...metadata(extra, provider) }
}

/** Fields of the provider that chat completions do not have are sent back to it with the history. */
function metadata(extra: Fields, provider: string): ProviderFields {
  return Object.keys(extra).length > 0 ? { providerMetadata: { [provider]: extra } } : {}
}

/** Merges fields into those of the chunks before; lists are appended. @returns how many characters there were */
function merge(into: Fields, from: Fields): number {
  const given = Object.entries(from).filter(([, value]) => value != null)
  for (const [name, value] of given) into[name] = Array.isArray(value) ? [...listOf(into[name]), ...value] : value
  return given.length && JSON.stringify(given).length
}
