import type { Guard, MetricReport, Rollout, RolloutReport } from '../api/wire.js'
import { count, counted, percent } from './words.js'

/** What the guard says, in one sentence, and how it is to be taken. */
export interface GuardWord {
  readonly tone: 'calm' | 'warn' | 'bad'
  readonly text: string
}

/** @param report absent while it is loaded */
export function guardWord(
  { guard, arms, status }: Pick<Rollout, 'guard' | 'arms' | 'status'>,
  report: RolloutReport | undefined,
): GuardWord | undefined {
  if (!guard) return undefined
  const candidate = `v${arms[1 - guard.control]?.version}`
  const worse = (report?.guard ?? []).filter(({ verdict }) => verdict === 'worse').map(({ metric }) => metric)
  if (guard.acted)
    return { tone: 'bad', text: `The guard has paused it: ${candidate} does worse${worse.length > 0 ? ` in ${listed(worse)}` : ''}.` }
  if (status === 'concluded' || !report) return undefined
  if (report.guard.length === 0) return { tone: 'warn', text: 'The guard has ended: the label is not on the control any more.' }
  if (!report.ratio.ok) {
    return {
      tone: 'warn',
      text: `The guard says nothing: the versions do not get the subjects they should (${report.ratio.observed.map(count).join(' : ')}).`,
    }
  }
  if (worse.length > 0) return { tone: 'bad', text: `${candidate} does worse in ${listed(worse)}. This guard only says so.` }
  if (report.guard.every(({ verdict }) => verdict === 'too-early')) {
    const subjects = report.arms.reduce((sum, arm) => sum + arm.subjects, 0)
    return { tone: 'calm', text: `Too early for the guard to say anything: ${counted(subjects, 'subject')} so far.` }
  }
  return { tone: 'calm', text: `Nothing speaks against ${candidate} so far.` }
}

/** "error, slow over 8 s · false alarms 5 % · outcomes settle in 30 s" */
export function guardText({ metrics, alpha_spent, settle_ms, action }: Guard): string {
  const watched = metrics.map(({ name, over_ms }) => (over_ms === undefined ? name : `${name} over ${seconds(over_ms)}`))
  return [
    watched.join(', '),
    `false alarms ${percent(alpha_spent * 100)}`,
    `outcomes settle in ${seconds(settle_ms)}`,
    ...(action === 'notify' ? ['says so only'] : []),
  ].join(' · ')
}

/** "3 of 120 · 2.5 % (0.8 to 7.1 %)", "0.42 (0.38 to 0.46)" */
export function metricText(metric: MetricReport | undefined, subjects: number): string {
  if (!metric) return 'nothing reported'
  const { bad = 0, share = 0, mean, interval } = metric
  if (mean !== undefined) return `${short(mean)}${interval ? ` (${short(interval[0])} to ${short(interval[1])})` : ''}`
  if (subjects === 0) return 'no subjects yet'
  return `${count(bad)} of ${count(subjects)} · ${percent(tenths(share))}${interval ? ` (${tenths(interval[0])} to ${percent(tenths(interval[1]))})` : ''}`
}

/** "evidence 3.2 of 20" */
export function evidenceText({ evidence, threshold }: { readonly evidence: number; readonly threshold: number }): string {
  return `evidence ${evidence >= 1_000 ? 'over 1,000' : short(evidence)} of ${count(threshold)}`
}

const tenths = (share: number): number => Math.round(share * 1_000) / 10
const short = (value: number): string => `${Number(value.toPrecision(3))}`
const seconds = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${short(ms / 1_000)} s`)

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
