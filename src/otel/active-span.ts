import { AsyncResource } from 'node:async_hooks'
import type { OtelAttributes, OtelSpan, OtelTracer } from './otel-types.js'

/** A span and a way to run work within it, as often as it takes. */
export interface ActiveSpan {
  readonly span: OtelSpan
  within<Value>(work: () => Value): Value
}

/**
 * Starts a span that is the active parent of work done within it. The context is captured in an `AsyncResource`: a tracer makes a span active
 * for one function only, and a stream is read in many steps that all belong to the same span. (`AsyncLocalStorage.snapshot()` does the
 * same, and takes 12 µs on Node 20 instead of 0.1.)
 */
export function startActive(tracer: OtelTracer, name: string, kind: number, attributes: OtelAttributes): ActiveSpan {
  let active: ActiveSpan | undefined
  tracer.startActiveSpan(name, { kind, attributes }, (span) => {
    const inside = new AsyncResource('agent-config.span')
    active = { span, within: (work) => inside.runInAsyncScope(work) }
  })
  return active!
}
