// Prompts that change while the service runs, without any server: npm run quickstart
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// In a project of your own: import { createConfigManager } from 'agent-config'
import { createConfigManager } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'agent-config-quickstart-'))
// An embedded PostgreSQL in a folder; a service names its server: 'postgresql://…', and redis: 'redis://…'.
const database = `pglite:${folder}`

title('Write: two versions of a prompt, a model, a context rule')
const writer = createConfigManager({ database })
await writer.prompts.create({ name: 'greeting', template: 'Hello {name}.', labels: ['production'], changedBy: 'ada' })
await writer.prompts.createVersion({ name: 'greeting', template: 'Good to see you, {name}!', labels: ['staging'], changedBy: 'ada' })
await writer.models.create({ name: 'default', provider: 'ollama', model: 'llama3.2', labels: ['production'], changedBy: 'ada' })
await writer.contextRules.create({ context: 'support', important: 'order number', ignore: 'small talk', changedBy: 'ada' })
await writer.shutdown()
say('written and shut down, as if the service restarted')

title('Read: once from the database, then from memory')
const manager = createConfigManager({ database })
await greet()
await greet()
const model = await manager.getModelConfig()
say(`model ${model?.provider}:${model?.model}, from ${model?.source}`)
const [rule] = await manager.getContextRules('support')
say(`in support, important: ${rule?.important}; ignore: ${rule?.ignore}`)

title('Change: readers see it at once')
manager.on('change', ({ name, revision }) => say(`  ... ${name} changed, revision ${revision}`))
await manager.prompts.promote({ name: 'greeting', version: 2, changedBy: 'grace', summary: 'warmer' })
await greet()
await manager.prompts.rollback({ name: 'greeting', changedBy: 'ada', summary: 'too warm' })
await greet()

title('The changelog, written in the same transactions')
const { items } = await manager.changelog.list()
for (const { revision, configType, configName, changeType, changedBy, changeSummary } of items.toReversed()) {
  const what = `${configType} ${configName}`.padEnd(22)
  say(`${revision}  ${what}  ${changeType.padEnd(8)}  by ${changedBy?.padEnd(5)}  ${changeSummary}`)
}

const { memory, database: reads } = manager.stats()
title(`Answers from memory: ${memory.hits}. Documents loaded from the database: ${reads.loads}.`)
await manager.shutdown()
rmSync(folder, { recursive: true })

/** What a reader does: ask for the prompt, fill it in. */
async function greet(): Promise<void> {
  const prompt = await manager.getPrompt('greeting')
  const text = `"${prompt?.compile({ name: 'Lin' })}"`
  say(`${text.padEnd(25)}  v${prompt?.version} from ${prompt?.source}`)
}

function title(text: string): void {
  console.log(`\n${text}`)
}

function say(text: string): void {
  console.log(`  ${text}`)
}
