import type { MetricReport, RolloutReport } from '../entities/guard.js'
import type { Rollout } from '../entities/rollout.js'

const VERDICTS = { ok: 'ok', worse: 'WORSE', 'too-early': 'too early to say' } as const

/** A report for people: one line for each metric and arm, then what the guard finds. */
export function reportText({ arms, ratio, guard, since, until }: RolloutReport, rollout: Rollout): string {
  const { id, kind, name, label, status, coverage } = rollout
  const control = rollout.guard?.control
  const metrics = [...new Set(arms.flatMap((arm) => Object.keys(arm.metrics)))].sort()
  const lines = [
    `${kind} "${name}" on ${label}: rollout ${id}, ${status}, ${coverage} % of subjects`,
    `since ${since}, until ${until}`,
    '',
    ...table([
      ['', ...arms.map(({ version }, place) => `v${version}${place === control ? ' (control)' : ''}`)],
      ['subjects', ...arms.map(({ subjects }) => `${subjects}`)],
      ...metrics.map((metric) => [metric, ...arms.map((arm) => metricText(arm.metrics[metric]))]),
    ]),
    '',
    ratio.ok
      ? `The arms get the subjects they should: ${ratio.observed.join(' : ')}, p ${ratio.p.toPrecision(2)}.`
      : `The arms do not get the subjects they should: ${ratio.observed.join(' : ')} instead of ${ratio.expected.map(Math.round).join(' : ')}. No verdict is to be trusted.`,
    ...guard.map(
      ({ metric, evidence, threshold, verdict }) => `${metric}: ${VERDICTS[verdict]}, evidence ${evidence.toPrecision(3)} of ${threshold}.`,
    ),
    ...(rollout.guard?.acted ? ['Its guard has paused it: `resume --acknowledge` goes on with new evidence, conclude ends it.'] : []),
  ]
  return `${lines.join('\n')}\n`
}

function metricText(metric: MetricReport | undefined): string {
  if (metric === undefined) return '-'
  const { bad, share, mean, interval } = metric
  if (mean !== undefined) return `mean ${short(mean)}${interval ? ` (${short(interval[0])} to ${short(interval[1])})` : ''}`
  return `${bad} bad, ${percent(share ?? 0)}${interval ? ` (${percent(interval[0])} to ${percent(interval[1])})` : ''}`
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Number((share * 100).toFixed(1))} %` : '-'
}

function short(value: number): string {
  return `${Number(value.toPrecision(4))}`
}
