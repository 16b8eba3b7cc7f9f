import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { ConfigChange } from '../../entities/config-change.js'
import type { Scope } from '../../entities/scope.js'
import type { ChangelogHooks, Receipt, WriteMeta } from '../../entities/written.js'
import { KindRegistry } from '../../kinds/registry.js'
import { checkMeta } from '../../shared/arguments.js'
import type { DatabaseIdentity } from '../../shared/database-identity.js'
import { withDeadline } from '../../shared/deadline.js'
import { InvalidArgumentError, StoreUnavailableError } from '../../shared/errors.js'
import { notifyChannel } from '../postgres/notify-channel.js'
import { isDatabaseError } from '../postgres/pool.js'
import { storeError } from '../postgres/store-errors.js'
import type { Tables } from '../postgres/tables.js'
import type { LoadedDocument } from '../read/load-documents.js'
import { Contracts } from './contracts.js'
import type { EntityState } from './entity-state.js'
import type { Recorded, Recorder } from './recorder.js'
import { SessionRecorder } from './session-recorder.js'
import { inTurn, withinTurn } from './turns.js'
import type { Decision, EntityQuery, Write } from './write.js'
import { WritePolicy } from './write-policy.js'
import { WriteQueue } from './write-queue.js'
import { type Closing, type SessionStore, WriteSession, type WriteTimeouts } from './write-session.js'

/** A committed write, for the code that announces it to other workers. */
export interface Commit {
  readonly revision: number
  readonly token: string
  readonly scopes: readonly Scope[]
  /** The announcement, as NOTIFY sent it. */
  readonly message: string
  /** The documents after the write, read in its own transaction. */
  readonly documents: readonly LoadedDocument[]
  readonly changes: readonly ConfigChange[]
}

export interface ConfigStoreParts {
  readonly db: Kysely<Tables>
  readonly schema: string
  /** Whether a text of several statements is answered by the rows of all of them; then a write takes three round trips. @default false */
  readonly isBatched?: boolean
  readonly databaseMs: number
  /** Longest time a write waits for its turn in this process, in milliseconds. @default 60_000 */
  readonly queueMs?: number
  readonly hooks?: ChangelogHooks | undefined
  readonly policy?: WritePolicy
  /** @default the kinds that come with the package */
  readonly kinds?: KindRegistry
  /** What the database calls itself; a write looks it up where it has not been confirmed. */
  readonly identity?: DatabaseIdentity
  /** Called with the revision before any announcement of it can arrive, and again when the write has ended. */
  readonly onOwnRevision?: (revision: number, state: 'begun' | 'ended') => void
  /** Announces a commit to the other workers. */
  readonly announce?: (commit: Commit, meta: WriteMeta) => Promise<{ readonly propagated: boolean; readonly receipt?: Receipt }>
  readonly onHookError?: (error: unknown, change: ConfigChange) => void
}

/** Longest time a write waits for its turn, in milliseconds. */
export const QUEUE_MS = 60_000

/** Pause between two questions about a lost write. */
const ASK_AGAIN_MS = 100

/** The configuration tables of one schema, and the one way to write to them. */
export class ConfigStore implements Recorder {
  readonly schema: string
  readonly policy: WritePolicy
  readonly contracts = new Contracts()
  readonly kinds: KindRegistry
  readonly #parts: ConfigStoreParts
  /** The write that the current call chain is inside of. */
  readonly #writing = new AsyncLocalStorage<{ isOpen: boolean }>()
  readonly #queue: WriteQueue
  #hostCodeRunning = 0

  constructor(parts: ConfigStoreParts) {
    this.#parts = parts
    this.schema = parts.schema
    this.policy = parts.policy ?? new WritePolicy()
    this.kinds = parts.kinds ?? new KindRegistry()
    this.#queue = new WriteQueue({ queueMs: parts.queueMs ?? QUEUE_MS })
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
   * Carries one write out.
   *
   * @throws {StoreUnavailableError} with `outcome: 'none'` when nothing was written, `'unknown'` when the connection was lost during COMMIT
   *   and the database cannot be asked what became of it
   * @throws {InvalidArgumentError} inside a transaction or a `beforeCommit` hook of this store: the write would wait for its own lock
   */
  record<Value>(meta: WriteMeta, { asks, decide }: Write<Value>): Promise<Recorded<Value>> {
    const [first] = asks
    return this.#record(meta, { name: first ? `${first.kind}:${first.project}:${first.name}` : '', asks, decide })
  }

  /**
   * Carries several writes out as one.
   *
   * @param work a host's code, which writes through the recorder it is handed
   * @throws as `record` does
   */
  transact<Value>(meta: WriteMeta, work: (recorder: Recorder) => Promise<Value>): Promise<Recorded<Value>> {
    const decide = async (_states: readonly EntityState[], session: WriteSession): Promise<Decision<Value>> => {
      const recorder = new SessionRecorder(session, this)
      try {
        const value = await this.#runInside(() => session.waitFor(work(recorder), 'The callback of transaction()'))
        return { steps: [], answer: () => value }
      } finally {
        recorder.close()
      }
    }
    return this.#record(meta, { name: '', asks: [], decide })
  }

  async #record<Value>(meta: WriteMeta, work: Work<Value>): Promise<Recorded<Value>> {
    this.#refuseInside('write')
    checkMeta(meta)
    const { db } = this.#parts
    return db.isTransaction ? inTurn(db, () => this.#join(db as Transaction<Tables>, meta, work)) : this.#write(meta, work)
  }

  get #session(): SessionStore {
    return { schema: this.schema, kinds: this.kinds, isBatched: this.#parts.isBatched ?? false }
  }

  #refuseInside(verb: 'read' | 'write'): void {
    if (!this.#writing.getStore()?.isOpen) return
    throw new InvalidArgumentError(
      'transaction',
      `is open: this ${verb} would wait for it for ever. Use the repositories that transaction() hands to its callback; in a hook, the ` +
        'transaction it is given.',
    )
  }

  /** Sends a message that belongs to no write. */
  async notify(message: string): Promise<void> {
    await this.read((db) => sql`select pg_notify(${notifyChannel(this.schema)}, ${message})`.execute(db))
  }

  /**
   * The write becomes part of a transaction of the host's; it is announced by the NOTIFY of that transaction. A write that fails, or has
   * nothing to write,
   * leaves that transaction as it was: usable, without the revision, and with plain SQL edits noticed.
   */
  async #join<Value>(transaction: Transaction<Tables>, meta: WriteMeta, work: Work<Value>): Promise<Recorded<Value>> {
    const session = new WriteSession(transaction, this.#session, randomUUID(), meta)
    const savepoint = sql.id(`agent_config_${session.writeId}`)
    try {
      await sql`savepoint ${savepoint}`.execute(transaction)
      try {
        const { value, changes } = await this.#perform(session, work, { joined: true })
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

  async #write<Value>(meta: WriteMeta, work: Work<Value>): Promise<Recorded<Value>> {
    const progress: WriteProgress = { revision: 0, isCommitting: false }
    try {
      const { value, commit } = await this.#queue.run(work.name, () => this.#transact(meta, work, progress))
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

  async #transact<Value>(meta: WriteMeta, work: Work<Value>, progress: WriteProgress) {
    const writeId = randomUUID()
    let done: { value: Value; commit: Commit } | undefined
    let failure: { readonly error: unknown } | undefined
    const perform = async (transaction: Transaction<Tables>) => {
      const session = new WriteSession(transaction, this.#session, writeId, meta)
      const { value, ...closed } = await this.#perform(
        session,
        work,
        { joined: false, database: this.#parts.identity?.confirmedName },
        () => {
          progress.revision = session.revision
          this.#parts.onOwnRevision?.(session.revision, 'begun')
        },
      )
      await this.#beforeCommit(closed.changes, session)
      done = { value, commit: { revision: session.revision, token: session.token, ...closed } }
      progress.isCommitting = true
    }
    const noting = (error: unknown) => {
      failure = { error }
      throw error
    }
    try {
      await this.#parts.db
        .transaction()
        .setIsolationLevel('read committed')
        .execute((transaction) => perform(transaction).catch(noting))
      return done as { value: Value; commit: Commit }
    } catch (last) {
      // Kysely rejects with the error of the failed ROLLBACK; the error that made it roll back says more.
      const error = failure ? failure.error : last
      const mapped = storeError(error, this.schema)
      // An error that PostgreSQL did not report also counts as a lost connection: a host's Kysely passes its driver's errors on unchanged.
      const isLost = progress.isCommitting && (mapped instanceof StoreUnavailableError || !isDatabaseError(error))
      if (!isLost || !done) throw error
      if (await this.#wasCommitted(writeId, error)) return done
      if (mapped instanceof StoreUnavailableError) throw error
      throw new StoreUnavailableError('The connection was lost during COMMIT. Nothing was written.', { outcome: 'none', cause: error })
    }
  }

  /** Runs a host's code that is part of a write, so that calls made from it are recognised as such. */
  async #runInside<Result>(work: () => Promise<Result>): Promise<Result> {
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

  /** Opens the session, lets the work decide, carries it out and announces it. */
  async #perform<Value>(session: WriteSession, work: Work<Value>, closing: Closing, onOpen?: () => void) {
    const states = await session.open(work.asks, closing.joined ? undefined : this.#timeouts())
    onOpen?.()
    const decision = await work.decide(states, session)
    // A revision without a changelog row would be a gap in the log: rolling back frees the number.
    if (decision.steps.length === 0 && !session.hasChanges) throw new NothingWritten(decision.answer([]), session.revision - 1)
    return session.close(decision, closing)
  }

  async #beforeCommit(changes: readonly ConfigChange[], session: WriteSession): Promise<void> {
    const hook = this.#parts.hooks?.beforeCommit
    if (!hook) return
    await this.#runInside(async () => {
      for (const change of changes) await session.waitFor(Promise.resolve(hook(change, session.transaction)), 'The hook beforeCommit')
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
   * Asks what became of a write on another connection. When one connection was cut, the rest of the pool often was too, and a server
   * that restarts is back soon: so it is asked more than once.
   */
  async #wasCommitted(writeId: string, lost: unknown): Promise<boolean> {
    const deadline = performance.now() + this.#parts.databaseMs
    for (;;) {
      try {
        // A host's pool may wait for a connection for ever.
        return await withDeadline(this.#findWrite(writeId), deadline - performance.now(), () => new Error('no answer in time'))
      } catch {
        if (performance.now() < deadline) await sleep(ASK_AGAIN_MS)
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

  #findWrite(writeId: string): Promise<boolean> {
    return this.#parts.db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (transaction) => {
        await sql`select set_config('lock_timeout', ${String(this.#timeouts().lockMs)}, true)`.execute(transaction)
        const { rows } = await sql<{ written: boolean }>`
          select ${sql.id(this.schema, 'was_written')}(${writeId}::text::uuid) as written
        `.execute(transaction)
        return rows[0]?.written === true
      })
  }

  #timeouts(): WriteTimeouts {
    const { databaseMs } = this.#parts
    return { lockMs: databaseMs * 2, statementMs: databaseMs * 2, idleMs: databaseMs }
  }
}

/** The work of an open session. For `transaction()` it is the host's code, which writes through the session. */
interface Work<Value> {
  /** Writes of one name wait for each other; those of other names get their turns in between. */
  readonly name: string
  readonly asks: readonly EntityQuery[]
  readonly decide: (states: readonly EntityState[], session: WriteSession) => Decision<Value> | Promise<Decision<Value>>
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
