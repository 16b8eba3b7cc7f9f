import type { Kysely } from 'kysely'
import type { WriteFacts, WriteMeta } from '../../entities/written.js'
import type { KindRegistry } from '../../kinds/registry.js'
import type { Tables } from '../postgres/tables.js'
import type { Contracts } from './contracts.js'
import type { Write } from './write.js'
import type { WritePolicy } from './write-policy.js'

/** What a write resolves with, before its repository puts the two together. */
export interface Recorded<Value> {
  readonly value: Value
  readonly facts: WriteFacts
}

/**
 * What repositories write and read through: the store itself, or a transaction that is under way. The guarantees of every write are
 * implemented once, behind `record`.
 */
export interface Recorder {
  readonly schema: string
  readonly policy: WritePolicy
  readonly contracts: Contracts
  readonly kinds: KindRegistry
  /** For reads past the caches. */
  read<Value>(query: (db: Kysely<Tables>) => Promise<Value>): Promise<Value>
  /** Carries a write out in a transaction that holds the revision; nothing of it is visible unless all of it commits. */
  record<Value>(meta: WriteMeta, write: Write<Value>): Promise<Recorded<Value>>
}
