/** One place of the source, and what stands there in a broken build. White space of any kind stands for any other. */
export interface Edit {
  readonly file: string
  /** Occurs once in the file. */
  readonly find: string
  readonly put: string
}

/** The library with one rule taken out. Somebody has to notice: the chaos run, or a test. */
export interface BrokenBuild {
  readonly name: string
  /** The rule that is missing, in one sentence. */
  readonly what: string
  readonly edits: readonly Edit[]
  /** `run`: a short chaos run; otherwise the test file of which at least one test fails. */
  readonly caughtBy: 'run' | `test/${string}.test.ts`
}

const CACHE = 'src/cache/document-cache.ts'
const LOADS = 'src/cache/document-loads.ts'
const STANDINGS = 'src/cache/standings.ts'
const HELD = 'src/cache/held/held-documents.ts'
const ENTRY = 'src/cache/held/memory-entry.ts'
const HEADS = 'src/cache/held/head-table.ts'
const LOG = 'src/cache/log/revision-log.ts'
const STORE = 'src/store/write/config-store.ts'

const UNKNOWN_HEADS = 'test/cache/unknown-heads.test.ts'
const MEASURED_AGAINST_FLOOR = 'generation !== this.#generation || since < floor'
const CURRENT = 'entry.isCurrent = head === undefined || asOf >= head.revision'
const CLEARED = 'this.#generation++ this.#heads.clear() this.#claims.clear() this.#arrived.clear() this.#memory.clear()'
const OTHER_HISTORY = 'return after > 0 && (page.top < after || page.tokenAtAfter !== token)'
const HAS_LOST = '|| (!isFirstRead && this.#parts.hasLost(page, after, isPending))'
const TAKE_CLAIMS = `#takeClaims(heads: LogPage['heads'], isOwn: boolean): void {`
const IN_DOUBT = 'return performance.now() < this.#doubtUntil'

/** Every rule of docs/consistency.md that a build can lack, with the proof that its absence would be noticed. */
export const BROKEN_BUILDS: readonly BrokenBuild[] = [
  // ── floors ─────────────────────────────────────────────────────────────────
  {
    name: 'no-floor',
    what: 'a document is kept and served whatever was announced while it was loaded',
    edits: [
      { file: HELD, find: MEASURED_AGAINST_FLOOR, put: 'generation !== this.#generation' },
      { file: ENTRY, find: CURRENT, put: 'entry.isCurrent = true || (head && asOf)' },
    ],
    caughtBy: 'run',
  },
  {
    name: 'floor-off-by-one',
    what: 'a document read one revision before the last announced change passes as current',
    edits: [
      { file: HELD, find: MEASURED_AGAINST_FLOOR, put: 'generation !== this.#generation || since < floor - 1' },
      { file: ENTRY, find: CURRENT, put: 'entry.isCurrent = head === undefined || asOf >= head.revision - 1' },
    ],
    caughtBy: 'run',
  },
  {
    name: 'evicted-floors-forgotten',
    what: 'a floor that is pushed out of its table holds for nothing any more',
    edits: [{ file: HEADS, find: 'this.#minFloor = Math.max(this.#minFloor, head.revision)', put: 'void head' }],
    caughtBy: 'test/cache/held/head-table.test.ts',
  },
  // ── heads that were not read ───────────────────────────────────────────────
  {
    name: 'heads-not-read-taken-for-none',
    what: 'a scope whose head is not known counts as one that never changed, so that a load from before the first read of the log is kept',
    edits: [
      {
        file: HEADS,
        find: 'return Math.max(head?.revision ?? 0, this.#minFloor, this.#unknownBelow)',
        put: 'return Math.max(head?.revision ?? 0, this.#minFloor)',
      },
    ],
    caughtBy: UNKNOWN_HEADS,
  },
  {
    name: 'one-bound-for-both',
    what: 'what is not known to be the last passes for superseded, so that nothing is served from Redis while PostgreSQL is away',
    edits: [{ file: HEADS, find: 'this.#unknownBelow = top', put: 'this.#minFloor = top' }],
    caughtBy: UNKNOWN_HEADS,
  },
  {
    name: 'unknown-head-trusted',
    what: 'a document in Redis whose head is not known is served without a word of PostgreSQL',
    edits: [
      { file: STANDINGS, find: 'if (isLast === undefined) return this.#confirmed(document)', put: '' },
      { file: STANDINGS, find: 'return isLast ? { asOf: Math.min(', put: 'return isLast !== false ? { asOf: Math.min(' },
    ],
    caughtBy: UNKNOWN_HEADS,
  },
  {
    name: 'confirmation-without-its-revision',
    what: 'an answer of PostgreSQL about a document counts from when it arrives, and not from when it was given',
    edits: [
      {
        file: STANDINGS,
        find: '? { asOf: head.asOf, unverified: false }',
        put: '? { asOf: held.floor(document.scope), unverified: false }',
      },
    ],
    caughtBy: UNKNOWN_HEADS,
  },
  {
    name: 'announced-early-stands-as-head',
    what: 'a change that was announced during the first read of the log passes for the last one of its scope',
    edits: [{ file: HELD, find: `head.token = ''`, put: 'void head' }],
    caughtBy: UNKNOWN_HEADS,
  },
  {
    name: 'unconfirmed-counts-as-recent',
    what: 'a document that nobody could confirm answers a read with minRevision once the log is known that far',
    edits: [{ file: CACHE, find: 'if (isUnverified(entry)) return false', put: '' }],
    caughtBy: UNKNOWN_HEADS,
  },
  {
    name: 'own-writes-of-another-history-unnoticed',
    what: 'a worker that wrote under a number which the log had given to another change goes on serving what was lost, until it reads the log',
    edits: [
      {
        file: LOG,
        find: 'if (this.#applied !== undefined && revision <= this.#top) this.#lostNumbers.add(revision)',
        put: 'void revision',
      },
    ],
    caughtBy: 'test/cache/own-writes.test.ts',
  },
  {
    name: 'as-of-not-compared-in-redis',
    what: 'a slow writer of Redis replaces a newer document there',
    edits: [
      {
        file: 'src/cache/redis/scripts.ts',
        find: 'if not held or held <= tonumber(ARGV[first]) or stamp == ARGV[first + 1] then',
        put: 'if true then',
      },
    ],
    caughtBy: 'test/cache/redis/redis-tier.test.ts',
  },
  {
    name: 'joins-an-old-load',
    what: 'a reader that comes after an announcement joins a load that began before it',
    edits: [
      {
        file: CACHE,
        find: 'const news = this.#held.claim(heads) for (const { scope } of news) this.#loads.leave(scope)',
        put: 'const news = this.#held.claim(heads)',
      },
    ],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  // ── announcements ──────────────────────────────────────────────────────────
  {
    name: 'announced-before-commit',
    what: 'the others are told while the transaction can still fail, and can still not be seen',
    edits: [
      {
        file: STORE,
        find: 'progress.isCommitting = true',
        put: 'progress.isCommitting = true; void this.#parts.announce?.(done.commit, {}).catch(() => {}); await sleep(10)',
      },
      {
        file: STORE,
        find: 'const announced = (await this.#parts.announce?.(commit, meta)) ?? { propagated: true }',
        put: 'const announced = { propagated: true }',
      },
    ],
    caughtBy: 'run',
  },
  {
    name: 'announced-before-floors',
    what: 'the host is told of a change 20 ms before readers get it',
    edits: [
      {
        file: CACHE,
        find: TAKE_CLAIMS,
        put: `#takeClaims(heads: LogPage['heads'], isOwn: boolean): void {
          if (isOwn) return this.#raise(heads, isOwn)
          this.#parts.events.changed(heads)
          setTimeout(() => this.#raise(heads, isOwn), 20)
        }
        #raise(heads: LogPage['heads'], isOwn: boolean): void {`,
      },
    ],
    caughtBy: 'run',
  },
  {
    name: 'one-message-per-scope',
    what: 'each scope of a transaction has a message of its own, one after another',
    edits: [
      {
        file: 'src/cache/redis/redis-tier.ts',
        find: 'return this.#store(this.#database === undefined ? [] : documents, this.#options.channel, message)',
        put: `const { scopes = [undefined], ...rest } = JSON.parse(message) as { scopes?: string[] }
          let isAnnounced = false
          for (const scope of scopes) {
            isAnnounced = await this.#store(documents, this.#options.channel, JSON.stringify({ ...rest, ...(scope && { scopes: [scope], key: scope }) }))
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
          return isAnnounced`,
      },
    ],
    caughtBy: 'run',
  },
  {
    name: 'log-runs-over-gaps',
    what: 'a revision that is announced counts as reached although earlier ones are not known',
    edits: [
      {
        file: LOG,
        find: 'this.#heard.set(revision, token) this.#highest = Math.max(this.#highest, revision) this.#advance()',
        put: 'this.#heard.set(revision, token); this.#applied = revision',
      },
    ],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'foreign-messages-believed',
    what: 'announcements of another database on the same channel are taken for this one',
    edits: [{ file: 'src/manager/bus.ts', find: 'message.database !== database', put: 'message.database === undefined' }],
    caughtBy: 'test/manager/shared-redis.test.ts',
  },
  // ── what was announced, settled by the log ─────────────────────────────────
  {
    name: 'changes-told-unconfirmed',
    what: 'the host is told of whatever is announced, before Redis, PostgreSQL or the log bears it out',
    edits: [
      {
        file: CACHE,
        find: 'else if (this.#parts.events.wantsChanges?.() !== false) this.#untold.add(news)',
        put: 'else this.#untold.tell(news)',
      },
    ],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'false-claims-kept',
    what: 'an announcement that the log does not have goes on holding documents back',
    edits: [
      {
        file: HELD,
        find: `if (right) this.#correct(scope, head, right) else this.#forgetScope(scope) } const news`,
        put: '} const news',
      },
    ],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'claims-settled-too-early',
    what: 'a change that is announced while the log is read, and committed after it was looked at, counts as made up',
    edits: [{ file: LOG, find: 'revision > page.top && !heardBefore.has(revision)', put: 'revision > page.top && page.top < 0' }],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'log-read-from-what-was-announced',
    what: 'the log is read from the last revision that was announced, so that a forged one hides true ones below it',
    edits: [{ file: LOG, find: 'const after = isFirstRead ? 0 : this.#top', put: 'const after = known ?? 0' }],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'stamps-of-a-lost-history-kept',
    what: 'a document whose stamp was counted in a lost history passes as newer than the change that took its number',
    edits: [{ file: HELD, find: 'if (wasFalse || heads.length > 0) this.#dropLost(isPending)', put: '' }],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'false-claims-do-not-end-loads',
    what: 'what was loaded while a false announcement stood, and arrives after it was taken back, is kept',
    edits: [{ file: HELD, find: 'if (wasFalse) this.#generation++', put: '' }],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'never-in-doubt',
    what: 'messages are believed at once after ones that were not true',
    edits: [{ file: LOG, find: IN_DOUBT, put: 'return performance.now() < this.#doubtUntil - DOUBT_MS' }],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'in-doubt-for-ever',
    what: 'after one message that was not true none is ever believed again',
    edits: [{ file: LOG, find: IN_DOUBT, put: 'return this.#doubtUntil > 0' }],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'any-distance-believed',
    what: 'messages raise floors however far they run ahead of the log',
    edits: [{ file: LOG, find: 'if (!scopes || revision > this.#top + MAX_AHEAD) {', put: 'if (!scopes) {' }],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  // ── reading the log ────────────────────────────────────────────────────────
  {
    name: 'no-catch-up',
    what: 'the log is read at the start and never again',
    edits: [
      {
        file: LOG,
        find: 'if (this.#next) return this.#next',
        put: 'if (this.#applied !== undefined) return Promise.resolve(); if (this.#next) return this.#next',
      },
    ],
    caughtBy: 'run',
  },
  {
    name: 'catch-up-joins',
    what: 'who asks for a read of the log gets one that began before they asked',
    edits: [{ file: LOG, find: 'if (!this.#current) return this.#start()', put: 'return this.#current ?? this.#start()' }],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'serve-ahead',
    what: 'a document whose change is newer than the log is known here is served before the rest of its transaction',
    edits: [
      {
        file: LOG,
        find: 'async reached(revision: number): Promise<boolean> {',
        put: 'async reached(revision: number): Promise<boolean> { if (revision >= 0) return true',
      },
    ],
    caughtBy: 'run',
  },
  {
    name: 'min-revision-not-awaited',
    what: 'a read with minRevision does not wait for the log',
    edits: [
      {
        file: CACHE,
        find: 'if (minRevision !== undefined && (this.log.applied ?? -1) < minRevision) {',
        put: 'if (minRevision !== undefined && Date.now() < 0) {',
      },
    ],
    caughtBy: 'run',
  },
  // ── other histories ────────────────────────────────────────────────────────
  {
    name: 'histories-not-compared',
    what: 'nothing compares the log with the one that was known, neither lengths nor tokens',
    edits: [
      { file: LOG, find: OTHER_HISTORY, put: 'return after === Infinity && page.tokenAtAfter !== token' },
      { file: LOG, find: HAS_LOST, put: '' },
    ],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'tokens-not-compared',
    what: 'only a log that became shorter is another history',
    edits: [
      { file: LOG, find: OTHER_HISTORY, put: 'return after > 0 && (page.top < after || token === undefined)' },
      { file: LOG, find: HAS_LOST, put: '' },
    ],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'lost-documents-not-noticed',
    what: 'only the last revision that was read is compared: changes heard of since, and served, may be lost unnoticed',
    edits: [{ file: LOG, find: HAS_LOST, put: '' }],
    caughtBy: 'test/cache/forged-claims.test.ts',
  },
  {
    name: 'own-number-taken',
    what: 'a write whose number stands for a lost change is acknowledged before the log is read',
    edits: [
      {
        file: LOG,
        find: 'const isNumberTaken = revision <= (this.#applied ?? 0) && this.#tokenAt(revision) !== token',
        put: 'const isNumberTaken = this.#tokenAt(-1) !== undefined',
      },
    ],
    caughtBy: 'test/cache/log/revision-log.test.ts',
  },
  {
    name: 'hits-by-an-old-verdict',
    what: 'a document that was superseded goes on passing as what it was before, since its flags were not updated',
    edits: [
      {
        file: HELD,
        find: '#follow(held: MutableEntry<Value>, head: Head | undefined): void { held.head = head updateFlags(held) }',
        put: '#follow(held: MutableEntry<Value>, head: Head | undefined): void { held.head = head }',
      },
    ],
    caughtBy: 'test/cache/held/held-documents.test.ts',
  },
  {
    name: 'stamps-not-lowered',
    what: 'a document passes as newer than a change that it lacks, because its stamp was counted in a lost history',
    edits: [{ file: HELD, find: 'this.#lowerStamp(head) return true', put: 'return true' }],
    caughtBy: 'test/cache/own-writes.test.ts',
  },
  {
    name: 'stamps-of-a-lost-history-win',
    what: 'a document whose stamp was counted in a lost history is kept, though the primary says what replaced it',
    edits: [{ file: HELD, find: 'if (isOther && held.revision <= asOf && held.asOf >= revision) this.#memory.delete(scope)', put: '' }],
    caughtBy: 'test/cache/own-writes.test.ts',
  },
  {
    name: 'predecessors-of-lost-changes-served',
    what: 'when the primary does not have a change that was announced, the document before it is served, which is lost as well',
    edits: [{ file: HELD, find: 'if (held.asOf > asOf) this.#memory.delete(scope) else updateFlags(held)', put: 'updateFlags(held)' }],
    caughtBy: 'test/cache/own-writes.test.ts',
  },
  {
    name: 'late-loads-of-a-lost-history-kept',
    what: 'what was loaded from a lost history replaces an own write of the new one that came before it arrived',
    edits: [
      {
        file: HELD,
        find: 'this.#generation++ for (const scope of scopes) this.#forgetScope(scope)',
        put: 'for (const scope of scopes) this.#forgetScope(scope)',
      },
    ],
    caughtBy: 'test/cache/own-writes.test.ts',
  },
  {
    name: 'own-scopes-not-asked-for',
    what: 'an own write whose number was announced for another one leaves what memory and Redis have, while the log cannot be read',
    edits: [
      {
        file: CACHE,
        find: "if (change !== 'known') await this.log.catchUp().catch(() => (change === 'behind' ? this.#askPrimaryFor(revision, scopes) : undefined))",
        put: "if (change !== 'known') await this.log.catchUp().catch(() => {})",
      },
    ],
    caughtBy: 'test/cache/own-writes.test.ts',
  },
  {
    name: 'no-generation-check',
    what: 'what was loaded from a lost history and arrives after its end is kept',
    edits: [{ file: HELD, find: MEASURED_AGAINST_FLOOR, put: 'generation === -1 || since < floor' }],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  {
    name: 'floors-kept-across-histories',
    what: 'floors of a lost history hold in the next one',
    edits: [{ file: HELD, find: CLEARED, put: 'this.#generation++; this.#memory.clear()' }],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  {
    name: 'documents-kept-across-histories',
    what: 'documents of a lost history stay in memory',
    edits: [{ file: HELD, find: CLEARED, put: 'this.#generation++; this.#heads.clear()' }],
    caughtBy: 'run',
  },
  {
    name: 'redis-tokens-not-compared',
    what: 'a document in Redis with the right number passes, whichever history it is of',
    edits: [
      { file: HELD, find: 'head.revision === revision && head.token === token', put: 'head.revision === revision && token !== undefined' },
    ],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  {
    name: 'lost-history-served-unconfirmed',
    what: 'with PostgreSQL away, a document in Redis passes that may be of a history which this process knows is lost',
    edits: [
      {
        file: STANDINGS,
        find: 'return held.hasKnown(document.scope) ? undefined : { asOf: document.asOf, unverified: true }',
        put: 'return { asOf: document.asOf, unverified: true }',
      },
    ],
    caughtBy: 'test/cache/unknown-heads.test.ts',
  },
  {
    name: 'forgotten-heads-unheeded',
    what: 'with PostgreSQL away, a document in Redis of a lost history passes once the head that contradicts it was pushed out',
    edits: [{ file: HELD, find: 'this.#hasStartedOver || this.#heads.hasForgotten ||', put: 'this.#hasStartedOver ||' }],
    caughtBy: 'test/cache/unknown-heads.test.ts',
  },
  {
    name: 'unconfirmed-stamp-trusted',
    what: 'before the log was read, a document in Redis passes by a stamp that was counted in a history which was lost',
    edits: [{ file: HELD, find: 'const since = unverified ? document.revision : document.asOf', put: 'const since = document.asOf' }],
    caughtBy: 'test/cache/unknown-heads.test.ts',
  },
  {
    name: 'batches-not-judged',
    what: 'a document of a batch from Redis passes by its stamp alone, whichever change was its last',
    edits: [
      { file: CACHE, find: '!this.#loads.isDistrusted(scope) && this.#held.isLast(document)', put: '!this.#loads.isDistrusted(scope)' },
    ],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  {
    name: 'batches-run-ahead',
    what: 'a document of a batch from Redis is served before the rest of its transaction',
    edits: [{ file: CACHE, find: 'const asOf = Math.min(document.asOf, this.log.applied ?? 0)', put: 'const asOf = document.asOf' }],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  // ── before the log was read ────────────────────────────────────────────────
  {
    name: 'snapshot-served-as-verified',
    what: 'documents of an earlier process count as confirmed',
    edits: [{ file: HELD, find: `{ state: 'adopted', source: 'snapshot' }`, put: `{ state: 'fresh', source: 'snapshot' }` }],
    caughtBy: 'test/manager/cold-start.test.ts',
  },
  {
    name: 'early-redis-served-as-verified',
    what: 'documents from Redis count as confirmed before the log was read for the first time',
    edits: [
      {
        file: STANDINGS,
        find: 'log.assume(document.asOf) return { asOf: document.asOf, unverified: true }',
        put: 'log.assume(document.asOf); return { asOf: document.asOf, unverified: false }',
      },
    ],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  // ── replicas and writes ────────────────────────────────────────────────────
  {
    name: 'replica-stamps-believed',
    what: 'what a replica says of itself counts, although it may follow another history',
    edits: [
      {
        file: LOADS,
        find: 'const standing = await this.#parts.standings.of(document) if (!standing || standing.unverified)',
        put: 'const standing = { asOf: document.asOf }; if (standing.asOf < 0)',
      },
    ],
    caughtBy: 'test/cache/document-cache.test.ts',
  },
  {
    name: 'unknown-outcome-repeated',
    what: 'a write whose COMMIT was not answered is carried out once more',
    edits: [
      {
        file: STORE,
        find: 'if (await this.#wasCommitted(writeId, error)) return done',
        put: 'if (Date.now() > 0) return this.#transact(meta, work, { revision: 0, isCommitting: false }); if (await this.#wasCommitted(writeId, error)) return done',
      },
    ],
    caughtBy: 'test/manager/lost-commits.test.ts',
  },
]
