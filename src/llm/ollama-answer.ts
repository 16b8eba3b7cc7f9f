import type { ToolCall } from '../entities/message.js'
import type { CallScope } from './call-scope.js'
import type { ChatEvent, ChatResult } from './llm-client.js'
import { CorruptLineError } from './ndjson.js'
import { parsedText } from './ollama-request.js'
import { present } from './present.js'
import { type SplitText, splitThinking, thinkingSplitter } from './thinking.js'

/** Makes events of the lines of one answer, and hands them to `emit`. */
export type MakeReader<Event> = (emit: (event: Event) => void) => OllamaReader<Event>

/** Reads the lines of one answer. */
export interface OllamaReader<Event> {
  /** Takes one line. @returns whether it ends the answer */
  accept(fields: Fields): boolean
  /** The text so far, for an error. */
  partial?(): string
  /** What follows the last line. */
  end?(scope: CallScope): Event
}

/** A line of JSON. */
export type Fields = Record<string, unknown>

/**
 * Puts the lines of a chat or a completion together.
 *
 * Functions in place of a class: private names cannot be made shorter, and the client's size in a browser counts.
 *
 * @param isQuiet leaves all events away but the last, for a caller who wants the whole answer
 */
export function answerReader(model: string, warnings: readonly string[], isQuiet: boolean): MakeReader<ChatEvent> {
  return (emit) => {
    const toolCalls: ToolCall[] = []
    let text = ''
    let thinking: string | undefined
    let last: Fields = {}
    const give = (type: 'text' | 'thinking', delta: string): void => {
      if (!isQuiet) emit({ type, delta })
    }
    const splitter = thinkingSplitter(give)
    const split = (): SplitText => (thinking === undefined ? splitThinking(text) : { text, thinking })

    return {
      partial: () => split().text,

      accept(fields) {
        const message = recordOf(fields.message) ?? { content: fields.response, thinking: fields.thinking }
        const thought = stringOf(message.thinking)
        if (thought) {
          thinking = (thinking ?? '') + thought
          give('thinking', thought)
        }
        const written = stringOf(message.content)
        if (written) {
          text += written
          // Where the server tells thoughts apart, tags in the text are text.
          if (thinking !== undefined) give('text', written)
          else if (!isQuiet) splitter.push(written)
        }
        for (const call of Array.isArray(message.tool_calls) ? message.tool_calls : []) {
          const toolCall = toolCallOf(call)
          toolCalls.push(toolCall)
          emit({ type: 'tool-call', toolCall })
        }
        last = fields
        if (fields.done) splitter.flush()
        return fields.done === true
      },

      end(scope) {
        const inputTokens = numberOf(last.prompt_eval_count)
        const outputTokens = numberOf(last.eval_count)
        const generateMs = milliseconds(last.eval_duration)
        const result: ChatResult = {
          ...(present(split()) as { text: string; thinking?: string }),
          toolCalls,
          finishReason: finishReasonOf(last.done_reason, toolCalls.length > 0),
          usage: present({ inputTokens, outputTokens, totalTokens: sum(inputTokens, outputTokens) }),
          timings: {
            totalMs: performance.now() - scope.startedAt,
            ...present({
              firstChunkMs: scope.firstChunkMs,
              loadMs: milliseconds(last.load_duration),
              promptMs: milliseconds(last.prompt_eval_duration),
              generateMs,
              tokensPerSecond: outputTokens !== undefined && generateMs ? (outputTokens / generateMs) * 1_000 : undefined,
            }),
          },
          model: stringOf(last.model) ?? model,
          provider: 'ollama',
          ...(warnings.length > 0 && { warnings }),
          raw: last,
        }
        return { type: 'finish', result }
      },
    }
  }
}

/** The value as an object with keys, or `undefined`. */
export function recordOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

/** A text that is not empty, or `undefined`. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A number, or `undefined`: absent is unknown, never 0. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Two counts as one, when both are known. */
export function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
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
  const { name, arguments: input = {} } = recordOf(called) ?? {}
  if (stringOf(name) === undefined) throw new CorruptLineError(JSON.stringify(call))
  return { id: stringOf(id) ?? `call_${Math.random().toString(36).slice(2)}`, name: name as string, input: parsedText(input) }
}
