export { type InstrumentedManager, type InstrumentOptions, instrument } from './instrument.js'
export type { OtelAttributes, OtelHistogram, OtelMeter, OtelObservable, OtelSpan, OtelTracer } from './otel-types.js'
export { type NamedPrompt, promptAttributes } from './prompt-attributes.js'
export { type ObservableAgent, type TraceAgentsOptions, traceAgents } from './trace-agents.js'
