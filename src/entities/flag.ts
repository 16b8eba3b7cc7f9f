import type { JsonObject } from './json.js'
import type { Selection, SelectionReason } from './selection.js'
import type { Provenance, Source } from './source.js'

/** What a flag may be. */
export type FlagValue = boolean | string | number | JsonObject

/** What one version of a flag says. It never changes after it is written. */
export interface FlagContent {
  readonly id: number
  readonly project: string
  readonly name: string
  readonly version: number
  /** Of one type in all versions of a name. */
  readonly value: FlagValue
  readonly description: string | null
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** One version of a flag, as an answer: frozen, and shared by everybody who asks. */
export interface Flag extends FlagContent, Provenance {
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly selection: Selection
}

/** What a flag gave, and why. */
export interface FlagDetails<Value extends FlagValue = FlagValue> {
  readonly value: Value
  /** Absent for a fallback. */
  readonly version?: number
  /** `fallback`: the value is the caller's own; `error` says why. */
  readonly reason: SelectionReason | 'fallback'
  /** The label that was asked for. */
  readonly label: string
  /** The running or paused rollout on that label. */
  readonly rolloutId?: string
  readonly source: Source
  /** Whether this is a last good value that could not be confirmed because the stores did not answer. */
  readonly stale: boolean
  /** `NotFoundError`: no such flag; `InvalidArgumentError`: of another type than the fallback; `StoreUnavailableError`: the store is away. */
  readonly error?: Error
}
