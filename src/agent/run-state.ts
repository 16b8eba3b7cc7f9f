import type { ChatEvent, TokenUsage } from '../llm/llm-client.js'
import { isConfigError, type LLMError } from '../shared/errors.js'
import { RunCost } from './run-cost.js'
import type { RunAttempt, RunModel, RunPrompt } from './run-event.js'
import { type RunObservation, UNOBSERVED } from './run-observer.js'

/** What a run has read and recorded so far. */
export class RunState {
  readonly startedAt = performance.now()
  readonly attempts: RunAttempt[] = []
  /** Prompts and models by what was asked for: each is resolved once and kept for the whole run. */
  readonly resolved = new Map<string, Promise<unknown>>()
  /** The deadline of all calls to models, on the clock of `performance.now()`. */
  readonly deadline: number
  /** Takes the parts of every answer when the run is streamed; resolves when the reader took them. */
  readonly sink: ((event: ChatEvent) => Promise<void>) | undefined
  observation: RunObservation = UNOBSERVED
  usage: TokenUsage = {}
  readonly cost = new RunCost()
  prompt: RunPrompt | undefined
  model: RunModel | undefined
  /** Rollouts that gave the run's subject a version of anything the run read. */
  readonly rollouts = new Set<string>()
  /** No answer of a model fitted the schema, even the second time. */
  isInvalid = false

  constructor(timeoutMs: number | undefined, sink?: (event: ChatEvent) => Promise<void>) {
    this.deadline = this.startedAt + (timeoutMs ?? Number.POSITIVE_INFINITY)
    this.sink = sink
  }

  /** The first answer to a question, for every later time it is asked in this run. */
  once<Value>(question: string, ask: () => Promise<Value>): Promise<Value> {
    const known = this.resolved.get(question) as Promise<Value> | undefined
    if (known !== undefined) return known
    const answer = ask()
    // Kept for later; a caller that awaits it gets the failure.
    answer.catch(() => {})
    this.resolved.set(question, answer)
    return answer
  }

  addAttempt(asked: { provider: string; model: string }, startedAt: number, error?: unknown): void {
    this.attempts.push(attemptOf(asked, startedAt, error))
  }

  /** Adds token counts up. A count that some answers lack is the sum of the others; one that all lack stays `undefined`. */
  addUsage(usage: TokenUsage): void {
    const total: Record<string, number> = { ...this.usage }
    for (const [name, tokens] of Object.entries(usage)) if (tokens !== undefined) total[name] = (total[name] ?? 0) + tokens
    this.usage = total
  }
}

/** The code of an error, for an event; calls to models add their reason. */
export function errorCode(error: unknown): string {
  if (!isConfigError(error)) return error instanceof Error ? error.name : 'unknown'
  return error.code === 'E_LLM' ? `${error.code}/${(error as LLMError).reason}` : error.code
}

function attemptOf({ provider, model }: { provider: string; model: string }, startedAt: number, error?: unknown): RunAttempt {
  const durationMs = performance.now() - startedAt
  return { provider, model, ok: error === undefined, durationMs, ...(error !== undefined && { errorCode: attemptCode(error) }) }
}

function attemptCode(error: unknown): string {
  return isConfigError(error, 'E_LLM') ? (error as LLMError).reason : errorCode(error)
}
