import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { ConfigChange } from '../entities/config-change.js'
import type { Scope } from '../entities/scope.js'
import { InvalidArgumentError, StoreUnavailableError } from '../shared/errors.js'
import { type LoadedDocument, loadDocuments } from './load-documents.js'
import type { Recorder } from './recorder.js'
import { storeError } from './store-errors.js'
import type { Tables } from './tables.js'
import { WriteSession, type WriteTimeouts } from './write-session.js'
import type { ChangelogHooks, WriteFacts, WriteMeta } from './written.js'

/** A committed write, for whoever tells the others. */
export interface Commit {
  readonly revision: number
  readonly token: string
  readonly scopes: readonly Scope[]
  /** The announcement, as NOTIFY sent it. */
  readonly message: string
  /** What the write left behind, read in its own transaction. */
  readonly documents: readonly LoadedDocument[]
  readonly changes: readonly ConfigChange[]
}

export interface ConfigStoreParts {
  readonly db: Kysely<Tables>
  readonly schema: string
  readonly databaseMs: number
  readonly hooks?: ChangelogHooks | undefined
  /** Told of the revision before it can be heard of by any other way, and again when the write has ended. */
  readonly onOwnRevision?: (revision: number, state: 'begun' | 'ended') => void
  /** Tells the others of a commit. */
  readonly announce?: (commit: Commit) => Promise<{ readonly propagated: boolean }>
  readonly onHookError?: (error: unknown, change: ConfigChange) => void
}

/** Documents of one write that are read back for the caches; a write of more leaves the rest to be loaded when somebody asks. */
const MAX_DOCUMENTS = 100

/** The configuration tables of one schema, and the one way to write to them. */
export class ConfigStore implements Recorder {
  readonly schema: string
  readonly #parts: ConfigStoreParts
  /** The write that the current call chain is inside of. */
  readonly #writing = new AsyncLocalStorage<{ isOpen: boolean }>()

  constructor(parts: ConfigStoreParts) {
    this.#parts = parts
    this.schema = parts.schema
  }

  async read<Value>(query: (db: Kysely<Tables>) => Promise<Value>): Promise<Value> {
    try {
      return await query(this.#parts.db.withSchema(this.schema))
    } catch (error) {
      throw storeError(error, this.schema)
    }
  }

  /**
   * @throws {StoreUnavailableError} with `outcome: 'none'` when nothing was written, `'unknown'` when the connection was lost during COMMIT
   *   and the database cannot be asked what became of it
   * @throws {InvalidArgumentError} inside a transaction or a `beforeCommit` hook of this store: the write would wait for its own lock
   */
  async record<Value>(meta: WriteMeta, work: (session: WriteSession) => Promise<Value>): Promise<{ value: Value; facts: WriteFacts }> {
    if (this.#writing.getStore()?.isOpen) {
      throw new InvalidArgumentError(
        'transaction',
        'is open: this write would wait for it for ever. Write through the repositories that transaction() hands to its callback.',
      )
    }
    const { db } = this.#parts
    return db.isTransaction ? this.#join(db as Transaction<Tables>, meta, work) : this.#write(meta, work)
  }

  /** The channel that writes are notified on. */
  async notifyChannel(): Promise<string> {
    const { rows } = await sql<{ channel: string }>`select ${sql.id(this.schema, 'notify_channel')}() as channel`.execute(this.#parts.db)
    return (rows[0] as { channel: string }).channel
  }

  /** Sends a message of no write. */
  async notify(message: string): Promise<void> {
    await this.read((db) => sql`select pg_notify(${sql.id(this.schema, 'notify_channel')}(), ${message})`.execute(db))
  }

  /** The write becomes part of a transaction of the host's, who announces it after the commit. */
  async #join<Value>(transaction: Transaction<Tables>, meta: WriteMeta, work: (session: WriteSession) => Promise<Value>) {
    const session = new WriteSession(transaction, this.schema, randomUUID(), meta)
    try {
      await session.begin()
      const value = await work(session)
      const { changes } = await session.finish(true)
      await this.#beforeCommit(changes, session)
      return { value, facts: { revision: session.revision, propagated: undefined } }
    } catch (error) {
      throw storeError(error, this.schema)
    }
  }

  async #write<Value>(meta: WriteMeta, work: (session: WriteSession) => Promise<Value>) {
    const progress: WriteProgress = { revision: 0, isCommitting: false }
    try {
      const { value, commit } = await this.#transact(meta, work, progress)
      const announced = (await this.#parts.announce?.(commit)) ?? { propagated: true }
      this.#afterCommit(commit.changes)
      return { value, facts: { revision: commit.revision, ...announced } }
    } catch (error) {
      if (error instanceof NothingWritten) return { value: error.value as Value, facts: { revision: error.revision, propagated: true } }
      throw storeError(error, this.schema, 'none')
    } finally {
      if (progress.revision > 0) this.#parts.onOwnRevision?.(progress.revision, 'ended')
    }
  }

  async #transact<Value>(meta: WriteMeta, work: (session: WriteSession) => Promise<Value>, progress: WriteProgress) {
    const writeId = randomUUID()
    let done: { value: Value; commit: Commit } | undefined
    try {
      await this.#parts.db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (transaction) => {
          const session = new WriteSession(transaction, this.schema, writeId, meta)
          await session.begin(this.#timeouts())
          progress.revision = session.revision
          this.#parts.onOwnRevision?.(session.revision, 'begun')
          const inside = { isOpen: true }
          done = await this.#writing
            .run(inside, () => this.#perform(session, work))
            .finally(() => {
              inside.isOpen = false
            })
          progress.isCommitting = true
        })
      return done as { value: Value; commit: Commit }
    } catch (error) {
      const isLost = progress.isCommitting && storeError(error, this.schema) instanceof StoreUnavailableError
      if (!isLost || !done) throw error
      if (await this.#wasCommitted(writeId, error)) return done
      throw error
    }
  }

  async #perform<Value>(session: WriteSession, work: (session: WriteSession) => Promise<Value>) {
    const value = await work(session)
    // A revision without a changelog row would be a hole in the log: taking none rolls the number back.
    if (!session.hasChanges) throw new NothingWritten(value, session.revision - 1)
    const { changes, message } = await session.finish(false)
    await this.#beforeCommit(changes, session)
    const scopes = session.scopes
    const documents = scopes.length > MAX_DOCUMENTS ? new Map() : await loadDocuments(session.transaction, this.schema, scopes)
    return {
      value,
      commit: { revision: session.revision, token: session.token, scopes, message, documents: [...documents.values()], changes },
    }
  }

  async #beforeCommit(changes: readonly ConfigChange[], session: WriteSession): Promise<void> {
    const hook = this.#parts.hooks?.beforeCommit
    if (hook) for (const change of changes) await hook(change, session.transaction)
  }

  #afterCommit(changes: readonly ConfigChange[]): void {
    const hook = this.#parts.hooks?.afterCommit
    if (!hook) return
    void (async () => {
      for (const change of changes) {
        try {
          await hook(change)
        } catch (error) {
          this.#parts.onHookError?.(error, change)
        }
      }
    })()
  }

  /** The old transaction may still be ending: its lock is waited for, and only then the changelog is looked at. */
  async #wasCommitted(writeId: string, lost: unknown): Promise<boolean> {
    const state = sql`${sql.id(this.schema)}.config_state`
    const log = sql`${sql.id(this.schema)}.config_changelog`
    try {
      return await this.#parts.db.transaction().execute(async (transaction) => {
        await sql`select set_config('lock_timeout', ${String(this.#timeouts().lockMs)}, true)`.execute(transaction)
        await sql`select 1 from ${state} where id = 1 for update`.execute(transaction)
        const { rows } = await sql`select 1 from ${log} where write_id = ${writeId}::uuid limit 1`.execute(transaction)
        return rows.length > 0
      })
    } catch {
      throw new StoreUnavailableError(
        'The connection was lost during COMMIT and PostgreSQL cannot be asked whether it was carried out. Read before you write again.',
        {
          outcome: 'unknown',
          cause: lost,
        },
      )
    }
  }

  #timeouts(): WriteTimeouts {
    const { databaseMs } = this.#parts
    return { lockMs: databaseMs * 2, statementMs: databaseMs * 2, idleMs: databaseMs }
  }
}

interface WriteProgress {
  revision: number
  isCommitting: boolean
}

/** Ends a transaction that turned out to have nothing to write. */
class NothingWritten extends Error {
  readonly value: unknown
  readonly revision: number

  constructor(value: unknown, revision: number) {
    super('Nothing was written.')
    this.value = value
    this.revision = revision
  }
}
