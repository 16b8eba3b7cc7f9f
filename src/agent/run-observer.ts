import type { ChatRequest, ChatResult, EmbedResult } from '../llm/llm-client.js'
import type { RunContext } from './run-context.js'
import type { RunEvent, RunPrompt } from './run-event.js'

/** Watches runs, for traces: each run and each call is carried out inside its `within`, so that spans can be active there. */
export interface RunObserver {
  /** A run begins. */
  beginRun(run: { readonly agent: string; readonly context: RunContext }): RunObservation
}

/** One run that is watched. */
export interface RunObservation {
  /** Runs a part of the run; what it returns is returned. */
  within<Value>(work: () => Value): Value
  /** A model is asked. */
  beginCall(call: ObservedCall): CallObservation
  /** A tool is run. */
  beginTool(tool: { readonly name: string; readonly id: string; readonly description?: string }): ToolObservation
  end(event: RunEvent): void
}

/** A question to a model, as it is sent. */
export interface ObservedCall {
  readonly operation: 'chat' | 'embeddings'
  readonly provider: string
  readonly model: string
  /** Absent for embeddings. */
  readonly request?: ChatRequest
  readonly isStreamed: boolean
  /** The prompt that the question is asked with. */
  readonly prompt?: RunPrompt
}

export interface CallObservation {
  within<Value>(work: () => Value): Value
  end(outcome: { readonly result: ChatResult | EmbedResult } | { readonly error: unknown } | { readonly left: true }): void
}

export interface ToolObservation {
  within<Value>(work: () => Value): Value
  end(error?: unknown): void
}

/** Used when no observer is given. */
const UNOBSERVED_CALL: CallObservation = { within: (work) => work(), end: () => {} }
export const UNOBSERVED: RunObservation = {
  within: (work) => work(),
  beginCall: () => UNOBSERVED_CALL,
  beginTool: () => UNOBSERVED_CALL as ToolObservation,
  end: () => {},
}

/** Several observers as one; one that throws is left out and reported, and never breaks a run. */
export function observeRun(
  observers: Iterable<RunObserver>,
  run: Parameters<RunObserver['beginRun']>[0],
  onError: (error: unknown) => void,
): RunObservation {
  const observations: RunObservation[] = []
  for (const observer of observers) attempt(() => observations.push(observer.beginRun(run)), onError)
  if (observations.length === 0) return UNOBSERVED
  const inside =
    (parts: readonly { within<Value>(work: () => Value): Value }[]) =>
    <Value>(work: () => Value): Value =>
      parts.reduceRight<() => Value>((inner, part) => () => part.within(inner), work)()
  const begin = <Part>(open: (observation: RunObservation) => Part): Part[] => {
    const parts: Part[] = []
    for (const observation of observations) attempt(() => parts.push(open(observation)), onError)
    return parts
  }
  const endAll = <Part>(parts: readonly Part[], end: (part: Part) => void) => {
    for (const part of parts) attempt(() => end(part), onError)
  }
  return {
    within: inside(observations),
    beginCall: (call) => {
      const parts = begin((observation) => observation.beginCall(call))
      return { within: inside(parts), end: (outcome) => endAll(parts, (part) => part.end(outcome)) }
    },
    beginTool: (tool) => {
      const parts = begin((observation) => observation.beginTool(tool))
      return { within: inside(parts), end: (error) => endAll(parts, (part) => part.end(error)) }
    },
    end: (event) => endAll(observations, (observation) => observation.end(event)),
  }
}

function attempt(work: () => unknown, onError: (error: unknown) => void): void {
  try {
    work()
  } catch (error) {
    onError(error)
  }
}
