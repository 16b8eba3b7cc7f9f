import type { Rollout } from '../../entities/rollout.js'
import type { Row } from '../../kinds/row.js'
import type { LabelMap } from '../read/labels.js'
import { decodeRollout } from '../read/rollout-rows.js'
import type { VersionState } from '../read/version-rows.js'

/** An entity as the write that holds the revision sees it: no other write can change it meanwhile. */
export interface EntityState {
  /** 0 when there is no version. */
  readonly highest: number
  /** Whether any version is active. */
  readonly isActive: boolean
  /** The versions that were asked for, those with labels, and the arms of open rollouts, ascending. */
  readonly versions: readonly VersionState[]
  readonly labels: LabelMap
  /** Running and paused ones. */
  readonly rollouts: readonly Rollout[]
  /** The rows that were asked for, by version. */
  readonly rows: ReadonlyMap<number, Row>
  /** Where the label that was asked about was before. */
  readonly before: number | undefined
}

/** What the function `entity_states` gives for one entity. */
interface StateJson {
  readonly highest: number
  readonly isActive: boolean
  readonly versions: readonly [version: number, id: number, isActive: boolean][]
  readonly labels: Readonly<Record<string, number>>
  readonly rollouts: readonly Row[]
  readonly rows: readonly Row[]
  readonly before?: number | null
}

export function decodeStates(text: string): readonly EntityState[] {
  return (JSON.parse(text) as StateJson[]).map((state) => ({
    highest: state.highest,
    isActive: state.isActive,
    versions: state.versions.map(([version, id, isActive]) => ({ version, id, isActive })),
    labels: new Map(Object.entries(state.labels)),
    rollouts: state.rollouts.map(decodeRollout),
    rows: new Map(state.rows.map((row) => [Number(row.version), row])),
    before: state.before ?? undefined,
  }))
}

/** The state of a version that was asked for; `undefined` when there is none. */
export function versionIn(state: EntityState, version: number): VersionState | undefined {
  return state.versions.find((entry) => entry.version === version)
}
