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
    const report = await runChaos({ seed: 20_260, seconds, redis })

    console.info(reportText(report))
    expect(report.verdict.violations).toEqual([])
    expect(report.endedByThemselves).toBe(0)
    expect(report.tooSeldom).toEqual([])
  },
  150_000,
)
