import type { ChaosReport } from './chaos.js'

const VIOLATIONS_SHOWN = 12

/** A run, for people. */
export function reportText({ seed, verdict, faults, counts, endedByThemselves, tooSeldom }: ChaosReport): string {
  const { violations, visibilityMs } = verdict
  const kinds = new Map<string, number>()
  for (const { promise } of violations) kinds.set(promise, (kinds.get(promise) ?? 0) + 1)
  return [
    `seed ${seed}: ${violations.length} violations${[...kinds].map(([promise, count]) => `, ${promise} ${count}`).join('')}`,
    ...violations.slice(0, VIOLATIONS_SHOWN).map(({ promise, worker, t, text }) => `  ${promise}, worker ${worker}, at ${t}: ${text}`),
    `acknowledged writes ${verdict.writes}; other histories met ${verdict.met} times; processes that ended by themselves ${endedByThemselves}`,
    `counts ${pairs(counts)}`,
    `faults ${pairs(faults)}`,
    `visible after acknowledgement, ms: p50 ${visibilityMs.p50}, p99 ${visibilityMs.p99}, max ${visibilityMs.max} (${visibilityMs.count} times)`,
    ...(tooSeldom.length > 0 ? [`too seldom to mean anything: ${tooSeldom.join('; ')}`] : []),
  ].join('\n')
}

function pairs(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
