import { expect, it } from 'vitest'
import { runGuardChaos } from './guard-chaos.js'

it('guards pause with their evidence, once, and in the end, while wires, servers, workers and judges die', async () => {
  const report = await runGuardChaos({ seed: 20_260, seconds: 25 })

  console.info(JSON.stringify(report))
  expect(report.violations).toEqual([])
  expect(report.endedByThemselves).toBe(0)
  expect(report.pauses).toBeGreaterThanOrEqual(3)
  expect(report.resumptions).toBeGreaterThan(0)
  expect(report.judgesKilled).toBeGreaterThan(0)
}, 300_000)
