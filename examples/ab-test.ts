// An A/B test that is ramped up step by step, without any server: npx tsx examples/ab-test.ts
// In a project of your own: import { createConfigManager } from 'agent-config'
import { createConfigManager } from '../src/index.js'

const SUBJECTS = Array.from({ length: 1_000 }, (_, index) => `user-${index}`)
/** Subjects that one character of a picture stands for. */
const SCALE = 20
const MARKS = ['.', 'B', 'C']

const manager = createConfigManager({ database: 'pglite:memory' })
await manager.prompts.create({ name: 'greeting', template: 'Hello {name}.', labels: ['production'], changedBy: 'ada' })
await manager.prompts.createVersion({ name: 'greeting', template: 'Good to see you, {name}!', changedBy: 'ada' })
await manager.prompts.createVersion({ name: 'greeting', template: 'Hi {name}, what can I do?', changedBy: 'ada' })
let exposures = 0
manager.on('exposure', () => exposures++)

say(`${SUBJECTS.length} users ask for "production". Each mark is ${SCALE} of them: . version 1, B version 2, C version 3\n`)
await picture('before')

const { id } = await manager.rollouts.start({
  kind: 'prompt',
  name: 'greeting',
  arms: [
    { version: 2, weight: 70 },
    { version: 3, weight: 30 },
  ],
  coverage: 5,
  changedBy: 'ada',
})
const first = await picture('5 %')
for (const coverage of [10, 25, 50, 100]) {
  await manager.rollouts.ramp(id, { coverage, changedBy: 'ada' })
  await picture(`${coverage} %`)
}
const last = await versions()
const moved = SUBJECTS.filter((_, place) => first[place] !== 1 && first[place] !== last[place]).length
say(`\nUsers of the first step who got another version since: ${moved}. Exposures reported: ${exposures}.\n`)

await manager.rollouts.pause(id, { changedBy: 'grace', summary: 'complaints' })
await picture('paused')
await manager.rollouts.resume(id, { changedBy: 'grace' })
await manager.rollouts.conclude(id, { winner: 3, changedBy: 'ada', summary: 'C wins' })
await picture('C wins')
await manager.prompts.rollback({ name: 'greeting', changedBy: 'grace' })
await picture('rollback')

say('\nThe changelog:')
for (const change of (await manager.prompts.history({ name: 'greeting' })).toReversed()) {
  say(`  ${change.changeType.padEnd(16)} by ${change.changedBy?.padEnd(5)}  ${change.changeSummary}`)
}
await manager.shutdown()

/** The version each user gets now. */
async function versions(): Promise<readonly (number | undefined)[]> {
  return Promise.all(SUBJECTS.map(async (subject) => (await manager.getPrompt('greeting', { subject }))?.version))
}

/** Prints how many users get each version, and gives what each of them got. */
async function picture(title: string): Promise<readonly (number | undefined)[]> {
  const given = await versions()
  const counts = [1, 2, 3].map((version) => given.filter((one) => one === version).length)
  const bar = counts.map((count, place) => MARKS[place]!.repeat(Math.round(count / SCALE))).join('')
  say(`${title.padStart(9)}  ${bar.padEnd(SUBJECTS.length / SCALE + 2)} ${counts.map((count) => String(count).padStart(5)).join('')}`)
  return given
}

function say(text: string): void {
  console.log(text)
}
