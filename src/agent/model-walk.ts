import { setTimeout as sleep } from 'node:timers/promises'
import type { CallOptions, ChatEvent, ChatRequest, ChatResult } from '../llm/llm-client.js'
import type { LLMRegistry } from '../llm/llm-registry.js'
import { isConfigError, LLMError } from '../shared/errors.js'
import type { AgentCallOptions } from './agent-options.js'
import type { AgentRequest, ModelChoice } from './model-choice.js'
import { withParameters } from './model-parameters.js'
import { givenSignal, type RunContext } from './run-context.js'
import { type Cost, costOf } from './run-cost.js'
import type { RunPrompt } from './run-event.js'
import type { CallObservation } from './run-observer.js'
import type { RunState } from './run-state.js'
import { untilAborted } from './until-aborted.js'

/** The parts of one search for a model that answers. */
export interface ModelWalk {
  readonly choices: readonly ModelChoice[]
  readonly registry: LLMRegistry
  readonly request: AgentRequest
  readonly context: RunContext
  readonly state: RunState
  readonly options: AgentCallOptions
  readonly prompt: RunPrompt | undefined
}

/** Asks one model after the other until one answers. An abort ends the search; after any other failure the next model is asked. */
export function chatWith(walk: ModelWalk): Promise<ChatResult> {
  const { state } = walk
  return firstAnswer(walk, async (attempt) => {
    const call = beginCall(walk, attempt, false)
    try {
      const result = await heeding(
        walk,
        attempt.choice,
        call.within(() => attempt.client.chat(attempt.request, attempt.options)),
      )
      call.end({ result })
      state.addAttempt(attempt.choice, attempt.startedAt)
      state.addUsage(result.usage)
      state.cost.add(costOf(result.usage, attempt.choice.prices))
      return result
    } catch (error) {
      call.end({ error })
      throw error
    }
  })
}

/** The same for a stream: it stays with the model whose first part came. */
export async function* streamWith(walk: ModelWalk): AsyncGenerator<ChatEvent, void, undefined> {
  const { state } = walk
  // The search ends at the first part; from there on the reader pulls the stream.
  const { opened, first, attempt } = await firstAnswer(walk, async (attempt) => {
    const call = beginCall(walk, attempt, true)
    const events = call.within(() => attempt.client.stream(attempt.request, attempt.options)[Symbol.asyncIterator]())
    try {
      return {
        opened: { call, events },
        first: await heeding(
          walk,
          attempt.choice,
          call.within(() => events.next()),
        ),
        attempt,
      }
    } catch (error) {
      call.end({ error })
      throw error
    }
  })
  const { call, events } = opened
  let outcome: Parameters<typeof call.end>[0] = { left: true }
  // The tokens up to where a stream broke, or was left, were paid for too.
  let cost: Cost | undefined
  try {
    for (
      let next = first;
      !next.done;
      next = await heeding(
        walk,
        attempt.choice,
        call.within(() => events.next()),
      )
    ) {
      if (next.value.type === 'finish') {
        outcome = { result: next.value.result }
        state.addUsage(next.value.result.usage)
        cost = costOf(next.value.result.usage, attempt.choice.prices)
      }
      yield next.value
    }
  } catch (error) {
    outcome = { error }
    walk.registry.cooldown.failed(attempt.choice, error)
    throw error
  } finally {
    state.addAttempt(attempt.choice, attempt.startedAt, 'error' in outcome ? outcome.error : undefined)
    state.cost.add(cost)
    call.end(outcome)
    await heeding(walk, attempt.choice, closed(events))
  }
}

/** Ends a stream that its reader left early. */
async function closed(events: AsyncIterator<ChatEvent>): Promise<void> {
  await events.return?.()
}

/** How long a client may take to end a call whose run was aborted; its error has more facts than ours. */
const ABORT_GRACE_MS = 100

/** Waits for a client as long as the run lasts: a client of the host may not heed its signal. */
export function heeding<Value>(
  { context }: Pick<ModelWalk, 'context'>,
  { provider, model }: Pick<ModelChoice, 'provider' | 'model'>,
  work: Promise<Value>,
): Promise<Value> {
  return untilAborted(work, givenSignal(context), {
    graceMs: ABORT_GRACE_MS,
    toError: (cause) =>
      new LLMError(`The run was aborted, and "${provider}" did not end its call.`, { reason: 'aborted', provider, model, cause }),
  })
}

function beginCall({ state, prompt }: ModelWalk, { choice: { provider, model }, request }: Attempt, isStreamed: boolean): CallObservation {
  return state.observation.beginCall({ operation: 'chat', provider, model, request, isStreamed, ...(prompt && { prompt }) })
}

/** Whether a run was ended by its caller. A server that cancels a request by itself (499) is a failure like any other. */
export function isAbort(context: RunContext): boolean {
  return givenSignal(context)?.aborted === true
}

interface Attempt {
  readonly choice: ModelChoice
  readonly client: NonNullable<ReturnType<LLMRegistry['get']>>
  readonly request: ChatRequest
  readonly options: CallOptions
  readonly startedAt: number
}

/** A model whose server answered with Retry-After. */
interface Waiting {
  readonly choice: ModelChoice
  readonly dueAt: number
}

/** Longest wait for a Retry-After, as in the clients. */
const LONGEST_WAIT_MS = 60_000

/**
 * Each model once, those that failed lately last. Only the last one is retried; a model that says when it can be asked
 * again (Retry-After) is waited for when no other has answered.
 */
async function firstAnswer<Answer>(walk: ModelWalk, ask: (attempt: Attempt) => Promise<Answer>): Promise<Answer> {
  const { registry, context, state, options } = walk
  const deadline = Math.min(
    state.deadline,
    options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs,
  )
  const choices = registry.cooldown.order(walk.choices)
  const errors: unknown[] = []
  const waiting: Waiting[] = []
  const tryOne = async (
    choice: ModelChoice,
    modelsLeft: number,
    maxRetries: number | undefined,
  ): Promise<{ answer: Answer } | undefined> => {
    const startedAt = performance.now()
    try {
      const client = clientOf(choice, registry)
      const request = withParameters(walk.request, choice.model, choice.parameters)
      const answer = await ask({ choice, client, request, options: callOptions(walk, { deadline, modelsLeft, maxRetries }), startedAt })
      registry.cooldown.answered(choice)
      return { answer }
    } catch (error) {
      state.addAttempt(choice, startedAt, error)
      if (isAbort(context)) throw error
      registry.cooldown.failed(choice, error)
      errors.push(error)
      const retryAfterMs = retryAfterOf(error)
      if (retryAfterMs !== undefined) waiting.push({ choice, dueAt: performance.now() + retryAfterMs })
      return undefined
    }
  }
  for (const [index, choice] of choices.entries()) {
    const modelsLeft = choices.length - index
    const isAlone = modelsLeft === 1 && waiting.length === 0
    const found = await tryOne(choice, modelsLeft, isAlone ? options.maxRetries : 0)
    if (found) return found.answer
  }
  if (choices.length > 1 && options.maxRetries !== 0) {
    for (const { choice, dueAt } of waiting.sort((one, other) => one.dueAt - other.dueAt)) {
      const waitMs = Math.max(0, dueAt - performance.now())
      if (waitMs > LONGEST_WAIT_MS || dueAt >= deadline) continue
      await pause(waitMs, context)
      const found = await tryOne(choice, 1, 0)
      if (found) return found.answer
    }
  }
  throw combinedError(errors)
}

function clientOf({ provider, model }: ModelChoice, registry: LLMRegistry) {
  const client = registry.get(provider)
  if (client !== undefined) return client
  throw new LLMError(`No client for provider "${provider}" was given to the agent; it has ${registry.providers.join(', ')}.`, {
    reason: 'unsupported',
    provider,
    model,
    hint: 'Pass one in `llm`.',
  })
}

/**
 * The time that is left bounds the call. A model's share of it bounds only the wait for the first part of its answer, so that a silent
 * first model leaves some to the others, and one that has begun to answer is not cut because there are others.
 */
function callOptions(
  { context, options }: ModelWalk,
  { deadline, modelsLeft, maxRetries }: { readonly deadline: number; readonly modelsLeft: number; readonly maxRetries: number | undefined },
): CallOptions {
  const signal = givenSignal(context)
  const { headers } = options
  const leftMs = Math.max(1, deadline - performance.now())
  return {
    ...(signal && { signal }),
    metadata: { runId: context.runId },
    ...(headers !== undefined && { headers }),
    ...(maxRetries !== undefined && { maxRetries }),
    ...(deadline !== Number.POSITIVE_INFINITY && { timeout: { firstChunkMs: leftMs / modelsLeft, totalMs: leftMs } }),
  }
}

function retryAfterOf(error: unknown): number | undefined {
  if (!isConfigError(error, 'E_LLM')) return undefined
  const { retryable, retryAfterMs } = error as LLMError
  return retryable ? retryAfterMs : undefined
}

async function pause(ms: number, context: RunContext): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: context.signal })
  } catch {
    throw new LLMError('The run was aborted while it waited for a model.', { reason: 'aborted', cause: context.signal.reason })
  }
}

/** The last error, with those of all models. */
function combinedError(errors: readonly unknown[]): unknown {
  const last = errors.at(-1)
  if (errors.length < 2 || !isConfigError(last, 'E_LLM')) return last
  const { hint, ...facts } = { ...(last as LLMError) }
  const combined = new LLMError(last.message, { ...facts, errors: errors as readonly Error[], cause: last })
  // The message has the hint already.
  return hint === undefined ? combined : Object.assign(combined, { hint })
}
