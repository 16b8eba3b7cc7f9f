import type { RevisionLog } from '../cache/log/revision-log.js'
import type { RedisBus } from '../cache/redis/redis-bus.js'
import { MAX_MESSAGE_LENGTH, type PlainMessage, parseBusMessage, type ReceiptMessage } from '../shared/bus-message.js'
import type { DatabaseIdentity } from '../shared/database-identity.js'
import type { NotifyBus } from '../store/postgres/notify-bus.js'

export interface BusParts {
  /** Messages about other databases are ignored; messages that arrive before the identity is known are kept. */
  readonly identity: DatabaseIdentity
  readonly log: RevisionLog
  /** A writer asks which workers serve its write (a receipt). */
  readonly onReceipt: (message: ReceiptMessage) => void
  readonly onPlainMessage: (message: PlainMessage) => void
  /** Called when another database announces on the same channel. */
  readonly onForeign: (database: string) => void
}

/** Most messages kept until the database's identity is known. The log is read then; these cover changes that commit during that read. */
const MAX_EARLY = 1_000
/** While Redis announces too, NOTIFY waits this long for it: the Redis document is written before the Redis message, not before NOTIFY. */
const HOLD_BACK_MS = 60

/** Announcements, over Redis and over NOTIFY. */
export class Bus {
  readonly #parts: BusParts
  #redis: RedisBus | undefined
  #notify: NotifyBus | undefined
  /** Messages that came before the database was known; they may announce changes. */
  #early: string[] = []
  readonly #heldBack = new Set<NodeJS.Timeout>()
  #hasWarned = false

  constructor(parts: BusParts) {
    this.#parts = parts
    parts.identity.onNamed(() => this.#receiveEarly())
  }

  attach(buses: { readonly redis?: RedisBus | undefined; readonly notify?: NotifyBus | undefined }): void {
    this.#redis = buses.redis
    this.#notify = buses.notify
  }

  /** Whether changes are announced to this process, so that it need not poll often. */
  get isListening(): boolean {
    return this.#redis?.isSubscribed === true || this.#notify?.isListening === true
  }

  get subscriber(): 'up' | 'down' | 'off' {
    if (!this.#redis && (!this.#notify || this.#notify.isPooled)) return 'off'
    return this.isListening ? 'up' : 'down'
  }

  receiveNotification(text: string): void {
    const message = parseBusMessage(text)
    // Without scopes it announces an edit made by plain SQL, which is never announced over Redis.
    if (!this.#redis?.isSubscribed || message?.form !== 'change' || message.scopes === undefined) {
      this.receive(text)
      return
    }
    const timer = setTimeout(() => {
      this.#heldBack.delete(timer)
      this.receive(text)
    }, HOLD_BACK_MS)
    timer.unref()
    this.#heldBack.add(timer)
  }

  receive(text: string): void {
    const database = this.#parts.identity.name
    if (database === undefined) {
      if (text.length > MAX_MESSAGE_LENGTH) return
      this.#early.push(text)
      if (this.#early.length > MAX_EARLY) this.#early.shift()
      return
    }
    const message = parseBusMessage(text)
    if (message === undefined) return
    if (message.form === 'plain') this.#parts.onPlainMessage(message)
    else if (message.database !== database) this.#warnOnce(message.database)
    else if (message.form === 'receipt') this.#parts.onReceipt(message)
    else this.#parts.log.hear(message.revision, message.token, message.scopes)
  }

  async close(): Promise<void> {
    for (const timer of this.#heldBack) clearTimeout(timer)
    this.#redis?.close()
    await this.#notify?.close()
  }

  #receiveEarly(): void {
    const early = this.#early
    this.#early = []
    for (const text of early) this.receive(text)
  }

  #warnOnce(database: string): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#parts.onForeign(database)
  }
}
