import { type Kysely, sql } from 'kysely'
import type { ArmReport, GuardFinding, MetricReport, RolloutReport } from '../../entities/guard.js'
import type { Rollout } from '../../entities/rollout.js'
import type { KindRegistry } from '../../kinds/registry.js'
import { meanInterval, shareInterval } from '../../rollout/confidence-sequence.js'
import { type GuardCounts, isRatioOk, judge, shareOf } from '../../rollout/guard.js'
import { sampleRatioP } from '../../rollout/sample-ratio.js'
import type { Tables } from '../postgres/tables.js'
import { counting, labelVersionOf } from './guard-counts.js'

interface FoundMetric {
  readonly metric: string
  readonly arm: number
  readonly bad: number
  readonly values: number
  readonly sum: number | null
  readonly sumOfSquares: number | null
  readonly median: number
  readonly p95: number
}

interface FoundCounts {
  readonly now: string
  readonly since: string
  readonly exposed: Readonly<Record<string, number>>
  readonly settled: Readonly<Record<string, number>>
  readonly metrics: readonly FoundMetric[]
  readonly worse: readonly string[]
}

/** What the outcomes of a rollout say, read in one statement. */
export async function readReport(db: Kysely<Tables>, schema: string, kinds: KindRegistry, rollout: Rollout): Promise<RolloutReport> {
  const found = await readCounts(db, schema, rollout)
  const { guard, arms } = rollout
  const perArm = (byArm: Readonly<Record<string, number>>) => arms.map((_arm, place) => Number(byArm[place] ?? 0))
  const [observed, settled] = [perArm(found.exposed), perArm(found.settled)]
  const total = observed.reduce((sum, count) => sum + count, 0)
  const shares = arms.map((_arm, place) => shareOf(arms, place))
  // Concluding a rollout moves the label. The report then still has what the guard had found before.
  const isGuarding =
    guard !== undefined &&
    (rollout.status === 'concluded' || (await labelVersionOf(db, schema, kinds, rollout)) === arms[guard.control]?.version)
  return {
    rolloutId: rollout.id,
    arms: arms.map(({ version }, place) => {
      const subjects = settled[place] as number
      return { version, subjects, metrics: { ...withoutBad(rollout, found, subjects), ...metricsOf(found, place, subjects) } }
    }),
    ratio: {
      expected: shares.map((share) => share * total),
      observed,
      p: sampleRatioP(observed, shares),
      ok: isRatioOk(arms, observed),
    },
    guard:
      guard && isGuarding ? findings(judge(guard, arms, { exposed: observed, settled, bad: badOf(found, arms.length) }), found.worse) : [],
    since: new Date(found.since).toISOString(),
    until: new Date(found.now).toISOString(),
  }
}

async function readCounts(db: Kysely<Tables>, schema: string, rollout: Rollout): Promise<FoundCounts> {
  const { rows } = await sql<{ found: string }>`
    with counted as materialized (
      select exposure.arm, exposure.subject, exposure.exposed_at from ${sql.id(schema, 'config_exposures')} as exposure
      join ${sql.id(schema, 'config_rollouts')} as rollout on rollout.id = exposure.rollout_id
      where exposure.rollout_id = ${rollout.id}::text and ${counting(schema)}
    ), metrics as (
      select outcome.metric, counted.arm, count(*) filter (where outcome.bad) as bad, count(outcome.value) as values,
        sum(outcome.value) as sum, sum(outcome.value * outcome.value) as "sumOfSquares",
        percentile_cont(0.5) within group (order by extract(epoch from outcome.at - counted.exposed_at) * 1000) as median,
        percentile_cont(0.95) within group (order by extract(epoch from outcome.at - counted.exposed_at) * 1000) as p95
      from counted join ${sql.id(schema, 'config_outcomes')} as outcome
        on outcome.rollout_id = ${rollout.id}::text and outcome.subject = counted.subject and outcome.at >= counted.exposed_at
      group by outcome.metric, counted.arm
    )
    select jsonb_build_object(
      'now', clock_timestamp(),
      'since', (select coalesce(guard -> 'since', to_jsonb(created_at)) from ${sql.id(schema, 'config_rollouts')} where id = ${rollout.id}::text),
      'exposed', coalesce((select jsonb_object_agg(arm, subjects) from ${sql.id(schema, 'config_exposure_counts')}
        where rollout_id = ${rollout.id}::text), '{}'),
      'settled', coalesce((select jsonb_object_agg(arm, subjects) from (select arm, count(*) as subjects from counted group by arm) as by_arm), '{}'),
      'metrics', coalesce((select jsonb_agg(metrics order by metric) from metrics), '[]'),
      'worse', coalesce((select jsonb_agg(metric) from ${sql.id(schema, 'config_verdicts')} as given where given.rollout_id = ${rollout.id}::text
        and given.verdict = 'worse' and given.since = ${rollout.guard?.since ?? '-infinity'}::text::timestamptz), '[]'))::text as found
  `.execute(db)
  return JSON.parse((rows[0] as { found: string }).found) as FoundCounts
}

function metricsOf({ metrics }: FoundCounts, arm: number, subjects: number): ArmReport['metrics'] {
  return Object.fromEntries(metrics.filter((found) => found.arm === arm).map((found) => [found.metric, metricReport(found, subjects)]))
}

/** Shares of 0 for metrics that the guard watches, or the other arm has, and no subject of this arm has reported. */
function withoutBad({ guard }: Rollout, { metrics }: FoundCounts, subjects: number): ArmReport['metrics'] {
  const watched = (guard?.metrics ?? []).map(({ name }) => name).filter((name) => !metrics.some(({ metric }) => metric === name))
  const reported = metrics.filter(({ values }) => Number(values) === 0).map(({ metric }) => metric)
  return Object.fromEntries([...watched, ...reported].map((name) => [name, { bad: 0, share: 0, interval: shareInterval(0, subjects) }]))
}

function badOf({ metrics }: FoundCounts, arms: number): GuardCounts['bad'] {
  const bad: Record<string, number[]> = {}
  for (const { metric, arm, bad: subjects } of metrics) {
    bad[metric] ??= new Array<number>(arms).fill(0)
    bad[metric][arm] = subjects
  }
  return bad
}

/** Metrics with values are means. Metrics without are shares of all subjects; a subject without an outcome counts as not bad. */
function metricReport({ bad, values, sum, sumOfSquares, median, p95 }: FoundMetric, subjects: number): MetricReport {
  const reportedAfterMs = { median, p95 }
  if (values === 0) return { bad, share: bad / subjects, interval: shareInterval(bad, subjects), reportedAfterMs }
  const interval = meanInterval({ n: values, sum: sum ?? 0, sumOfSquares: sumOfSquares ?? 0 })
  return {
    ...(bad > 0 && { bad, share: bad / subjects }),
    mean: (sum ?? 0) / values,
    ...(interval && { interval }),
    reportedAfterMs,
  }
}

/** A verdict that the guard has acted on stays: later outcomes of the same subjects do not change it. */
function findings(judged: ReturnType<typeof judge>, worse: readonly string[]): readonly GuardFinding[] {
  return judged.map(({ metric, evidence, threshold, verdict }) => ({
    metric,
    evidence,
    threshold,
    verdict: worse.includes(metric) ? ('worse' as const) : verdict,
  }))
}
