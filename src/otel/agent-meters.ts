import type { RunEvent } from '../agent/run-event.js'
import type { ObservedCall } from '../agent/run-observer.js'
import type { ChatResult, EmbedResult } from '../llm/llm-client.js'
import { known, type OtelHistogram, type OtelMeter } from './otel-types.js'

/** In seconds and in tokens, as the conventions advise. */
const DURATIONS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const TOKENS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864]

/**
 * Durations of runs and calls, and tokens.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 */
export class AgentMeters {
  readonly #runs: OtelHistogram
  readonly #calls: OtelHistogram
  readonly #tokens: OtelHistogram

  constructor(meter: OtelMeter) {
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: DURATIONS } }
    this.#runs = meter.createHistogram('agent_config.run.duration', { ...seconds, description: 'Duration of runs of agents.' })
    this.#calls = meter.createHistogram('gen_ai.client.operation.duration', { ...seconds, description: 'Duration of calls to models.' })
    this.#tokens = meter.createHistogram('gen_ai.client.token.usage', {
      unit: '{token}',
      description: 'Tokens of calls to models.',
      advice: { explicitBucketBoundaries: TOKENS },
    })
  }

  called(call: ObservedCall, durationMs: number, result: ChatResult | EmbedResult | undefined, failure: string | undefined): void {
    const attributes = known({
      'gen_ai.operation.name': call.operation,
      'gen_ai.provider.name': call.provider,
      'gen_ai.request.model': call.model,
      'gen_ai.response.model': result?.model,
    })
    this.#calls.record(durationMs / 1_000, { ...attributes, ...(failure !== undefined && { 'error.type': failure }) })
    const { inputTokens, outputTokens } = result?.usage ?? {}
    if (inputTokens !== undefined) this.#tokens.record(inputTokens, { ...attributes, 'gen_ai.token.type': 'input' })
    if (outputTokens !== undefined) this.#tokens.record(outputTokens, { ...attributes, 'gen_ai.token.type': 'output' })
  }

  ran(run: RunEvent): void {
    const attributes = known({
      'gen_ai.agent.name': run.agent,
      'gen_ai.prompt.name': run.prompt?.name,
      'gen_ai.prompt.version': run.prompt?.version === undefined ? undefined : String(run.prompt.version),
      'agent_config.run.degraded': run.degraded,
      'error.type': run.errorCode,
    })
    this.#runs.record(run.durationMs / 1_000, attributes)
  }
}
