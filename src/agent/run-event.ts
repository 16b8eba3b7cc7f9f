import type { Source } from '../entities/source.js'
import type { ChatEvent, TokenUsage } from '../llm/llm-client.js'

/** What a run used and how it went: it joins an outcome to the version that caused it. */
export interface RunEvent {
  readonly agent: string
  readonly runId: string
  readonly subject: string | undefined
  /** Whether the run gave a value, be it a degraded one. */
  readonly ok: boolean
  /** Whether the value came from `fallback()`, without a model. */
  readonly degraded: boolean
  readonly durationMs: number
  /** The prompt of `promptName`; absent when the agent declares none or none was found. */
  readonly prompt?: RunPrompt
  /** The model configuration of `modelName`; absent when none was found. */
  readonly model?: RunModel
  /** Every model that was asked, in order. */
  readonly attempts: readonly RunAttempt[]
  /** Tokens of all answers together; absent is unknown. */
  readonly usage: TokenUsage
  /**
   * What all answers together cost, by the `prices` of the models that gave them, in `currency`. Absent is unknown: a model without prices,
   * tokens that were not counted, a stream that broke off, two currencies, or no answer at all. Calls that failed are not in it.
   */
  readonly cost?: number
  /** ISO 4217, where there is a cost. */
  readonly currency?: string
  /** `code` of the error that ended the run or made it degraded; for calls to models with the reason: `E_LLM/timeout`. */
  readonly errorCode?: string
  /** The error itself. */
  readonly error?: unknown
}

/** The prompt a run used. */
export interface RunPrompt {
  readonly name: string
  /** Absent for a prompt in code. */
  readonly version?: number
  readonly label?: string
  readonly rolloutId?: string
  readonly source: Source
}

/** The model configuration a run used. */
export interface RunModel {
  readonly provider: string
  readonly model: string
  /** Absent for a model from the settings. */
  readonly version?: number
  readonly source: Source | 'settings'
}

/** One model that was asked. */
export interface RunAttempt {
  readonly provider: string
  readonly model: string
  readonly ok: boolean
  readonly durationMs: number
  /** The reason of the LLMError, or the code of another error. */
  readonly errorCode?: string
}

/** What `executeStream` gives: the parts of every answer, and at the end the output. */
export type AgentStreamEvent<Output> =
  | ChatEvent
  | {
      readonly type: 'output'
      readonly output: Output
      /** Whether it came from `fallback()`, without a model. */
      readonly degraded: boolean
    }

/** Events of an agent. */
export interface AgentEvents {
  /** A run ended, well or not. Once for each `execute()`. */
  run: (event: RunEvent) => void
}
