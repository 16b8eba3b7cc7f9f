import type { BaseAgent } from '../agent/base-agent.js'
import type { RunEvent } from '../agent/run-event.js'
import type { CallObservation, ObservedCall, RunObservation, RunObserver, ToolObservation } from '../agent/run-observer.js'
import type { ChatResult, EmbedResult } from '../llm/llm-client.js'
import { type ActiveSpan, startActive } from './active-span.js'
import { AgentMeters } from './agent-meters.js'
import { requestAttributes, resultAttributes, runPromptAttributes, usageAttributes } from './call-attributes.js'
import { contentOf, messagesOf } from './content.js'
import { errorType } from './error-type.js'
import { KIND_CLIENT, KIND_INTERNAL, known, type OtelAttributes, type OtelMeter, type OtelTracer, STATUS_ERROR } from './otel-types.js'

/** How agents are traced. */
export interface TraceAgentsOptions {
  /** `trace.getTracer('my-service')` of `@opentelemetry/api`. */
  readonly tracer?: OtelTracer
  /** `metrics.getMeter('my-service')` of `@opentelemetry/api`. */
  readonly meter?: OtelMeter
  /** Whether spans hold what was sent and answered: prompts, histories, inputs of tools. @default false */
  readonly captureContent?: boolean
}

/** What this needs of an agent. */
export type ObservableAgent = Pick<BaseAgent<never, unknown>, 'observe'>

/**
 * Traces the runs of an agent, or of several, by the OpenTelemetry conventions for generative AI: `invoke_agent {agent}` is the active parent
 * of everything the run does, with a span `chat {model}` for each model that is asked, `embeddings {model}` and `execute_tool {tool}`.
 *
 * With a `meter`: `gen_ai.client.operation.duration`, `gen_ai.client.token.usage`, and `agent_config.run.duration`.
 *
 * @returns the function that stops
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/
 */
export function traceAgents(agents: ObservableAgent | readonly ObservableAgent[], options: TraceAgentsOptions): () => void {
  const meters = options.meter && new AgentMeters(options.meter)
  const observer: RunObserver = {
    beginRun: ({ agent, context }) => new TracedRun(options, meters, agent, context.runId),
  }
  const list: readonly ObservableAgent[] = Array.isArray(agents) ? agents : [agents as ObservableAgent]
  const stops = list.map((agent) => agent.observe(observer))
  return () => {
    for (const stop of stops) stop()
  }
}

/** Stands in for a span when only a meter was given. */
const UNTRACED: ActiveSpan = {
  span: { setAttributes: () => {}, setStatus: () => {}, addEvent: () => {}, end: () => {} },
  within: (work) => work(),
}

class TracedRun implements RunObservation {
  readonly #options: TraceAgentsOptions
  readonly #meters: AgentMeters | undefined
  readonly #agent: string
  readonly #active: ActiveSpan

  constructor(options: TraceAgentsOptions, meters: AgentMeters | undefined, agent: string, runId: string) {
    this.#options = options
    this.#meters = meters
    this.#agent = agent
    this.#active = this.#start(`invoke_agent ${agent}`, KIND_INTERNAL, {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': agent,
      'agent_config.run.id': runId,
    })
  }

  within<Value>(work: () => Value): Value {
    return this.#active.within(work)
  }

  beginCall(call: ObservedCall): CallObservation {
    const { operation, model } = call
    const { captureContent = false } = this.#options
    const sent: OtelAttributes = captureContent && call.request ? { 'gen_ai.input.messages': messagesOf(call.request.messages) } : {}
    const attributes = { ...requestAttributes(call), 'gen_ai.agent.name': this.#agent, ...sent }
    const active = this.#start(`${operation} ${model}`, KIND_CLIENT, attributes)
    const startedAt = performance.now()
    return {
      within: active.within,
      end: (outcome) => {
        const result = 'result' in outcome ? outcome.result : undefined
        const failure = 'error' in outcome ? errorType(outcome.error) : undefined
        if (result) active.span.setAttributes({ ...resultAttributes(result), ...this.#answer(result) })
        this.#meters?.called(call, performance.now() - startedAt, result, failure)
        endSpan(active, failure)
      },
    }
  }

  beginTool({ name, id, description }: Parameters<RunObservation['beginTool']>[0]): ToolObservation {
    const active = this.#start(
      `execute_tool ${name}`,
      KIND_INTERNAL,
      known({
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': name,
        'gen_ai.tool.call.id': id,
        'gen_ai.tool.description': description,
        'gen_ai.tool.type': 'function',
      }),
    )
    return { within: active.within, end: (error) => endSpan(active, error === undefined ? undefined : errorType(error)) }
  }

  end(run: RunEvent): void {
    this.#active.span.setAttributes(runAttributes(run))
    this.#meters?.ran(run)
    endSpan(this.#active, run.ok ? undefined : (run.errorCode ?? '_OTHER'))
  }

  #start(name: string, kind: number, attributes: OtelAttributes): ActiveSpan {
    const { tracer } = this.#options
    return tracer === undefined ? UNTRACED : startActive(tracer, name, kind, attributes)
  }

  #answer(result: ChatResult | EmbedResult): OtelAttributes {
    return this.#options.captureContent === true && 'text' in result ? { 'gen_ai.output.messages': contentOf(result) } : {}
  }
}

/** The attributes of a run at its end; its model is that of the last attempt that succeeded. */
function runAttributes(run: RunEvent): OtelAttributes {
  const answered = run.attempts.findLast(({ ok }) => ok)
  return known({
    'gen_ai.provider.name': answered?.provider ?? run.model?.provider,
    'gen_ai.request.model': run.model?.model,
    'gen_ai.response.model': answered?.model,
    ...usageAttributes(run.usage),
    ...runPromptAttributes(run.prompt),
    'agent_config.run.degraded': run.degraded,
    'agent_config.prompt.label': run.prompt?.label,
    'agent_config.prompt.rollout': run.prompt?.rolloutId,
    'agent_config.prompt.source': run.prompt?.source,
    'agent_config.model.version': run.model?.version,
    // Names of version 0.1, kept until the date that CHANGELOG.md gives.
    'agent_config.prompt.name': run.prompt?.name,
    'agent_config.prompt.version': run.prompt?.version,
    ...(run.degraded && { 'error.type': run.errorCode }),
  })
}

function endSpan({ span }: ActiveSpan, failure: string | undefined): void {
  if (failure !== undefined) {
    span.setAttributes({ 'error.type': failure })
    span.setStatus({ code: STATUS_ERROR, message: failure })
  }
  span.end()
}
