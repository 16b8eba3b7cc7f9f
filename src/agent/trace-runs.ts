import type { BaseAgent } from './base-agent.js'

/** What this needs of a tracer: that of `trace.getTracer()` of `@opentelemetry/api` fits. */
export interface RunTracer {
  startSpan(name: string, options?: { startTime?: number; attributes?: Record<string, string | number | boolean> }): RunSpan
}

/** What this needs of a span. */
export interface RunSpan {
  setStatus(status: { code: number; message?: string }): unknown
  end(endTime?: number): void
}

/** `SpanStatusCode.ERROR` of `@opentelemetry/api`. */
const STATUS_ERROR = 2

/**
 * Makes a span of every run of an agent, named as the semantic conventions for generative AI say. Prompts and outputs are not in it.
 *
 * @returns the function that stops
 * @deprecated since November 2026, for removal in 0.3: `traceAgents` of `agent-config/otel` makes the run the active parent of its calls
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/
 * @example
 * ```ts
 * import { trace } from '@opentelemetry/api'
 * traceRuns(agent, trace.getTracer('my-service'))
 * ```
 */
export function traceRuns(agent: Pick<BaseAgent<never, unknown>, 'on'>, tracer: RunTracer): () => void {
  return agent.on('run', (run) => {
    const endTime = Date.now()
    const given = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': run.agent,
      'gen_ai.provider.name': run.model?.provider,
      'gen_ai.request.model': run.model?.model,
      'gen_ai.usage.input_tokens': run.usage.inputTokens,
      'gen_ai.usage.output_tokens': run.usage.outputTokens,
      'error.type': run.errorCode,
      'agent_config.run.id': run.runId,
      'agent_config.run.degraded': run.degraded,
      'agent_config.prompt.name': run.prompt?.name,
      'agent_config.prompt.version': run.prompt?.version,
      'agent_config.prompt.rollout': run.prompt?.rolloutId,
      'agent_config.model.version': run.model?.version,
    }
    const attributes = Object.fromEntries(
      Object.entries(given).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined),
    )
    const span = tracer.startSpan(`invoke_agent ${run.agent}`, { startTime: endTime - run.durationMs, attributes })
    if (!run.ok) span.setStatus({ code: STATUS_ERROR, ...(run.errorCode !== undefined && { message: run.errorCode }) })
    span.end(endTime)
  })
}
