import { expect, it } from 'vitest'
import { runChaos } from './chaos.js'
import { reportText } from './report-text.js'

it.each([
  { redis: 'server', title: 'messages are lost, and wires, servers and processes die', seconds: 25 },
  { redis: 'cluster', title: "a Cluster's primaries are killed and frozen", seconds: 20 },
  { redis: 'sentinels', title: 'primaries watched by sentinels are killed and frozen', seconds: 20 },
] as const)(
  'keeps every promise while $title',
  async ({ redis, seconds }) => {
    // Beside other tests workers get to less. `npm run chaos`, on a machine of its own, asks for all of it.
    const report = await runChaos({ seed: 20_260, seconds, redis, leastShare: 0.1 })

    console.info(reportText(report))
    expect(report.verdict.violations).toEqual([])
    expect(report.endedByThemselves).toBe(0)
    expect(report.tooSeldom).toEqual([])
  },
  300_000,
)
