import type { Scope } from '../../entities/scope.js'
import type { DatabaseIdentity } from '../../shared/database-identity.js'

/** One read of the log: everything that changed after a revision, as one prefix of the log. */
export interface LogPage {
  /** The database's name for itself: created with the schema, and different in a copy of the database. */
  readonly database: string
  /** The newest revision, and its token. */
  readonly top: number
  readonly topToken: string
  /** The token that the log has now for the revision that was asked about; `undefined` when the log does not have that revision. */
  readonly tokenAtAfter: string | undefined
  /** The heads above the revision asked about; none when none was. */
  readonly heads: readonly ScopeHead[]
  /** The heads of the scopes asked about, as of `top`; revision 0 for one that was never written. */
  readonly asked: readonly ScopeHead[]
}

/** The last change of a scope. */
export interface ScopeHead {
  readonly scope: Scope
  readonly revision: number
  readonly token: string
}

export interface RevisionLogParts {
  /** Confirmed by every read of the log; a name that differs from the one before means another history. */
  readonly identity: DatabaseIdentity
  /** Reads the log of the primary. `after` 0 reads all heads, and `undefined` none, but for those of the scopes asked about. */
  readonly read: (after: number | undefined, scopes: readonly Scope[]) => Promise<LogPage>
  /** Scopes of which something is held or was announced that only their heads can confirm. */
  readonly unconfirmed: () => readonly Scope[]
  /** Told of the changes of one message, in one tick: announced by another process, or made by this one. */
  readonly onClaims: (heads: LogPage['heads'], isOwn: boolean) => void
  /**
   * Told of the changes since the read before, in one tick; the first read does not list what changed up to then. What was announced is
   * settled by them, but for a revision that `isPending`: it was announced after this read had looked.
   *
   * @returns whether something was announced that the log does not have
   */
  readonly onRead: (page: LogPage, isPending: (revision: number) => boolean) => boolean
  /**
   * Whether a document that was read here, and not only announced, contains a change that the log has lost since it was read up to `after`.
   */
  readonly hasLost: (page: LogPage, after: number, isPending: (revision: number) => boolean) => boolean
  /** Called when this process's own change belongs to another history, which was not read yet: what was known of its scopes no longer holds. */
  readonly onLostScopes: (scopes: readonly Scope[]) => void
  /** Told that the database has another history than the one this process knew or assumed; `page` is all of it. */
  readonly onOtherHistory: (page: LogPage, known: number | undefined) => void
  /** Whether a message about a revision that is already known contradicts what is known of a scope. */
  readonly contradicts: (scope: Scope, revision: number, token: string) => boolean
  readonly onError: (error: unknown) => void
  /** How long a revision may run ahead of the ones before it, in milliseconds. */
  readonly gapMs?: number
  /** Over how many milliseconds workers spread the reads of the log that all of them begin for the same reason. @default 0 */
  readonly spreadMs?: () => number
}

/** Messages that are further ahead of the log, as it was last read, raise no floors; they make this process read the log. */
const MAX_AHEAD = 5_000
const GAP_MS = 50
/** How soon an announcement that nothing else confirms is looked up in the log, in milliseconds. */
const CONFIRM_MS = 250
/** The doubt period: for so long after a false message, messages raise no floors; each makes this process read the log. */
const DOUBT_MS = 10_000
/** Pause between two reads of the log during the doubt period, or after a read that failed. */
const LOOK_EVERY_MS = 1_000
/** When no message came for so long, in milliseconds, the log is read once more: the last message may have been true. */
const QUIET_MS = 150
/** How many such reads may follow each other at once, and how many milliseconds pass until one more is allowed. */
const SPARE_LOOKS = 2
const SPARE_LOOK_EVERY_MS = 2_000
/** Most writers' requests for a receipt that may wait at once. Requests can be forged, so there is a limit. */
const MAX_WAITERS = 1_000
/** How often one read of the log asks about what came in while it was under way. */
const MAX_QUESTIONS = 3
/** A read that is under way may have started before a commit; the read after it sees every commit up to now. */
const READS_UNTIL_GIVEN_UP = 2

/**
 * How a change of this process's own stands to what it knows of the log: it can be served; the log has to be read first, since earlier changes
 * are missing here or its number may stand for another one; or it is of another history, in which it is all that is known of its scopes.
 */
export type OwnChange = 'known' | 'behind' | 'elsewhere'

/** How far this process knows the log: `applied` is the highest revision up to which every change is known here. */
export class RevisionLog {
  readonly #parts: RevisionLogParts
  /** Revisions heard of since the log was read; anybody can announce one, so the next read starts before them. */
  readonly #heard = new Map<number, string>()
  #highest = 0
  /** Revisions of writes under way here that the log, when it was read, had given to other changes. */
  readonly #lostNumbers = new Set<number>()
  #applied: number | undefined
  /** The token of the last revision that was read, at `#top`. */
  #token = ''
  /** Where the log ended when it was last read; before that, the least it is assumed to reach. Messages may have moved `#applied` on since. */
  #top = 0
  #current: Promise<void> | undefined
  #next: Promise<void> | undefined
  #gapTimer: NodeJS.Timeout | undefined
  /** The highest revision that was announced. */
  #claimed = 0
  /** A message contradicted a known head; the next read of the log decides. */
  #isContradicted = false
  #doubtUntil = 0
  #nextLookAt = 0
  /** A message waits for a read of the log that has not begun yet. */
  #mustLook = false
  #quietTimer: NodeJS.Timeout | undefined
  #doubtedAt = 0
  #spareLooks = SPARE_LOOKS
  #sparedAt = 0
  #waiters: { readonly revision: number; readonly resolve: () => void }[] = []
  #closed = false
  /** Gaps that lasted, and reads of the log, since the start. */
  readonly counters = { gaps: 0, catchUps: 0 }
  #verifiedAt: number | undefined
  #lookedAt: { readonly monotonic: number; readonly wall: number } | undefined
  #startedAt = 0

  constructor(parts: RevisionLogParts) {
    this.#parts = parts
  }

  /** `undefined` until the log was read once. */
  get applied(): number | undefined {
    return this.#applied
  }

  /** How many revisions this process has heard of and not applied yet. */
  get lag(): number {
    return Math.max(0, this.#claimed - (this.#applied ?? 0))
  }

  /**
   * How long ago the last read of the log began, in milliseconds; infinite before the first. Takes the larger value of two clocks: in a process
   * that was frozen one of them may have stood still, and one may be set back.
   */
  get ageMs(): number {
    if (!this.#lookedAt) return Number.POSITIVE_INFINITY
    return Math.max(performance.now() - this.#lookedAt.monotonic, Date.now() - this.#lookedAt.wall)
  }

  /**
   * Waits until a read of the log has begun within the last `ms` milliseconds. A read that fails is tried once more: after a freeze the first
   * may meet a dead connection.
   */
  async lookedWithin(ms: number): Promise<void> {
    if (this.ageMs <= ms) return
    try {
      await (this.#current && performance.now() - this.#startedAt <= ms ? this.#current : this.catchUp())
    } catch {
      await this.catchUp()
    }
  }

  /** When the log was last read, in milliseconds since 1970. */
  get verifiedAt(): number | undefined {
    return this.#verifiedAt
  }

  /**
   * Before the log was read: assumes what a snapshot or Redis says of it, until the database itself can be asked.
   *
   * @param revision what its log reaches at least
   */
  assume(revision: number): void {
    if (this.#applied === undefined) this.#top = Math.max(this.#top, revision)
  }

  /** Takes an announced change, in any order and any number of times. False announcements cost at most one read of the log a second. */
  hear(revision: number, token: string, scopes: readonly Scope[] | undefined): void {
    if (this.#closed) return
    this.#claimed = Math.max(this.#claimed, revision)
    if (this.#applied !== undefined && revision <= this.#applied) {
      if (scopes?.some((scope) => this.#parts.contradicts(scope, revision, token))) this.#lookInto()
      return
    }
    if (!scopes || revision > this.#top + MAX_AHEAD) {
      this.#mustLook = true
      this.#readSoon(this.#spread)
      return
    }
    if (this.#isInDoubt) {
      this.#lookSoon()
      this.#doubtedAt = performance.now()
      this.#quietTimer ??= setTimeout(() => this.#lookWhenQuiet(), QUIET_MS).unref()
      return
    }
    if ((this.#heard.get(revision) ?? token) !== token) this.#lookInto()
    this.#believe(revision, token, scopes, false)
  }

  /**
   * This process makes a change under this number, and holds the lock of all changes. When the log was read that far before, the database has
   * lost what was read.
   */
  beginOwn(revision: number): void {
    if (this.#applied !== undefined && revision <= this.#top) this.#lostNumbers.add(revision)
  }

  /** The change that was begun under this number has been committed or rolled back, and was passed on. */
  endOwn(revision: number): void {
    this.#lostNumbers.delete(revision)
  }

  /** Takes a change that this process made itself, also during a doubt period. */
  hearOwn(revision: number, token: string, scopes: readonly Scope[]): OwnChange {
    if (this.#closed) return 'known'
    this.#claimed = Math.max(this.#claimed, revision)
    const isInOtherHistory = this.#lostNumbers.has(revision)
    const isNumberTaken = revision <= (this.#applied ?? 0) && this.#tokenAt(revision) !== token
    if (isInOtherHistory) this.#parts.onLostScopes(scopes)
    this.#believe(revision, token, scopes, true)
    if (isInOtherHistory) return 'elsewhere'
    return isNumberTaken || (this.#applied ?? 0) < revision ? 'behind' : 'known'
  }

  /** Schedules a read of the log that confirms or refutes what was announced. Calls that come before it share it. */
  confirmSoon(): void {
    this.#mustLook = true
    this.#readSoon(CONFIRM_MS)
  }

  /**
   * Reads the log now. A call while one read is under way starts another after it, because the one under way may have looked before the
   * change the caller knows of; calls that wait for that other read share it.
   */
  catchUp(): Promise<void> {
    if (this.#next) return this.#next
    if (!this.#current) return this.#start()
    const next = this.#current.then(
      () => this.#start(),
      () => this.#start(),
    )
    this.#next = next
    return next
  }

  /**
   * Waits until every change up to `revision` is known here. A revision that was announced gets the time that a gap may last; the log is read
   * otherwise, and when a read that ended meanwhile had begun too early to see it.
   *
   * @returns whether it is known; it is not when the log does not go that far
   */
  async reached(revision: number): Promise<boolean> {
    if (!this.#knows(revision) && this.#heard.has(revision)) {
      await new Promise<void>((resolve) => this.#waiters.push({ revision, resolve }))
    }
    for (let reads = 0; !this.#knows(revision) && reads < READS_UNTIL_GIVEN_UP; reads++) await this.catchUp()
    return this.#knows(revision)
  }

  /** Waits until a revision is known here, for two reads of the log at most; never reads it for that. */
  async heard(revision: number): Promise<boolean> {
    for (let reads = 0; !this.#knows(revision) && reads < READS_UNTIL_GIVEN_UP && this.#waiters.length < MAX_WAITERS; reads++) {
      await new Promise<void>((resolve) => this.#waiters.push({ revision, resolve }))
    }
    return this.#knows(revision)
  }

  /**
   * The database contradicts a message: reads the log soon, and starts the doubt period, in which messages raise no floors.
   *
   * @returns whether that is new
   */
  doubt(): boolean {
    const isNew = !this.#isInDoubt
    if (isNew) this.#lookSoon()
    this.#doubtUntil = performance.now() + DOUBT_MS
    return isNew
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#gapTimer)
    clearTimeout(this.#quietTimer)
    this.#releaseWaiters(Number.MAX_SAFE_INTEGER)
  }

  #believe(revision: number, token: string, scopes: readonly Scope[], isOwn: boolean): void {
    this.#parts.onClaims(
      scopes.map((scope) => ({ scope, revision, token })),
      isOwn,
    )
    if (revision <= (this.#applied ?? 0)) return
    this.#heard.set(revision, token)
    this.#highest = Math.max(this.#highest, revision)
    this.#advance()
  }

  get #isInDoubt(): boolean {
    return performance.now() < this.#doubtUntil
  }

  #lookInto(): void {
    this.#isContradicted = true
    this.#lookSoon()
  }

  #lookSoon(): void {
    this.#mustLook = true
    this.#readSoon(0)
  }

  /** During the doubt period the log is read once a second. A true message after the false ones need not wait for that second. */
  #lookWhenQuiet(): void {
    this.#quietTimer = undefined
    if (this.#closed || !this.#mustLook) return
    const now = performance.now()
    const silentMs = now - this.#doubtedAt
    if (silentMs < QUIET_MS) {
      this.#quietTimer = setTimeout(() => this.#lookWhenQuiet(), QUIET_MS - silentMs).unref()
      return
    }
    this.#spareLooks = Math.min(SPARE_LOOKS, this.#spareLooks + (now - this.#sparedAt) / SPARE_LOOK_EVERY_MS)
    this.#sparedAt = now
    if (this.#spareLooks < 1) return
    this.#spareLooks--
    this.catchUp().catch(this.#parts.onError)
  }

  #knows(revision: number): boolean {
    return (this.#applied ?? -1) >= revision || this.#closed
  }

  #tokenAt(revision: number): string | undefined {
    return revision === this.#top ? this.#token : this.#heard.get(revision)
  }

  #start(): Promise<void> {
    this.#next = undefined
    const run = this.#read().finally(() => {
      if (this.#current === run) this.#current = undefined
    })
    this.#current = run
    return run
  }

  async #read(): Promise<void> {
    if (this.#closed) return
    const known = this.#applied
    const isFirstRead = known === undefined
    const after = isFirstRead ? 0 : this.#top
    const token = this.#token
    const heardBefore = new Set(this.#heard.keys())
    const claimedBefore = this.#claimed
    const wasContradicted = this.#isContradicted
    this.#isContradicted = false
    this.#mustLook = false
    const nextLookAt = performance.now() + LOOK_EVERY_MS
    // A message that comes during this read and raises no floor waits for the next read.
    if (this.#isInDoubt) this.#nextLookAt = nextLookAt
    this.counters.catchUps++
    const startedAt = { monotonic: performance.now(), wall: Date.now() }
    this.#startedAt = startedAt.monotonic
    try {
      // From where the read before ended, and not from what was announced since: an announcement may be false, and hide a true change below it.
      const page = await this.#readPage(isFirstRead ? undefined : after)
      if (this.#closed) return
      // Announcements follow their commit: what was heard before the read and is not in the log never happened.
      const isPending = (revision: number) => revision > page.top && !heardBefore.has(revision)
      const isOther = this.#isOtherHistory(page, after, token) || (!isFirstRead && this.#parts.hasLost(page, after, isPending))
      const wasFalse = isOther ? false : this.#take(page, isPending)
      if (isOther) await this.#startOver(known)
      if (claimedBefore > page.top) this.#claimed = this.#applied ?? 0
      // Also after another history: messages of the lost one may still arrive, and look the same as forged ones.
      if (isOther || wasFalse || claimedBefore > page.top || wasContradicted) this.#doubtUntil = performance.now() + DOUBT_MS
      this.#nextLookAt = this.#isInDoubt ? nextLookAt : 0
      this.#verifiedAt = Date.now()
      this.#lookedAt = startedAt
    } catch (error) {
      this.#nextLookAt = nextLookAt
      throw error
    } finally {
      this.#releaseWaiters(Number.MAX_SAFE_INTEGER)
    }
  }

  /** Asks until the answer covers all scopes that are unconfirmed when it arrives: a database that was frozen answers a question from long ago. */
  async #readPage(after: number | undefined): Promise<LogPage> {
    for (let tries = 1; ; tries++) {
      const page = await this.#parts.read(after, this.#parts.unconfirmed())
      const asked = new Set(page.asked.map(({ scope }) => scope))
      if (tries === MAX_QUESTIONS || this.#parts.unconfirmed().every((scope) => asked.has(scope))) return page
    }
  }

  #isOtherHistory(page: LogPage, after: number, token: string): boolean {
    const { identity } = this.#parts
    const before = identity.name
    identity.confirm(page.database)
    if (before !== undefined && before !== page.database) return true
    return after > 0 && (page.top < after || page.tokenAtAfter !== token)
  }

  async #startOver(known: number | undefined): Promise<void> {
    const page = await this.#parts.read(0, [])
    this.#parts.identity.confirm(page.database)
    this.#heard.clear()
    this.#highest = 0
    this.#applied = page.top
    this.#token = page.topToken
    this.#top = page.top
    this.#claimed = page.top
    this.#parts.onOtherHistory(page, known)
    // Announcements that came while the new history was read were dropped with the old history.
    this.#nextLookAt = 0
    this.#lookSoon()
  }

  /** @returns whether something was announced that the log does not have */
  #take(page: LogPage, isPending: (revision: number) => boolean): boolean {
    this.#top = page.top
    this.#token = page.topToken
    this.#applied = page.top
    for (const revision of this.#heard.keys()) if (!isPending(revision)) this.#heard.delete(revision)
    this.#highest = Math.max(0, ...this.#heard.keys())
    const wasFalse = this.#parts.onRead(page, isPending)
    this.#advance()
    return wasFalse
  }

  #advance(): void {
    if (this.#applied !== undefined) {
      while (this.#heard.has(this.#applied + 1)) this.#applied++
      this.#releaseWaiters(this.#applied)
    }
    if (this.#highest > (this.#applied ?? -1)) {
      this.#readSoon((this.#parts.gapMs ?? GAP_MS) + this.#spread)
    } else if (!this.#mustLook) {
      clearTimeout(this.#gapTimer)
      this.#gapTimer = undefined
    }
  }

  get #spread(): number {
    return Math.random() * (this.#parts.spreadMs?.() ?? 0)
  }

  #readSoon(delayMs: number): void {
    if (this.#gapTimer) return
    this.#gapTimer = setTimeout(
      () => {
        this.#gapTimer = undefined
        if (this.#highest > (this.#applied ?? -1)) this.counters.gaps++
        this.catchUp().catch(this.#parts.onError)
      },
      Math.max(delayMs, this.#nextLookAt - performance.now()),
    )
    this.#gapTimer.unref()
  }

  #releaseWaiters(upTo: number): void {
    const released = this.#waiters.filter((waiter) => waiter.revision <= upTo)
    if (released.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > upTo)
    for (const waiter of released) waiter.resolve()
  }
}
