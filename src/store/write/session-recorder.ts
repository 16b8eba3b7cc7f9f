import type { Kysely } from 'kysely'
import type { WriteMeta } from '../../entities/written.js'
import type { KindRegistry } from '../../kinds/registry.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { Tables } from '../postgres/tables.js'
import type { Contracts } from './contracts.js'
import type { Recorded, Recorder } from './recorder.js'
import type { Write } from './write.js'
import type { WritePolicy } from './write-policy.js'
import type { WriteSession } from './write-session.js'

/** Writes and reads inside a transaction that is under way. */
export class SessionRecorder implements Recorder {
  readonly schema: string
  readonly policy: WritePolicy
  readonly contracts: Contracts
  readonly kinds: KindRegistry
  readonly #session: WriteSession
  #isOpen = true

  constructor(session: WriteSession, store: Pick<Recorder, 'schema' | 'policy' | 'contracts' | 'kinds'>) {
    this.#session = session
    this.schema = store.schema
    this.policy = store.policy
    this.contracts = store.contracts
    this.kinds = store.kinds
  }

  async read<Value>(query: (db: Kysely<Tables>) => Promise<Value>): Promise<Value> {
    if (!this.#isOpen) throw ended()
    return query(this.#session.transaction)
  }

  async record<Value>(meta: WriteMeta, write: Write<Value>): Promise<Recorded<Value>> {
    if (meta.waitForWorkers !== undefined)
      throw new InvalidArgumentError('waitForWorkers', 'must not be given inside transaction(): nobody can serve it yet')
    if (!this.#isOpen) throw ended()
    return {
      value: await this.#session.write(write, meta.ifUnchangedSince),
      facts: { revision: this.#session.revision, propagated: undefined },
    }
  }

  close(): void {
    this.#isOpen = false
  }
}

function ended(): InvalidArgumentError {
  return new InvalidArgumentError('transaction', 'has ended: its repositories can no longer be used. Await every call inside of it.')
}
