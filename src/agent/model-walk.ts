import type { JsonObject } from '../entities/json.js'
import type { CallOptions, ChatEvent, ChatRequest, ChatResult } from '../llm/llm-client.js'
import type { LLMRegistry } from '../llm/llm-registry.js'
import { isConfigError, LLMError } from '../shared/errors.js'
import { withParameters } from './model-parameters.js'
import type { RunContext } from './run-context.js'
import type { RunState } from './run-state.js'

/** A model to ask, with its own parameters. */
export interface ModelChoice {
  readonly provider: string
  readonly model: string
  readonly parameters?: JsonObject
}

/** A request whose model the agent fills in. */
export type AgentRequest = Omit<ChatRequest, 'model'>

/** Asks one model after the other until one answers. An abort ends the walk; whatever else goes wrong moves it on. */
export async function chatWith(
  choices: readonly ModelChoice[],
  registry: LLMRegistry,
  request: AgentRequest,
  context: RunContext,
  state: RunState,
): Promise<ChatResult> {
  let failure: unknown
  for (const [index, choice] of choices.entries()) {
    const startedAt = performance.now()
    try {
      const client = clientOf(choice, registry)
      const options = callOptions(context, state, choices.length - index)
      const result = await client.chat(withParameters(request, choice.model, choice.parameters), options)
      state.addAttempt(choice, startedAt)
      state.addUsage(result.usage)
      return result
    } catch (error) {
      state.addAttempt(choice, startedAt, error)
      if (isAbort(error, context)) throw error
      failure = error
    }
  }
  throw failure
}

/** The same for a stream: it stays with the model whose first part came. */
export async function* streamWith(
  choices: readonly ModelChoice[],
  registry: LLMRegistry,
  request: AgentRequest,
  context: RunContext,
  state: RunState,
): AsyncGenerator<ChatEvent, void, undefined> {
  let failure: unknown
  for (const [index, choice] of choices.entries()) {
    const startedAt = performance.now()
    let hasBegun = false
    try {
      const client = clientOf(choice, registry)
      const options = callOptions(context, state, choices.length - index)
      for await (const event of client.stream(withParameters(request, choice.model, choice.parameters), options)) {
        hasBegun = true
        if (event.type === 'finish') {
          state.addAttempt(choice, startedAt)
          state.addUsage(event.result.usage)
        }
        yield event
      }
      return
    } catch (error) {
      state.addAttempt(choice, startedAt, error)
      if (hasBegun || isAbort(error, context)) throw error
      failure = error
    }
  }
  throw failure
}

/** Whether a run was ended by its caller. */
export function isAbort(error: unknown, context: RunContext): boolean {
  return context.signal.aborted || (isConfigError(error, 'E_LLM') && (error as LLMError).reason === 'aborted')
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

/** Models that are still to be tried share what is left of the run's time, so that a silent first one leaves some to the others. */
function callOptions(context: RunContext, state: RunState, modelsLeft: number): CallOptions {
  const { signal, runId } = context
  if (state.deadline === Number.POSITIVE_INFINITY) return { signal, metadata: { runId } }
  const leftMs = Math.max(1, state.deadline - performance.now())
  return { signal, metadata: { runId }, timeout: { totalMs: leftMs / modelsLeft } }
}
