import type { ConfigKind } from '../../entities/config-kind.js'
import type { JsonObject } from '../../entities/json.js'
import type { Row } from '../../kinds/row.js'
import type { EntityState } from './entity-state.js'

/** One entity, and what a write asks about it before it decides. Labelled versions and arms of open rollouts are always in the answer. */
export interface EntityQuery {
  readonly kind: ConfigKind
  readonly project: string
  readonly name: string
  /** Versions that it asks about: whether they exist, and are active. */
  readonly versions?: readonly number[]
  /** Every active version. */
  readonly active?: true
  /** Versions whose rows are wanted. */
  readonly rows?: readonly number[]
  /** The row of the highest version is wanted. */
  readonly highest?: true
  /** The rows of labelled versions and of arms are wanted. */
  readonly arms?: true
  /** The label whose last active version before now is wanted. */
  readonly before?: string
}

/** Which entity a step changes. */
interface OfEntity {
  readonly kind: ConfigKind
  readonly project: string
  readonly name: string
}

/** What the changelog says of a step. */
export interface StepFacts {
  /** The verb. */
  readonly change: string
  /** The summary that the caller gave. */
  readonly summary?: string | undefined
  /** The summary when the caller gave none. */
  readonly defaultSummary?: string | undefined
  readonly by?: string | undefined
  readonly force?: boolean | undefined
}

/** One thing a write does. PostgreSQL carries it out and writes its changelog row: migrations/0003_guarded_writes.ts. */
export type WriteStep = StepFacts &
  (
    | (OfEntity & { readonly do: 'version'; readonly columns: JsonObject; readonly labels?: readonly string[] })
    | (OfEntity & { readonly do: 'label'; readonly label: string; readonly version: number | null })
    | (OfEntity & {
        readonly do: 'active'
        readonly versions: readonly number[]
        readonly active: boolean
        readonly labels?: readonly string[]
      })
    | (OfEntity & { readonly do: 'purge'; readonly version: number })
    | { readonly do: 'rollout'; readonly id: string; readonly columns: JsonObject; readonly verdict?: JsonObject }
    | { readonly do: 'refresh'; readonly kind: ConfigKind | 'all' }
  )

/** What a write decided, having seen the entities under the lock. Without steps nothing is written. */
export interface Decision<Value> {
  readonly steps: readonly WriteStep[]
  /** Makes the answer from the rows after the steps, one row for each step. */
  readonly answer: (rows: readonly Row[]) => Value
}

/** A write as a value: what it asks about its entities, and how it decides on its steps. */
export interface Write<Value> {
  readonly asks: readonly EntityQuery[]
  readonly decide: (states: readonly EntityState[]) => Decision<Value>
}
