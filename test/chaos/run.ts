import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runBroken } from './broken/run-broken.js'
import { runChaos } from './chaos.js'
import { REDIS_KINDS } from './chaos-redis.js'
import { reportText } from './report-text.js'

// Runs worker processes under faults and judges them:
//   npm run chaos -- --minutes 3 --seed 1 --workers 4 --redis server|cluster|sentinels
// Breaks the library in every way of the list (or those named), and says who notices (docs/chaos.md):
//   npm run chaos -- --broken [name …]
// AGENT_CONFIG_CHAOS_KEEP=1 keeps the histories; --verdict writes the verdict to a file.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    broken: { type: 'boolean', default: false },
    verdict: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    workers: { type: 'string', default: '4' },
    redis: { type: 'string', default: 'server' },
  },
})
if (values.broken) process.exit((await runBroken(positionals)) === 0 ? 0 : 1)
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
console.log(`Seed ${seed}`)
const redis = REDIS_KINDS.find((kind) => kind === values.redis)
if (!redis) throw new Error(`--redis is one of ${REDIS_KINDS.join(', ')}`)
const report = await runChaos({ seed, seconds: Number(values.minutes) * 60, workers: Number(values.workers), redis })
console.log(reportText(report))
if (values.verdict !== undefined) writeFileSync(values.verdict, JSON.stringify(report.verdict))
process.exit(report.verdict.violations.length + report.endedByThemselves + report.tooSeldom.length === 0 ? 0 : 1)
