import { expect, it } from 'vitest'
import { casesOf } from '../support/long-form.js'
import { runChaos } from './chaos.js'
import { reportText } from './report-text.js'

const KINDS = [
  { redis: 'server', title: 'messages are lost, and wires, servers and processes die', seconds: 25 },
  { redis: 'cluster', title: "a Cluster's primaries are killed and frozen", seconds: 20 },
  { redis: 'sentinels', title: 'primaries watched by sentinels are killed and frozen', seconds: 20 },
] as const

// All of them: npm run test:long
it.each(KINDS.slice(0, casesOf(1, KINDS.length)))(
  'keeps every promise while $title',
  async ({ redis, seconds }) => {
    // Beside other tests workers get to less, and on a slow machine to less still: they get three times as long for the same. `npm run chaos`,
    // on a machine of its own, asks for all of it.
    const tooSeldom = await seldomIn({ seconds, redis, leastShare: 0.1 })
    if (tooSeldom.length > 0) expect(await seldomIn({ seconds: seconds * 3, redis, leastShare: 0.1 / 3 })).toEqual([])
  },
  300_000,
)

/** What happened too seldom in a run that kept every promise. */
async function seldomIn(plan: Omit<Parameters<typeof runChaos>[0], 'seed'>): Promise<readonly string[]> {
  const report = await runChaos({ seed: 20_260, ...plan })
  console.info(reportText(report))
  expect(report.verdict.violations).toEqual([])
  expect(report.endedByThemselves).toBe(0)
  return report.tooSeldom
}
