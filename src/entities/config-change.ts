import type { ConfigKind } from './config-kind.js'
import type { JsonObject } from './json.js'

/** What a change did. `sql` is an edit that did not come through this library. */
export type ChangeType =
  | 'create'
  | 'version'
  | 'promote'
  | 'rollback'
  | 'remove_label'
  | 'deactivate'
  | 'activate'
  | 'refresh'
  | 'purge'
  | 'sql'
  | `rollout_${string}`

/** One row of the audit table. */
export interface ConfigChange {
  readonly id: number
  /** The number of the write; changes of one transaction share it. */
  readonly revision: number
  readonly configType: ConfigKind | 'all'
  readonly configId: number | null
  /** The name without the project; the context of a context rule; `*` for a refresh. */
  readonly configName: string
  readonly project: string
  readonly previousVersion: number | null
  readonly newVersion: number | null
  readonly changeType: ChangeType
  readonly changeSummary: string | null
  /** Where the write moved labels, `labels` holds where they pointed before: `{ labels: { production: 3 } }`. */
  readonly previousData: JsonObject | null
  /** The content in full for `create` and `version`; where the write moved labels, `labels` holds where they point now. */
  readonly newData: JsonObject | null
  readonly changedBy: string | null
  /** ISO 8601, UTC. */
  readonly changedAt: string
}
