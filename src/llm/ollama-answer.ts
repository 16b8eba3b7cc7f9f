import type { ToolCall } from '../entities/message.js'
import { LLMError } from '../shared/errors.js'
import { answerText } from './answer-text.js'
import type { MakeReader } from './http-call.js'
import { CorruptLineError } from './lines.js'
import type { ChatEvent, ChatResult } from './llm-client.js'
import { present } from './present.js'
import { errorText } from './status-facts.js'
import { errorIn, type Fields, idOf, listOf, numberOf, parsedText, recordOf, stringOf, sum } from './wire-values.js'

/** The parts of the request that a reader needs. */
export interface AskedOllama {
  readonly provider: string
  readonly model: string
  readonly warnings: readonly string[]
  /** The body that was sent. */
  readonly body: Fields
  /** Longest text, thoughts and arguments together, in UTF-16 units. */
  readonly maxLength: number
  /** Gives only the last event, for a caller that wants the whole answer. */
  readonly isQuiet: boolean
}

/** Puts the lines of a chat or a completion together. */
export function answerReader({ provider, model, warnings, body, maxLength, isQuiet }: AskedOllama): MakeReader<ChatEvent> {
  return (emit) => {
    const toolCalls: ToolCall[] = []
    const answer = answerText(emit, isQuiet, maxLength)
    let last: Fields = {}

    return {
      partial: () => answer.whole().text,

      accept(value) {
        const fields = lineOf(value)
        const said = recordOf(fields.message)
        // A line of another shape is an error message of the server, or of a proxy in front of it.
        if (!said && fields.response === undefined && !('done' in fields) && !('status' in fields))
          throw new Error(errorText(fields, JSON.stringify(fields)))
        const message = said ?? { content: fields.response, thinking: fields.thinking }
        answer.add(message.content, message.thinking)
        for (const call of listOf(message.tool_calls)) {
          const toolCall = toolCallOf(call)
          answer.count(JSON.stringify(toolCall).length)
          toolCalls.push(toolCall)
          emit({ type: 'tool-call', toolCall })
        }
        last = fields
        if (!fields.done) return false
        answer.flush()
        // A server that was asked while it loads may say so instead of answering. Without messages, loading is what was asked for.
        if (fields.done_reason === 'load' && answer.length() === 0 && asksSomething(body)) throw notReady(provider, model)
        return true
      },

      end(scope) {
        const inputTokens = numberOf(last.prompt_eval_count)
        const outputTokens = numberOf(last.eval_count)
        const generateMs = milliseconds(last.eval_duration)
        const { text, thinking } = answer.whole()
        const told = [...warnings, ...silentFaults(last, body, answer.length())]
        // One list of fields: fields after a spread cost V8 some microseconds each.
        const result = present({
          text,
          thinking,
          toolCalls,
          finishReason: finishReasonOf(last.done_reason, toolCalls.length > 0),
          usage: present({ inputTokens, outputTokens, totalTokens: sum(inputTokens, outputTokens) }),
          timings: present({
            totalMs: performance.now() - scope.startedAt,
            firstChunkMs: scope.firstChunkMs,
            loadMs: milliseconds(last.load_duration),
            promptMs: milliseconds(last.prompt_eval_duration),
            generateMs,
            tokensPerSecond: outputTokens !== undefined && generateMs ? (outputTokens / generateMs) * 1_000 : undefined,
          }),
          model: stringOf(last.model) ?? model,
          provider,
          warnings: told.length > 0 ? told : undefined,
          raw: last,
        }) as ChatResult
        return [{ type: 'finish', result }]
      },
    }
  }
}

/** A line as an object; one that holds an error ends the answer. */
export function lineOf(value: unknown): Fields {
  const fields = recordOf(value)
  if (fields === undefined) throw new CorruptLineError(String(value))
  const isAnswer = 'done' in fields || 'message' in fields || 'status' in fields
  const said = errorIn(fields.error) ?? (isAnswer ? undefined : errorEntry(fields))
  if (said != null) throw new Error(errorText({ error: said }))
  return fields
}

/** Ollama 0.11 wrote `{"error parsing tool call": "…"}` into its streams. */
function errorEntry(fields: { readonly [name: string]: unknown }): string | undefined {
  const name = Object.keys(fields).find((key) => /^error/i.test(key) && typeof fields[key] === 'string')
  return name && `${name}: ${fields[name]}`
}

/** The request may be sent again, although an answer began. */
function notReady(provider: string, model: string): LLMError {
  return new LLMError('Ollama only loaded the model (done_reason: load).', { reason: 'overloaded', retryable: true, provider, model })
}

function asksSomething({ messages, prompt }: Fields): boolean {
  return listOf(messages).length > 0 || stringOf(prompt) !== undefined
}

/** Text with fewer tokens than this for its length was cut: no tokenizer of ours puts eight letters of prose into each. */
const MOST_LETTERS_PER_TOKEN = 8
/** Below this many tokens the count says too little to judge by. */
const FEWEST_TOKENS = 512

/** Warnings about what Ollama does silently: it cuts the beginning off a prompt that is too long, and counts tokens that give no text. */
function silentFaults(last: Fields, body: Fields, answerLength: number): string[] {
  const warnings: string[] = []
  const read = numberOf(last.prompt_eval_count)
  const window = numberOf(recordOf(body.options)?.num_ctx)
  if (read !== undefined && (window === undefined ? isFarTooFew(read, body) : read >= window)) {
    warnings.push(
      `Ollama read ${read} tokens of the prompt${window ? `, all that num_ctx allows` : ''}: its beginning may be cut off; raise num_ctx.`,
    )
  }
  if (answerLength === 0 && numberOf(last.eval_count)) {
    warnings.push(`The model wrote ${last.eval_count} tokens and no text came of them.`)
  }
  return warnings
}

function isFarTooFew(read: number, { messages, prompt }: Fields): boolean {
  if (read < FEWEST_TOKENS) return false
  const texts = [prompt, ...listOf(messages).map((message) => recordOf(message)?.content)]
  return texts.reduce<number>((letters, text) => letters + (stringOf(text)?.length ?? 0), 0) > read * MOST_LETTERS_PER_TOKEN
}

/** Durations on the wire are nanoseconds. */
function milliseconds(nanoseconds: unknown): number | undefined {
  return typeof nanoseconds === 'number' ? nanoseconds / 1e6 : undefined
}

/** A server says `stop` after tool calls too, and older ones say nothing. */
function finishReasonOf(reason: unknown, hasToolCalls: boolean): ChatResult['finishReason'] {
  if (reason && reason !== 'stop') return reason === 'length' ? reason : 'other'
  return hasToolCalls ? 'tool-calls' : 'stop'
}

function toolCallOf(call: unknown): ToolCall {
  const { id, function: called } = recordOf(call) ?? {}
  const { name, arguments: input } = recordOf(called) ?? {}
  if (stringOf(name) === undefined) throw new CorruptLineError(JSON.stringify(call))
  return { id: idOf(id) ?? `call_${Math.random().toString(36).slice(2)}`, name: name as string, input: parsedText(input) ?? {} }
}
