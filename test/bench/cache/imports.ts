import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'

const run = promisify(execFile)
const TURNS = 21
const OURS = [new URL('../../../dist/index.js', import.meta.url).href]
const PARTS = ['kysely', 'pg', 'lru-cache']

interface Weight {
  readonly ms: number
  readonly rss: number
}

/** `import 'agent-config'` in a process of its own, beside what it stands on imported alone. */
export async function importRows(): Promise<BenchRow[]> {
  const [ours, parts]: [Weight[], Weight[]] = [[], []]
  for (let turn = -2; turn < TURNS; turn++) {
    for (const [weights, modules] of [
      [ours, OURS],
      [parts, PARTS],
    ] as const) {
      const weight = await weigh(modules)
      if (turn >= 0) weights.push(weight)
    }
  }
  const of = (weights: readonly Weight[], what: keyof Weight) => median(weights.map((weight) => weight[what]))
  const row = (measure: string, what: keyof Weight, text: (value: number) => string): BenchRow => ({
    measure,
    ours: text(of(ours, what)),
    beside: `kysely, pg and lru-cache alone: ${text(of(parts, what))}`,
    ratio: of(ours, what) / of(parts, what),
    reach: 1.15,
    atMost: true,
  })
  return [
    row("`import 'agent-config'`, time", 'ms', (ms) => `${significant(ms)} ms`),
    row("`import 'agent-config'`, memory of the process", 'rss', (rss) => `${significant(rss / 2 ** 20)} MB`),
  ]
}

async function weigh(modules: readonly string[]): Promise<Weight> {
  const script = `const start = performance.now(); for (const name of ${JSON.stringify(modules)}) await import(name);
    console.log(JSON.stringify({ ms: performance.now() - start, rss: process.memoryUsage().rss }))`
  // From within the package, so that the parts are those that it has.
  const cwd = fileURLToPath(new URL('../../..', import.meta.url))
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd })
  return JSON.parse(stdout) as Weight
}
