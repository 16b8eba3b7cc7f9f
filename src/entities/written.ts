import type { ConfigChange } from './config-change.js'

/** How many workers served a write when `waitForWorkers` was over. */
export interface Receipt {
  /** Workers that hear announcements over Redis, this one included. A worker that died is not among them. */
  readonly workers: number
  /** Of those, how many serve the write. */
  readonly applied: number
  /** Milliseconds from the announcement until the last of them said so, or until the wait was over. */
  readonly ms: number
}

export interface WriteFacts {
  /** The number of the write; a read with `minRevision` of it sees the write anywhere. */
  readonly revision: number
  /**
   * Whether other workers were told: over Redis, or by NOTIFY where there is no Redis. When false they find out at their next poll.
   * `undefined` inside a transaction, which announces at its end.
   */
  readonly propagated: boolean | undefined
  /** There when the write asked for it with `waitForWorkers`, and Redis answered. */
  readonly receipt?: Receipt
}

/** What a write resolves with. */
export type Written<Entity> = Entity & WriteFacts

/** What several writes that are carried out as one take: `transaction` and `ensure`. */
export interface GroupMeta {
  /** Who did it, for the changelog. */
  readonly changedBy?: string
  /** Why, for the changelog. */
  readonly summary?: string
  /**
   * Waits until every worker serves the write, at most this many milliseconds; the answer's `receipt` says how many do. Through a manager
   * with Redis, and not inside `transaction()`.
   */
  readonly waitForWorkers?: number
}

/** What every write takes besides its own arguments. */
export interface WriteMeta extends GroupMeta {
  /**
   * Nothing is written when the entity was changed after this revision, with `ChangedError`: the `revision` of the read that the write is
   * based on. Whatever its labels, versions and rollouts; the context rules of a project are one entity.
   */
  readonly ifUnchangedSince?: number
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
