import type { ConfigChange } from '../entities/config-change.js'

export interface WriteFacts {
  /** The number of the write; a read with `minRevision` of it sees the write anywhere. */
  readonly revision: number
  /**
   * Whether other workers were told: over Redis, or by NOTIFY where there is no Redis. When false they find out at their next poll.
   * `undefined` inside a transaction, which announces at its end.
   */
  readonly propagated: boolean | undefined
}

/** What a write resolves with. */
export type Written<Entity> = Entity & WriteFacts

/** What every write takes besides its own arguments. */
export interface WriteMeta {
  /** Who did it, for the changelog. */
  readonly changedBy?: string
  /** Why, for the changelog. */
  readonly summary?: string
}

export interface ChangelogHooks {
  /**
   * Runs inside the write's transaction, before it commits; a throw aborts the write. `transaction` is a Kysely transaction for the
   * host's own statements.
   */
  readonly beforeCommit?: (change: ConfigChange, transaction: unknown) => Promise<void> | void
  /** Runs after the commit and the announcement; a throw becomes an `error` event. */
  readonly afterCommit?: (change: ConfigChange) => Promise<void> | void
}
