// Run in a process of its own by choose-version.test.ts: prints what each subject of the table gets.
import { aRollout, choose } from './a-rollout.js'
import table from './subjects.json' with { type: 'json' }

const rollout = aRollout({ id: table.rolloutId, arms: table.arms, coverageBasisPoints: table.coverageBasisPoints })
const arms = Object.keys(table.armOf).map((subject) => [subject, choose(rollout, { subject })?.arm ?? null])
process.stdout.write(JSON.stringify(Object.fromEntries(arms)))
