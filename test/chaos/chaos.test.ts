import { expect, it } from 'vitest'
import { runChaos } from './chaos.js'
import { reportText } from './report-text.js'

it('keeps every promise while messages are lost, and wires, servers and processes die', async () => {
  const report = await runChaos({ seed: 20_260, seconds: 25 })

  console.info(reportText(report))
  expect(report.verdict.violations).toEqual([])
  expect(report.endedByThemselves).toBe(0)
  expect(report.tooSeldom).toEqual([])
}, 150_000)
