import type { Kysely } from 'kysely'
import type { Contracts } from './contracts.js'
import type { LabelPolicy } from './label-policy.js'
import type { Tables } from './tables.js'
import type { WriteSession } from './write-session.js'
import type { WriteFacts, WriteMeta } from './written.js'

/**
 * What repositories write and read through: the store itself, or a transaction that is under way. What every write guarantees stands
 * behind `record`, once.
 */
export interface Recorder {
  readonly schema: string
  readonly policy: LabelPolicy
  readonly contracts: Contracts
  /** For reads past the caches. */
  read<Value>(query: (db: Kysely<Tables>) => Promise<Value>): Promise<Value>
  /** Runs `work` in a transaction that holds the revision; nothing of it is visible unless all of it commits. */
  record<Value>(
    meta: WriteMeta,
    work: (session: WriteSession) => Promise<Value>,
  ): Promise<{ readonly value: Value; readonly facts: WriteFacts }>
}
