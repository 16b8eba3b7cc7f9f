// A rollout that takes itself back. Version 4 of a prompt goes to more and more people, and the model fails on half of what it is asked
// with it; the guard notices from the outcomes and pauses the rollout. Everything runs in this process: npx tsx examples/guarded-rollout.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { createConfigManager } from '../src/index.js'

const manager = createConfigManager({ database: 'pglite:memory' })
await manager.prompts.create({ name: 'support/triage', template: 'v1', labels: [] })
for (const template of ['v2', 'Sort this ticket: {ticket}', 'Sort this ticket, tersely: {ticket}'])
  await manager.prompts.createVersion({ name: 'support/triage', template, labels: [] })
await manager.prompts.promote({ name: 'support/triage', version: 3, label: 'production' })

const soon = (seconds: number) => new Date(Date.now() + seconds * 1_000)
const schedule = [
  { at: soon(0), coverage: 20 },
  { at: soon(3), coverage: 100 },
]
const rollout = await manager.rollouts.start({
  kind: 'prompt',
  name: 'support/triage',
  arms: [
    { version: 3, weight: 1 },
    { version: 4, weight: 1 },
  ],
  schedule,
  // Half a second is enough here because the scripted model answers at once. In a service it is at least as long as the slowest normal
  // answer: with less, a candidate that is only faster or slower looks worse.
  guard: { metrics: ['error'], settleMs: 500 },
  changedBy: 'ada',
})

let pausedAt: string | undefined
manager.on('rollout:guard', ({ what, findings }) => {
  pausedAt = `${what}: ${findings.map(({ metric, evidence }) => `${metric}, evidence ${evidence.toFixed(1)}`).join('; ')}`
})

/** Fails on every second ticket of version 4, and on every twentieth of the others. */
function scriptedModel(version: number, ticket: number): string {
  if (ticket % (version === 4 ? 2 : 20) === 0) throw new Error('no answer')
  return 'billing'
}

let ticket = 0
const deadline = Date.now() + 15_000
while (pausedAt === undefined && Date.now() < deadline) {
  for (let person = 0; person < 20; person++) {
    const subject = `user-${ticket++}`
    const prompt = await manager.getPrompt('support/triage', { subject })
    if (!prompt) throw new Error('there is no prompt')
    prompt.compile({ ticket: 'My invoice is wrong' })
    let failed = false
    try {
      scriptedModel(prompt.version, Math.floor(ticket / 2))
    } catch {
      failed = true
    }
    manager.outcomes.record({ subject, metric: 'error', bad: failed })
  }
  await manager.outcomes.flush()
  const { arms, guard } = await manager.rollouts.report(rollout.id)
  const told = arms.map(({ version, subjects, metrics }) => `v${version} ${metrics.error?.bad ?? 0} bad of ${subjects}`)
  const covered = schedule.findLast(({ at }) => at.getTime() <= Date.now())?.coverage
  console.log(
    `${covered} % covered, ${ticket} people, ${told.join(', ')}, evidence ${guard[0]?.evidence.toFixed(2)} of ${guard[0]?.threshold}`,
  )
  await sleep(500)
}

console.log(`guard ${pausedAt}`)
const [step] = await manager.prompts.history({ name: 'support/triage' })
console.log(`${step?.changeType} by ${step?.changedBy}: ${step?.changeSummary}`)
const after = await manager.getPrompt('support/triage', { subject: 'user-1' })
console.log(`everybody gets version ${after?.version} again (${after?.selection.reason})`)
await manager.shutdown()
