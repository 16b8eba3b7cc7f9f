import { parseArgs } from 'node:util'
import { runGuardChaos } from './guard-chaos.js'

// Guarded rollouts under faults: npm run chaos:guard -- --minutes 3 --seed 1 --workers 4

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, workers: { type: 'string', default: '4' } },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
console.log(`Seed ${seed}`)
const report = await runGuardChaos({ seed, seconds: Number(values.minutes) * 60, workers: Number(values.workers) })
console.log(JSON.stringify(report, null, 2))
process.exit(report.violations.length + report.endedByThemselves === 0 ? 0 : 1)
