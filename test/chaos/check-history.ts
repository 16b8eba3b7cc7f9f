import type { HistoryLine, Outage, Truth } from './history.js'

/** The history of one process. */
export interface WorkerHistory {
  readonly worker: number
  readonly lines: readonly HistoryLine[]
  /** Whether it lived until the end of the run. */
  readonly isWhole: boolean
}

export interface Evidence {
  readonly histories: readonly WorkerHistory[]
  readonly truth: Truth
  readonly outages: readonly Outage[]
  /** Most milliseconds a read may take by the options of the managers. */
  readonly readMs: number
  /** Milliseconds between two looks at the log, at most. */
  readonly pollMs: number
}

export type Promise_ =
  | 'G1 older than told'
  | 'G1 backwards'
  | 'G2 late'
  | 'G3 slow'
  | 'G3 odd'
  | 'G4 lost'
  | 'G4 written twice'
  | 'G4 rejected and written'
  | 'G5 torn'
  | 'minRevision'

export interface Verdict {
  readonly violations: readonly { readonly promise: Promise_; readonly worker: number; readonly t: number; readonly text: string }[]
  /** Milliseconds from the acknowledgement of a write until another worker showed it. */
  readonly visibilityMs: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number }
  readonly writes: number
}

/** A read that takes this much longer than promised, the event loop's delay counted off, is too long: timers have a grain. */
const GRAIN_MS = 30
/** For G2, above poll and load: processes on two cores wait for each other. */
const PATIENCE_MS = 5_000

/** Compares what workers were told and what they returned with what the tables say. Knows nothing of how the product works. */
export function checkHistory(evidence: Evidence): Verdict {
  const { histories, truth } = evidence
  const violations: Verdict['violations'][number][] = []
  const order = new Order(truth)
  const acks = histories.flatMap(({ worker, lines }) => lines.flatMap((line) => (line.e === 'ack' ? [{ ...line, worker }] : [])))

  for (const { worker, lines } of histories) {
    const say = (promise: Promise_, t: number, text: string) => violations.push({ promise, worker, t: Math.round(t), text })
    const least = new Map<string, Bound[]>()
    for (const line of lines) {
      if (line.e === 'told') raise(least, line.name, { q: line.q, revision: line.revision, because: 'G1 older than told' })
      if (line.e === 'ack') {
        for (const name of line.names) raise(least, name, { q: line.q, revision: line.revision, because: 'G1 older than told' })
        for (const name of line.names)
          if (order.revisionOf(name, line.v) !== line.revision)
            say(
              'G4 lost',
              line.t,
              `${name}: ${line.v} was acknowledged as ${line.revision}, the changelog says ${order.revisionOf(name, line.v)}`,
            )
      }
      if (line.e === 'refused' && line.outcome !== 'unknown' && order.isWritten(line.v))
        say('G4 rejected and written', line.t, `${line.v} was rejected (${line.error}), and is in the changelog`)
      if (line.e === 'slow' && line.ms > evidence.readMs + line.lag + GRAIN_MS)
        say('G3 slow', line.t, `a read took ${Math.round(line.ms)} ms, the event loop was ${Math.round(line.lag)} ms late`)
      if (line.e === 'odd') say('G3 odd', line.t, line.what)
      if (line.e === 'last')
        for (const [name, v] of Object.entries(truth.labelled))
          if (line.values[name] !== v) say('G2 late', line.t, `${name} is ${line.values[name]} at the end, the tables say ${v}`)
      if (line.e === 'read') {
        const revision = order.revisionOf(line.name, line.v)
        if (revision === undefined) {
          say('G3 odd', line.t, `${line.name} gave ${line.v}, which nobody committed`)
          continue
        }
        const bound = strictest(least.get(line.name), line.b)
        if (bound && revision < bound.revision)
          say(
            bound.because,
            line.t,
            `${line.name} gave revision ${revision} in a read after event ${line.b}; event ${bound.q} says ${bound.revision}`,
          )
        if (line.min !== undefined && revision < order.lastUpTo(line.name, line.min))
          say('minRevision', line.t, `${line.name} gave revision ${revision} to a read with minRevision ${line.min}`)
        raise(least, line.name, { q: line.q, revision, because: 'G1 backwards' })
        for (const [other, whole] of order.togetherWith(line.name, revision))
          raise(least, other, { q: line.q, revision: whole, because: 'G5 torn' })
      }
    }
  }
  for (const { worker, lines, isWhole } of histories)
    if (isWhole && !lines.some((line) => line.e === 'last'))
      violations.push({ promise: 'G3 slow', worker, t: 0, text: 'the process did not finish within 20 s' })
  for (const v of order.twice) violations.push({ promise: 'G4 written twice', worker: -1, t: 0, text: v })
  const visible = visibility(evidence, order, acks)
  violations.push(...visible.late)
  return { violations, visibilityMs: visible.summary, writes: acks.length }
}

/** After event `q`, a name must not be shown before `revision`. */
interface Bound {
  readonly q: number
  readonly revision: number
  readonly because: Promise_
}

/** Bounds rise; the last ones are enough, since reads are short and events of a read that began earlier than all of them are rare. */
const BOUNDS_KEPT = 64

function raise(least: Map<string, Bound[]>, name: string, bound: Bound): void {
  const bounds = least.get(name) ?? []
  least.set(name, bounds)
  if ((bounds.at(-1)?.revision ?? 0) >= bound.revision) return
  bounds.push(bound)
  if (bounds.length > BOUNDS_KEPT) bounds.shift()
}

/** Bounds rise with the events, so the last one from before the read is the strictest. */
function strictest(bounds: readonly Bound[] | undefined, begun: number): Bound | undefined {
  return bounds?.findLast((bound) => bound.q <= begun)
}

/** The order of what was committed, from the changelog. */
class Order {
  /** Values of a name that were written more than once. */
  readonly twice: string[] = []
  readonly #revisions = new Map<string, number>()
  readonly #values = new Set<string>()
  readonly #byName = new Map<string, number[]>()
  readonly #names = new Map<number, string[]>()

  constructor(truth: Truth) {
    for (const { revision, name, v } of [...truth.writes].sort((one, other) => one.revision - other.revision)) {
      const key = `${name} ${v}`
      if (this.#revisions.has(key)) this.twice.push(key)
      this.#revisions.set(key, revision)
      this.#values.add(v)
      push(this.#byName, name, revision)
      push(this.#names, revision, name)
    }
  }

  revisionOf(name: string, v: string): number | undefined {
    return this.#revisions.get(`${name} ${v}`)
  }

  isWritten(v: string): boolean {
    return this.#values.has(v)
  }

  /** The last change of a name up to a revision. */
  lastUpTo(name: string, revision: number): number {
    return this.#byName.get(name)?.findLast((own) => own <= revision) ?? 0
  }

  /** For each name that was ever changed together with this one, the last time up to a revision. */
  togetherWith(name: string, revision: number): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    const own = this.#byName.get(name) ?? []
    for (let place = own.findLastIndex((at) => at <= revision); place >= 0 && found.size === 0; place--)
      for (const other of this.#names.get(own[place]!) ?? []) if (other !== name) found.set(other, own[place]!)
    return found
  }
}

function push<Key, Value>(groups: Map<Key, Value[]>, key: Key, value: Value): void {
  const group = groups.get(key)
  if (group) group.push(value)
  else groups.set(key, [value])
}

/** G2: how long after its acknowledgement a write was shown by every other worker that lived, outages counted off. */
function visibility(evidence: Evidence, order: Order, acks: readonly (Extract<HistoryLine, { e: 'ack' }> & { worker: number })[]) {
  const late: Verdict['violations'][number][] = []
  const times: number[] = []
  const limit = evidence.pollMs + evidence.readMs + PATIENCE_MS
  for (const { worker, lines } of evidence.histories) {
    const shown = new Map<string, { t: number; revision: number }[]>()
    for (const line of lines) {
      if (line.e !== 'read') continue
      const revision = order.revisionOf(line.name, line.v)
      if (revision !== undefined) push(shown, line.name, { t: line.t, revision })
    }
    const first = lines[0]?.t ?? Number.POSITIVE_INFINITY
    const last = lines.at(-1)?.t ?? 0
    for (const ack of acks) {
      if (ack.worker === worker || ack.t < first) continue
      for (const name of ack.names) {
        const seen = firstAtLeast(shown.get(name) ?? [], ack.revision)
        const until = seen?.t ?? last
        const ms = Math.max(0, until - ack.t)
        if (seen) times.push(ms)
        const excused = outageWithin(evidence.outages, worker, ack.t, until)
        if (ms - excused > limit)
          late.push({
            promise: 'G2 late',
            worker,
            t: Math.round(ack.t),
            text: `${name}: revision ${ack.revision} shown after ${Math.round(ms)} ms, ${Math.round(excused)} of them without PostgreSQL`,
          })
      }
    }
  }
  times.sort((one, other) => one - other)
  const at = (share: number) => Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0) * 10) / 10
  return { late, summary: { count: times.length, p50: at(0.5), p99: at(0.99), max: at(1) } }
}

/** Reads of one name in one process never go backwards (that is checked), so the first that is far enough is found by halving. */
function firstAtLeast(shown: readonly { t: number; revision: number }[], revision: number) {
  let low = 0
  let high = shown.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (shown[middle]!.revision >= revision) high = middle
    else low = middle + 1
  }
  return shown[low]
}

function outageWithin(outages: readonly Outage[], worker: number, from: number, to: number): number {
  let sum = 0
  for (const outage of outages) {
    if (outage.worker !== 'all' && outage.worker !== worker) continue
    sum += Math.max(0, Math.min(to, outage.to) - Math.max(from, outage.from))
  }
  return sum
}
