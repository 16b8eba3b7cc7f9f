import { parseArgs } from 'node:util'
import { runChaos } from './chaos.js'
import { REDIS_KINDS } from './chaos-redis.js'
import { reportText } from './report-text.js'

// Runs worker processes under faults and judges them:
//   npm run chaos -- --minutes 3 --seed 1 --workers 4 --redis server|cluster|sentinels
// AGENT_CONFIG_CHAOS_BREAK=<way> breaks the product first (docs/chaos.md); AGENT_CONFIG_CHAOS_KEEP=1 keeps the histories.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    workers: { type: 'string', default: '4' },
    redis: { type: 'string', default: 'server' },
  },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
console.log(`Seed ${seed}`)
const redis = REDIS_KINDS.find((kind) => kind === values.redis)
if (!redis) throw new Error(`--redis is one of ${REDIS_KINDS.join(', ')}`)
const report = await runChaos({ seed, seconds: Number(values.minutes) * 60, workers: Number(values.workers), redis })
console.log(reportText(report))
process.exit(report.verdict.violations.length + report.endedByThemselves + report.tooSeldom.length === 0 ? 0 : 1)
