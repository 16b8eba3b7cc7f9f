import { guardCosts } from './guard/costs.js'
import { guardedReads } from './guard/reads.js'
import { type Alarms, REPETITIONS, SUBJECTS, shareOfAlarms, simulate, simulateSpeeds } from './guard/simulation.js'
import type { BenchRow } from './support/row.js'
import { median } from './support/take-turns.js'

const ALLOWED = 0.05

/**
 * How often a guard alarms for nothing, and how soon it notices, beside a z-test that is looked at as often and the asymptotic confidence
 * sequence; and what reads, outcomes and judgements cost. The same numbers at every run, but for the costs.
 */
export async function guardBench(): Promise<readonly BenchRow[]> {
  return [
    ...[0.01, 0.05, 0.2].map((share) => falseAlarms(share)),
    ...(
      [
        [0.05, 0.1],
        [0.05, 0.2],
        [0.02, 0.5],
      ] as const
    ).map(([control, candidate]) => subjectsUntil(control, candidate)),
    ...([5_000, 20_000] as const).map((candidateMs) => speeds(candidateMs)),
    await guardedReads(),
    ...(await guardCosts()),
  ]
}

function falseAlarms(share: number): BenchRow {
  const { guard, zTest, asymptotic } = simulate(share, share, Math.round(share * 1_000))
  return {
    measure: `false alarms, both arms fail ${percent(share)}, ${REPETITIONS} rollouts of ${SUBJECTS} subjects, a look after each`,
    ours: percent(shareOfAlarms(guard)),
    beside: `z-test ${percent(shareOfAlarms(zTest))}, asymptotic sequence ${percent(shareOfAlarms(asymptotic))}; allowed 5 %`,
    ratio: shareOfAlarms(guard) / ALLOWED,
    reach: 1,
    atMost: true,
  }
}

function subjectsUntil(control: number, candidate: number): BenchRow {
  const alarms: Alarms = simulate(control, candidate, Math.round(candidate * 1_000))
  const [guard, asymptotic] = [median(alarms.guard), median(alarms.asymptotic)]
  return {
    measure: `subjects until the alarm, median, ${percent(control)} → ${percent(candidate)} failures`,
    ours: `${guard}`,
    beside: `asymptotic sequence from 100 an arm: ${asymptotic}`,
    ratio: guard / asymptotic,
    reach: 1,
    atMost: true,
  }
}

/** Both arms fail 20 %; the control reports it after 30 seconds. */
function speeds(candidateMs: number): BenchRow {
  const { asReported, settled } = simulateSpeeds(30_000, candidateMs, 30_000, 0.2, candidateMs)
  return {
    measure: `false alarms, equal arms that report after 30 s and ${candidateMs / 1_000} s, \`settleMs\` 30,000`,
    ours: percent(settled),
    beside: `counted as they are reported: ${percent(asReported)}; allowed 5 %`,
    ratio: settled / ALLOWED,
    reach: 1,
    atMost: true,
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
