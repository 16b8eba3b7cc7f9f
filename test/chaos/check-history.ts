import { CommittedValues } from './committed.js'
import type { HistoryLine, Outage, Truth } from './history.js'
import { visibility } from './visibility.js'

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
  | 'G1 of a lost history'
  | 'G2 late'
  | 'G3 slow'
  | 'G3 odd'
  | 'G4 lost'
  | 'G4 written twice'
  | 'G4 rejected and written'
  | 'G5 torn'
  | 'minRevision'

export interface Violation {
  readonly promise: Promise_
  readonly worker: number
  readonly t: number
  readonly text: string
}

export interface Verdict {
  readonly violations: readonly Violation[]
  /** Milliseconds from the acknowledgement of a write until another worker showed it. */
  readonly visibilityMs: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number }
  readonly writes: number
  /** How often a worker said that it met another history. */
  readonly met: number
}

/** A read that takes this much longer than promised, the event loop's delay counted off, is too long: timers have a grain. */
const GRAIN_MS = 30

/** Compares what workers were told and what they returned with what the tables say. Knows nothing of how the product works. */
export function checkHistory(evidence: Evidence): Verdict {
  const { histories, truth } = evidence
  const violations: Violation[] = []
  const values = new CommittedValues(truth)
  const acks = histories.flatMap(({ worker, lines }) => lines.flatMap((line) => (line.e === 'ack' ? [{ ...line, worker }] : [])))
  let met = 0

  for (const { worker, lines, isWhole } of histories) {
    const say = (promise: Promise_, t: number, text: string) => violations.push({ promise, worker, t: Math.round(t), text })
    const reads = new ReadJudge(values, say, values.historyAt(lines[0]?.t ?? 0))
    for (const line of lines) {
      if (line.e === 'met') reads.meet(line)
      if (line.e === 'told') reads.raise(line.name, { q: line.q, revision: line.revision, because: 'G1 older than told' })
      if (line.e === 'read') reads.judge(line)
      if (line.e === 'ack')
        for (const name of line.names) {
          reads.raise(name, { q: line.q, revision: line.revision, because: 'G1 older than told' })
          const revision = values.find(name, line.v)?.revision
          if (revision !== line.revision)
            say('G4 lost', line.t, `${name}: ${line.v} was acknowledged as ${line.revision}, the changelog says ${revision}`)
        }
      if (line.e === 'refused' && line.outcome !== 'unknown' && values.isWritten(line.v, values.historyAt(line.t)))
        say('G4 rejected and written', line.t, `${line.v} was rejected (${line.error}), and is in the changelog`)
      if (line.e === 'slow' && line.ms > evidence.readMs + line.lag + GRAIN_MS)
        say('G3 slow', line.t, `a read took ${Math.round(line.ms)} ms, the event loop was ${Math.round(line.lag)} ms late`)
      if (line.e === 'odd') say('G3 odd', line.t, line.what)
      if (line.e === 'last')
        for (const [name, v] of Object.entries(truth.labelled))
          if (line.values[name] !== v) say('G2 late', line.t, `${name} is ${line.values[name]} at the end, the tables say ${v}`)
    }
    met += Math.max(0, lines.filter((line) => line.e === 'met').length - 1)
    if (isWhole && !lines.some((line) => line.e === 'last')) say('G3 slow', 0, 'the process did not finish within 20 s')
  }
  for (const v of values.twice) violations.push({ promise: 'G4 written twice', worker: -1, t: 0, text: v })
  const visible = visibility(evidence, values, acks)
  violations.push(...visible.late)
  return { violations, visibilityMs: visible.summary, writes: acks.length, met }
}

type ReadLine = Extract<HistoryLine, { e: 'read' }>

/**
 * Judges what one process read. Each history has numbers of its own, so bounds hold within the one that the process has met last; a value of
 * a later one may reach it earlier by a load of that document alone, and after that the lost value must not come back.
 */
class ReadJudge {
  readonly #values: CommittedValues
  readonly #say: (promise: Promise_, t: number, text: string) => void
  readonly #bornIn: number
  readonly #met: { readonly q: number; readonly history: number }[] = []
  #least = new Map<string, Bound[]>()
  /** By name, the history of the newest value that came before its history was met. */
  #ahead = new Map<string, number>()

  /** @param bornIn the history that the database had when the process began */
  constructor(values: CommittedValues, say: (promise: Promise_, t: number, text: string) => void, bornIn: number) {
    this.#values = values
    this.#say = say
    this.#bornIn = bornIn
  }

  meet({ q, t }: { readonly q: number; readonly t: number }): void {
    const history = this.#values.historyAt(t)
    // What was announced before the first read of the log holds as well, if it was of this history.
    if (this.#met.length > 0 || history !== this.#bornIn) {
      this.#least = new Map()
      this.#ahead = new Map()
    }
    this.#met.push({ q, history })
  }

  /** From an event on, a name must not be shown before a revision. */
  raise(name: string, bound: Bound): void {
    const bounds = this.#least.get(name) ?? []
    this.#least.set(name, bounds)
    if ((bounds.at(-1)?.revision ?? 0) >= bound.revision) return
    bounds.push(bound)
    if (bounds.length > BOUNDS_KEPT) bounds.shift()
  }

  judge(line: ReadLine): void {
    const { name, v, b, t, q } = line
    const value = this.#values.find(name, v)
    if (!value) return void this.#say('G3 odd', t, `${name} gave ${v}, which nobody committed`)
    const { revision } = value
    // From Redis while PostgreSQL was away: it may be any that ever was.
    if (line.unconfirmed && line.min === undefined) return
    const history = this.#met.findLast((one) => one.q <= b)?.history
    if (history === undefined) return
    if (value.until < Math.max(history, this.#ahead.get(name) ?? 0))
      return void this.#say(
        'G1 of a lost history',
        t,
        `${name} gave ${v} (${revision}), which was lost before the history that is known here`,
      )
    if (value.since > history) return void this.#moveOn(name, value.since)
    const bound = strictest(this.#least.get(name), b)
    if (bound && revision < bound.revision) {
      // What the bound speaks of is lost by now, and a load said so before the log did.
      const current = this.#values.historyAt(t)
      if (value.until >= current && bound.revision > this.#values.keptBetween(history, current)) return void this.#moveOn(name, current)
      this.#say(bound.because, t, `${name} gave revision ${revision} in a read after event ${b}; event ${bound.q} says ${bound.revision}`)
    }
    const order = this.#values.order(history)
    if (line.min !== undefined && line.minHistory === history && revision < order.lastUpTo(name, line.min))
      this.#say('minRevision', t, `${name} gave revision ${revision} to a read with minRevision ${line.min}`)
    // It began before another history was met: of that one it says nothing.
    if (history !== this.#met.at(-1)?.history) return
    this.raise(name, { q, revision, because: 'G1 backwards' })
    for (const [other, whole] of order.togetherWith(name, revision)) this.raise(other, { q, revision: whole, because: 'G5 torn' })
  }

  #moveOn(name: string, history: number): void {
    this.#ahead.set(name, Math.max(history, this.#ahead.get(name) ?? 0))
    this.#least.delete(name)
  }
}

/** After event `q`, a name must not be shown before `revision`. */
interface Bound {
  readonly q: number
  readonly revision: number
  readonly because: Promise_
}

/** Bounds rise; the last ones are enough, since reads are short and events of a read that began earlier than all of them are rare. */
const BOUNDS_KEPT = 64

/** Bounds rise with the events, so the last one from before the read is the strictest. */
function strictest(bounds: readonly Bound[] | undefined, begun: number): Bound | undefined {
  return bounds?.findLast((bound) => bound.q <= begun)
}
