import type { EmbeddingConfig } from '../entities/embedding-config.js'
import type { JsonObject } from '../entities/json.js'
import type { CallOptions, EmbedRequest, EmbedResult } from '../llm/llm-client.js'
import type { LLMRegistry } from '../llm/llm-registry.js'
import { LLMError } from '../shared/errors.js'
import type { AgentCallOptions } from './agent-options.js'
import { heeding } from './model-walk.js'
import { givenSignal, type RunContext } from './run-context.js'
import type { RunState } from './run-state.js'

interface Embedding {
  readonly registry: LLMRegistry
  readonly context: RunContext
  readonly state: RunState
  readonly options: AgentCallOptions
}

/** The parts of an embedding configuration that decide how texts become vectors. */
export interface EmbeddingModel extends Pick<EmbeddingConfig, 'embeddingModel' | 'parameters'> {
  /** Length of the vectors. @default `parameters.dimensions`, else what the model makes */
  readonly dimensions?: number | null
}

/** Asks the model of an embedding configuration for vectors, as long as the run's time lasts. */
export async function embedWith(
  { embeddingModel, parameters, dimensions }: EmbeddingModel,
  values: readonly string[],
  { registry, context, state, options }: Embedding,
): Promise<EmbedResult> {
  const { client, model } = registry.resolve(embeddingModel)
  const { provider } = client
  const startedAt = performance.now()
  const call = state.observation.beginCall({ operation: 'embeddings', provider, model, isStreamed: false })
  try {
    if (client.embed === undefined) {
      throw new LLMError(`The client for "${provider}" makes no embeddings.`, { reason: 'unsupported', provider, model })
    }
    const request = { model, values, ...embedParameters(parameters), ...(typeof dimensions === 'number' && { dimensions }) }
    const result = await heeding(
      { context },
      { provider, model },
      call.within(() => client.embed!(request, callOptions(context, state, options))),
    )
    checkVectors(result, request)
    call.end({ result })
    state.addAttempt({ provider, model }, startedAt)
    state.addUsage(result.usage)
    // Embedding configurations have no prices.
    state.cost.add(undefined)
    return result
  } catch (error) {
    call.end({ error })
    state.addAttempt({ provider, model }, startedAt, error)
    throw error
  }
}

/** Stored parameters as fields of a request; parameters of other names go to the provider unchanged. */
function embedParameters(parameters: JsonObject): Omit<EmbedRequest, 'model' | 'values'> {
  const { dimensions, batchSize, batch_size = batchSize, ...providerOptions } = parameters
  return {
    ...(typeof dimensions === 'number' && { dimensions }),
    ...(typeof batch_size === 'number' && { batchSize: batch_size }),
    ...(Object.keys(providerOptions).length > 0 && { providerOptions }),
  }
}

/**
 * Checks vectors, because a vector store would accept wrong ones and later find nothing with them. @throws {LLMError} with reason
 * `invalid_output`
 */
function checkVectors({ embeddings, provider, model }: EmbedResult, { values, dimensions }: EmbedRequest): void {
  const wrong = (message: string) => new LLMError(message, { reason: 'invalid_output', provider, model })
  if (embeddings.length !== values.length) throw wrong(`${values.length} texts were sent, and ${embeddings.length} vectors came back.`)
  const length = dimensions ?? embeddings[0]?.length
  for (const [index, vector] of embeddings.entries()) {
    if (vector.length === 0 || vector.length !== length)
      throw wrong(`Vector ${index} has ${vector.length} numbers instead of ${length || 'some'}.`)
    if (!vector.every(Number.isFinite)) throw wrong(`Vector ${index} holds something that is no number.`)
  }
}

function callOptions(context: RunContext, state: RunState, { headers, maxRetries, timeoutMs }: AgentCallOptions): CallOptions {
  const signal = givenSignal(context)
  const leftMs = Math.min(state.deadline - performance.now(), timeoutMs ?? Number.POSITIVE_INFINITY)
  return {
    ...(signal && { signal }),
    metadata: { runId: context.runId },
    ...(headers !== undefined && { headers }),
    ...(maxRetries !== undefined && { maxRetries }),
    ...(leftMs !== Number.POSITIVE_INFINITY && { timeout: Math.max(1, leftMs) }),
  }
}
