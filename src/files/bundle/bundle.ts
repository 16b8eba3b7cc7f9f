import type { Json, JsonObject } from '../../entities/json.js'
import type { RolloutArm } from '../../entities/rollout.js'

export const BUNDLE_FORMAT = 'agent-config bundle 1'

/** Everything of one project as plain JSON, without authors and dates. */
export interface Bundle {
  readonly format: typeof BUNDLE_FORMAT
  /** The project it was made of. An import may go into another one. */
  readonly project: string
  /** By kind, in the order of the package's kinds and then of the host's, and by name. */
  readonly entities: readonly BundleEntity[]
}

export interface BundleEntity {
  /** `prompt`, `model`, `embedding`, `flag`, `context_rules`, or the host's. */
  readonly kind: string
  /** The name; the context of a context rule. */
  readonly name: string
  /** Every version, 1 first. */
  readonly versions: readonly BundleVersion[]
  /** The version that each label points at. */
  readonly labels: Readonly<Record<string, number>>
  /** Those that are running or paused. */
  readonly rollouts?: readonly BundleRollout[]
}

export interface BundleVersion {
  readonly version: number
  /** The fields of a draft; the content of an entry of the host's kinds. `null` for a version that was purged. */
  readonly content: Json
  readonly isActive: boolean
  /** SHA-256 of the content, which tells that a bundle was changed by hand. Absent: it is not checked. */
  readonly hash?: string
}

/** A rollout as `rollouts.start` takes it, with its status. Its id is not kept: subjects are split anew. */
export interface BundleRollout {
  readonly label: string
  readonly arms: readonly RolloutArm[]
  /** In percent. */
  readonly coverage: number
  readonly sticky: boolean
  readonly recordExposures: boolean
  readonly status: 'running' | 'paused'
  readonly forced?: Readonly<Record<string, number>>
  readonly when?: JsonObject
  readonly schedule?: readonly { readonly at: string; readonly coverage: number }[]
  readonly guard?: JsonObject
  readonly enrol?: false
}
