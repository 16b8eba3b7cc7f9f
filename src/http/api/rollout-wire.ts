import type { Guard, MetricReport, RolloutReport } from '../../entities/guard.js'
import type { Rollout } from '../../entities/rollout.js'
import { fromWire, toWire } from '../wire.js'

/** Percent and dates on the wire; hundredths of a percent and milliseconds are the store's own. */
export function showRollout({ coverageBasisPoints: _, schedule, guard, ...rollout }: Rollout): Record<string, unknown> {
  const steps = schedule?.map((step) => ({ at: new Date(step.atMs).toISOString(), coverage: step.coverageBasisPoints / 100 }))
  return { ...toWire(rollout), ...(steps && { schedule: steps }), ...(guard && { guard: showGuard(guard) }) }
}

function showGuard({ metrics, ...guard }: Guard): object {
  return { ...toWire(guard), metrics: metrics.map(toWire) }
}

/** What a report says, with the names of metrics as they are: they are the host's. */
export function showReport({ arms, ratio, guard, ...report }: RolloutReport): object {
  return {
    ...toWire(report),
    arms: arms.map(({ version, subjects, metrics }) => ({
      version,
      subjects,
      metrics: Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, showMetric(metric)])),
    })),
    ratio: toWire(ratio),
    // JSON has no infinity.
    guard: guard.map((finding) => ({ ...finding, evidence: Math.min(finding.evidence, Number.MAX_VALUE) })),
  }
}

function showMetric({ reportedAfterMs, ...metric }: MetricReport): object {
  return { ...metric, ...(reportedAfterMs && { reported_after_ms: reportedAfterMs }) }
}

/** A guard as a request writes it. */
export interface GuardOnWire {
  readonly metrics: readonly (string | { readonly name: string; readonly over_ms?: number | undefined })[]
  readonly [option: string]: unknown
}

/** The guard of a request, for the library. */
export function guardOf({ metrics, ...options }: GuardOnWire): object {
  return { ...fromWire(options), metrics: metrics.map((metric) => (typeof metric === 'string' ? metric : fromWire(metric))) }
}
