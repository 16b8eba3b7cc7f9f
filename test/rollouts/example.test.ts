import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { TSX_LOADER } from '../support/tsx-loader.js'

it('examples/ab-test.ts draws a split that grows, stops and ends', async () => {
  const file = fileURLToPath(new URL('../../examples/ab-test.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', TSX_LOADER, file])

  const rows = [...stdout.matchAll(/^ *(.+?) {2}([.BC]+) +(\d+) +(\d+) +(\d+)$/gm)].map(([, title, bar, ...counts]) => ({
    title: title!,
    bar: bar!,
    counts: counts.map(Number),
  }))
  expect(rows.map(({ title }) => title)).toEqual(['before', '5 %', '10 %', '25 %', '50 %', '100 %', 'paused', 'C wins', 'rollback'])
  const outside = rows.slice(1, 6).map(({ counts }) => counts[0]!)
  expect(outside).toEqual([...outside].sort((left, right) => right - left))
  expect(outside.at(-1)).toBe(0)
  for (const { counts, bar } of rows) {
    expect(counts.reduce((sum, count) => sum + count)).toBe(1_000)
    expect(Math.abs(bar.length - 50)).toBeLessThanOrEqual(1)
    // A mark is 20 users, rounded.
    expect([...bar].filter((mark) => mark === 'B').length).toBe(Math.round(counts[1]! / 20))
  }
  for (const [title, version] of [
    ['before', 0],
    ['paused', 0],
    ['C wins', 2],
    ['rollback', 0],
  ] as const) {
    expect(rows.find((row) => row.title === title)?.counts[version]).toBe(1_000)
  }
  expect(stdout).toContain('got another version since: 0. Exposures reported: 1000.')
  expect(stdout).toMatch(/rollout_pause +by grace +complaints/)
})
