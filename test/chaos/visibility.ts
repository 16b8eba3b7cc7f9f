import type { Evidence, Violation } from './check-history.js'
import { type Committed, type CommittedValues, push } from './committed.js'
import type { HistoryLine, Outage } from './history.js'

export type Ack = Extract<HistoryLine, { e: 'ack' }> & { readonly worker: number }

/** For G2, above poll and load: processes on two cores wait for each other. */
const PATIENCE_MS = 5_000

interface Shown {
  readonly t: number
  readonly value: Committed
}

/** G2: how long after its acknowledgement a write was shown by every other worker that lived, and how long a lost one is shown. Outages are counted off. */
export function visibility(evidence: Evidence, values: CommittedValues, acks: readonly Ack[]) {
  const { losses } = evidence.truth
  const late: Violation[] = []
  const times: number[] = []
  const limit = evidence.pollMs + evidence.readMs + PATIENCE_MS
  for (const { worker, lines } of evidence.histories) {
    const shown = new Map<string, Shown[]>()
    for (const line of lines) {
      const value = line.e === 'read' && values.find(line.name, line.v)
      if (value) push(shown, value.name, { t: line.t, value })
    }
    const overdue = (from: number, to: number) => to - from - outageWithin(evidence.outages, worker, from, to) > limit
    const say = (t: number, text: string) => late.push({ promise: 'G2 late', worker, t: Math.round(t), text })
    const first = lines[0]?.t ?? Number.POSITIVE_INFINITY
    const last = lines.at(-1)?.t ?? 0
    for (const ack of acks) {
      if (ack.worker === worker || ack.t < first) continue
      for (const name of ack.names) {
        const written = values.find(name, ack.v)
        if (!written) continue
        // Nobody has to show what is lost by then.
        const seen = firstOf(shown.get(name) ?? [], written, ack.t)
        const until = seen ?? Math.min(last, losses[written.until]?.from ?? last)
        if (seen !== undefined) times.push(Math.max(0, seen - ack.t))
        if (overdue(ack.t, until)) say(ack.t, `${name}: revision ${ack.revision} shown after ${Math.round(until - ack.t)} ms`)
      }
    }
    for (const { t, value } of [...shown.values()].flat()) {
      const loss = losses[value.until]
      if (loss && overdue(loss.to, t)) say(t, `${value.name} shows ${value.v}, lost ${Math.round(t - loss.to)} ms ago`)
    }
  }
  times.sort((one, other) => one - other)
  const at = (share: number) => Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0) * 10) / 10
  return { late, summary: { count: times.length, p50: at(0.5), p99: at(0.99), max: at(1) } }
}

/** When a worker first showed a write, or a later one of a history that both belong to. What it showed last before `t` it shows at `t`. */
function firstOf(shown: readonly Shown[], written: Committed, t: number): number | undefined {
  const isThere = ({ value }: Shown) => value.revision >= written.revision && value.since <= written.until && written.since <= value.until
  const after = firstAfter(shown, t)
  const before = shown[after - 1]
  if (before && isThere(before)) return t
  return shown.slice(after).find(isThere)?.t
}

function firstAfter(shown: readonly Shown[], t: number): number {
  let low = 0
  let high = shown.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (shown[middle]!.t > t) high = middle
    else low = middle + 1
  }
  return low
}

function outageWithin(outages: readonly Outage[], worker: number, from: number, to: number): number {
  let sum = 0
  for (const outage of outages) {
    if (outage.worker !== 'all' && outage.worker !== worker) continue
    sum += Math.max(0, Math.min(to, outage.to) - Math.max(from, outage.from))
  }
  return sum
}
