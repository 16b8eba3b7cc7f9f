import type { Message, ProviderFields, ToolCall } from '../entities/message.js'
import { answerText } from './answer-text.js'
import type { MakeReader } from './http-call.js'
import { CorruptLineError } from './lines.js'
import type { ChatEvent, ChatResult, FinishReason, TokenUsage } from './llm-client.js'
import { present } from './present.js'
import { DONE } from './sse.js'
import { errorText } from './status-facts.js'
import { errorIn, type Fields, idOf, listOf, numberOf, parsedText, recordOf, stringOf } from './wire-values.js'

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

/** Why it ended, in the words of OpenAI, Mistral (`model_length`), Anthropic, Google, Zhipu (`sensitive`) and TGI (`eos_token`). */
const FINISH: readonly (readonly [RegExp, FinishReason])[] = [
  [/tool|function/i, 'tool-calls'],
  [/length|max_tokens/i, 'length'],
  [/filter|safety|sensitive/i, 'content-filter'],
  [/error/i, 'error'],
  [/stop|end_turn|eos/i, 'stop'],
]

/** Puts the chunks of a chat completion together, or reads a whole one. */
export function completionReader({ provider, model, maxLength, isQuiet }: AskedOpenAI): MakeReader<ChatEvent> {
  return (emit) => {
    const answer = answerText(emit, isQuiet, maxLength)
    const pieces: CallPieces[] = []
    const toolCalls: ToolCall[] = []
    const extra: Fields = {}
    let last: Fields = {}
    let answered = model
    let usage: Fields = {}
    let reason: string | undefined
    let hasChoice = false

    return {
      partial: () => answer.whole().text,
      canEnd: () => reason !== undefined,

      accept(value) {
        if (value === DONE) {
          if (!hasChoice) throw new Error('no answer before [DONE]')
          return true
        }
        const fields = fieldsOf(value)
        last = fields
        answered = stringOf(fields.model) ?? answered
        // Groq's last chunk.
        usage = recordOf(fields.usage) ?? recordOf(recordOf(fields.x_groq)?.usage) ?? usage
        // Of several answers (`n`), whose parts may come mixed, the first one.
        const choice = recordOf(listOf(fields.choices).find((each) => !recordOf(each)?.index))
        hasChoice ||= choice !== undefined
        const delta = recordOf(choice?.delta) ?? recordOf(choice?.message)
        // Servers that speak the words of plain completions.
        if (!delta) answer.add(choice?.text, undefined)
        if (delta) {
          const { role, content, refusal, reasoning_content, reasoning, tool_calls, function_call, ...others } = delta
          answer.add(wordsOf(content ?? refusal, 'text'), reasoning_content ?? reasoning ?? wordsOf(listOf(content), 'thinking'))
          // The one call of servers that do not know of several.
          const calls = recordOf(function_call) ? [{ index: 'function_call', function: function_call }] : listOf(tool_calls)
          for (const piece of calls) answer.count(addPiece(pieces, recordOf(piece) ?? {}))
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
        const result = present({
          text,
          thinking,
          message,
          toolCalls,
          finishReason:
            toolCalls.length > 0 && reason === 'stop'
              ? 'tool-calls'
              : (FINISH.find(([words]) => words.test(reason ?? 'stop'))?.[1] ?? 'other'),
          usage: usageOf(usage),
          timings: present({ totalMs: performance.now() - scope.startedAt, firstChunkMs: scope.firstChunkMs }),
          model: answered,
          provider,
          raw: last,
        }) as ChatResult
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

/** An answer as an object; one that holds an error ends the answer. Google lists its error, Together its models, without an object around it. */
export function fieldsOf(value: unknown): Fields {
  const [first] = listOf(value)
  const fields = recordOf(Array.isArray(value) && !recordOf(first)?.error ? { data: value } : (first ?? value))
  if (fields === undefined) throw new CorruptLineError(String(value))
  // vLLM, Mistral and FastAPI say what went wrong without a field `error`.
  const error = errorIn(fields.error ?? recordOf(fields.x_groq)?.error)
  if (error || ((fields.message || fields.detail) && !fields.choices && !fields.data)) {
    const status = statusOf(recordOf(error) ?? fields)
    throw Object.assign(new Error(errorText(error ? { error } : fields)), { status, said: JSON.stringify(fields) })
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
 * id begins a new call, because some servers give every call the same index. Without an id a name does, after whole arguments
 * (Gemini's calls share an index) or, without an index, after another name.
 *
 * @returns how much there was
 */
function addPiece(pieces: CallPieces[], { index, id: wireId, type, function: called, ...extra }: Fields): number {
  const id = idOf(wireId)
  const { name, arguments: input } = recordOf(called) ?? {}
  let piece = pieces.findLast((each) => (index == null ? !id : each.index === index))
  const isNamedAgain = !id && name && piece?.name && (isWhole(piece.input) || (index == null && name !== piece.name))
  if (!piece || isNamedAgain || (id && piece.id && piece.id !== id)) {
    piece = { index, id: undefined, name: undefined, input: '', extra: {} }
    pieces.push(piece)
  }
  piece.id ||= id
  piece.name ||= stringOf(name)
  const more = typeof input === 'string' ? input : input == null ? '' : JSON.stringify(input)
  piece.input += more
  return more.length + merge(piece.extra, extra)
}

function isWhole(json: string): boolean {
  return parsedText(json) !== json
}

function toolCallOf({ id, name, input, extra }: CallPieces, provider: string): ToolCall {
  if (!name) throw new CorruptLineError(`a tool call without a name: ${input}`)
  return { id: id ?? `call_${Math.random()}`, name, input: parsedText(input || '{}') ?? {}, ...metadata(extra, provider) }
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
