import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { ConfigChange } from '../entities/config-change.js'
import type { Scope } from '../entities/scope.js'
import { formatChangeMessage } from '../shared/bus-message.js'
import { InvalidArgumentError, StoreUnavailableError } from '../shared/errors.js'
import { checkMeta } from './arguments.js'
import { Contracts } from './contracts.js'
import { LabelPolicy } from './label-policy.js'
import { type LoadedDocument, loadDocuments } from './load-documents.js'
import { notifyChannel } from './notify-channel.js'
import { isDatabaseError } from './pool.js'
import type { Recorder } from './recorder.js'
import { storeError } from './store-errors.js'
import type { Tables } from './tables.js'
import { inTurn, withinTurn } from './turns.js'
import { WriteSession, type WriteTimeouts } from './write-session.js'
import type { ChangelogHooks, Receipt, WriteFacts, WriteMeta } from './written.js'

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
  readonly policy?: LabelPolicy
  /** What the database calls itself, where somebody keeps an eye on it; else it is asked once. */
  readonly databaseIdentity?: () => string | undefined
  /** Told of the revision before it can be heard of by any other way, and again when the write has ended. */
  readonly onOwnRevision?: (revision: number, state: 'begun' | 'ended') => void
  /** Tells the others of a commit. */
  readonly announce?: (commit: Commit, meta: WriteMeta) => Promise<{ readonly propagated: boolean; readonly receipt?: Receipt }>
  readonly onHookError?: (error: unknown, change: ConfigChange) => void
}

/** Documents of one write that are read back for the caches; a write of more leaves the rest to be loaded when somebody asks. */
const MAX_DOCUMENTS = 100

/** Pause between two questions about a lost write. */
const ASK_AGAIN_MS = 100

/** The configuration tables of one schema, and the one way to write to them. */
export class ConfigStore implements Recorder {
  readonly schema: string
  readonly policy: LabelPolicy
  readonly contracts = new Contracts()
  readonly #parts: ConfigStoreParts
  /** The write that the current call chain is inside of. */
  readonly #writing = new AsyncLocalStorage<{ isOpen: boolean }>()
  #hostCodeRunning = 0
  #askedIdentity: string | undefined

  constructor(parts: ConfigStoreParts) {
    this.#parts = parts
    this.schema = parts.schema
    this.policy = parts.policy ?? new LabelPolicy()
  }

  /** @throws {InvalidArgumentError} inside a transaction or a `beforeCommit` hook: on one connection the read would wait for ever */
  async read<Value>(query: (db: Kysely<Tables>) => Promise<Value>): Promise<Value> {
    this.#refuseInside('read')
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
    this.#refuseInside('write')
    checkMeta(meta)
    const { db } = this.#parts
    return db.isTransaction ? inTurn(db, () => this.#join(db as Transaction<Tables>, meta, work)) : this.#write(meta, work)
  }

  #refuseInside(verb: 'read' | 'write'): void {
    if (!this.#writing.getStore()?.isOpen) return
    throw new InvalidArgumentError(
      'transaction',
      `is open: this ${verb} would wait for it for ever. Use the repositories that transaction() hands to its callback; in a hook, the ` +
        'transaction it is given.',
    )
  }

  /** Sends a message of no write. */
  async notify(message: string): Promise<void> {
    await this.read((db) => sql`select pg_notify(${notifyChannel(this.schema)}, ${message})`.execute(db))
  }

  /**
   * The write becomes part of a transaction of the host's, who announces it after the commit. A write that fails, or has nothing to write,
   * leaves that transaction as it was: usable, without the revision, and with plain SQL edits noticed.
   */
  async #join<Value>(transaction: Transaction<Tables>, meta: WriteMeta, work: (session: WriteSession) => Promise<Value>) {
    const session = new WriteSession(transaction, this.schema, randomUUID(), meta)
    const savepoint = sql.id(`agent_config_${session.writeId}`)
    try {
      await sql`savepoint ${savepoint}`.execute(transaction)
      try {
        await session.begin()
        const value = await work(session)
        if (!session.hasChanges) throw new NothingWritten(value, session.revision - 1)
        const changes = await session.finish({ joined: true })
        if (this.#parts.hooks?.beforeCommit) await withinTurn(transaction, () => this.#beforeCommit(changes, session))
        await sql`release savepoint ${savepoint}`.execute(transaction)
        return { value, facts: { revision: session.revision, propagated: undefined } }
      } catch (error) {
        await sql`rollback to savepoint ${savepoint}`.execute(transaction)
        throw error
      }
    } catch (error) {
      if (error instanceof NothingWritten)
        return { value: error.value as Value, facts: { revision: error.revision, propagated: undefined } }
      throw storeError(error, this.schema)
    }
  }

  async #write<Value>(meta: WriteMeta, work: (session: WriteSession) => Promise<Value>) {
    const progress: WriteProgress = { revision: 0, isCommitting: false }
    try {
      const { value, commit } = await this.#transact(meta, work, progress)
      const announced = (await this.#parts.announce?.(commit, meta)) ?? { propagated: true }
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
          done = await this.#perform(session, work)
          progress.isCommitting = true
        })
      return done as { value: Value; commit: Commit }
    } catch (error) {
      const mapped = storeError(error, this.schema)
      // Whatever PostgreSQL itself did not say: a host's Kysely brings what its driver says, and after a failed ROLLBACK only that.
      const isLost = progress.isCommitting && (mapped instanceof StoreUnavailableError || !isDatabaseError(error))
      if (!isLost || !done) throw error
      if (await this.#wasCommitted(writeId, error)) return done
      if (mapped instanceof StoreUnavailableError) throw error
      throw new StoreUnavailableError('The connection was lost during COMMIT. Nothing was written.', { outcome: 'none', cause: error })
    }
  }

  /** Runs a host's code that is part of a write, so that what it calls can be told to be inside of it. */
  async runInside<Result>(work: () => Promise<Result>): Promise<Result> {
    const inside = { isOpen: true }
    this.#hostCodeRunning++
    try {
      return await this.#writing.run(inside, work)
    } finally {
      inside.isOpen = false
      this.#hostCodeRunning--
      // On Node 20 and 22 a storage in use makes every promise of the process three times as slow, the host's too.
      if (this.#hostCodeRunning === 0) this.#writing.disable()
    }
  }

  async #perform<Value>(session: WriteSession, work: (session: WriteSession) => Promise<Value>) {
    const value = await work(session)
    // A revision without a changelog row would be a hole in the log: taking none rolls the number back.
    if (!session.hasChanges) throw new NothingWritten(value, session.revision - 1)
    const { scopes, revision, token } = session
    const database = await this.#identity(session.transaction)
    const message = formatChangeMessage({ database, revision, token, scopes })
    const changes = await session.finish({ message, joined: false })
    await this.#beforeCommit(changes, session)
    const documents = scopes.length > MAX_DOCUMENTS ? new Map() : await loadDocuments(session.transaction, this.schema, scopes)
    return {
      value,
      commit: { revision, token, scopes, message, documents: [...documents.values()], changes },
    }
  }

  async #identity(transaction: Transaction<Tables>): Promise<string> {
    const known = this.#parts.databaseIdentity?.() ?? this.#askedIdentity
    if (known !== undefined) return known
    const { rows } = await sql<{ identity: string }>`select ${sql.id(this.schema, 'database_identity')}() as identity`.execute(transaction)
    this.#askedIdentity = rows[0]?.identity as string
    return this.#askedIdentity
  }

  async #beforeCommit(changes: readonly ConfigChange[], session: WriteSession): Promise<void> {
    const hook = this.#parts.hooks?.beforeCommit
    if (!hook) return
    await this.runInside(async () => {
      for (const change of changes) await hook(change, session.transaction)
    })
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

  /**
   * Asks what became of a write on another connection. What cut one connection has often cut the rest of the pool with it, and a server
   * that restarts is back soon: so it is asked more than once.
   */
  async #wasCommitted(writeId: string, lost: unknown): Promise<boolean> {
    const deadline = Date.now() + this.#parts.databaseMs
    for (;;) {
      try {
        return await this.#findWrite(writeId)
      } catch {
        if (Date.now() < deadline) await sleep(ASK_AGAIN_MS)
        else break
      }
    }
    throw new StoreUnavailableError(
      'The connection was lost during COMMIT and PostgreSQL cannot be asked whether it was carried out. Read before you write again.',
      {
        outcome: 'unknown',
        cause: lost,
      },
    )
  }

  /** The old transaction may still be ending: its lock is waited for, and only a statement after that looks at the changelog. */
  #findWrite(writeId: string): Promise<boolean> {
    const log = sql.id(this.schema, 'config_changelog')
    return this.#parts.db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (transaction) => {
        await sql`select set_config('lock_timeout', ${String(this.#timeouts().lockMs)}, true)`.execute(transaction)
        await sql`select 1 from ${sql.id(this.schema, 'config_state')} where id = 1 for update`.execute(transaction)
        const { rows } = await sql`select 1 from ${log} where write_id = ${writeId}::uuid limit 1`.execute(transaction)
        return rows.length > 0
      })
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
