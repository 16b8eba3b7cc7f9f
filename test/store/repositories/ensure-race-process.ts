import { createConfigManager, defineModel, definePrompt, isConfigError } from '../../../src/index.js'
import { NOTES } from '../../kinds/a-kind.js'
import { serveRequests } from '../../support/serve-requests.js'

// A worker of ensure-race.test.ts: on its first start, as its siblings are, on a database in which there is nothing yet.

const [url, names] = process.argv.slice(2) as [string, string]
const manager = createConfigManager({ database: url, redis: false, autoMigrate: true, kinds: [NOTES], timeouts: { databaseMs: 10_000 } })
const prompts = names.split(',').map((name) => definePrompt({ name, fallback: `Seed of {name} by ${process.pid}` }))
const models = names.split(',').map((name) => defineModel({ name, fallback: { provider: 'ollama', model: `of ${process.pid}` } }))
const changedBy = `worker ${process.pid}`

/** What has no ensure(): whoever comes first writes it, and the others are told. */
async function createFirst(create: (name: string) => Promise<unknown>): Promise<readonly string[]> {
  const created = names.split(',').map(async (name) => {
    try {
      await create(name)
      return [name]
    } catch (error) {
      if (isConfigError(error, 'E_ALREADY_EXISTS')) return []
      throw error
    }
  })
  return (await Promise.all(created)).flat()
}

const handlers = {
  start: async () => {
    await manager.ready()
    const [prompt, model, flag, note] = await Promise.all([
      manager.prompts.ensure(prompts, { changedBy }),
      manager.models.ensure(models, { changedBy }),
      createFirst((name) => manager.flags.create({ name, value: true, labels: ['production'], changedBy })),
      createFirst((name) => manager.of(NOTES).create({ name, content: 'x', changedBy })),
    ])
    return { prompt: prompt.created, model: model.created, flag, note }
  },
  /** What this worker serves. */
  read: async (name: string) => {
    await manager.catchUp()
    return [
      (await manager.getPrompt(name))?.version,
      (await manager.getModelConfig(name))?.version,
      await manager.getFlag(name, false),
      (await manager.of(NOTES).get(name))?.content,
    ]
  },
  finish: () => manager.shutdown(),
}
export type StartHandlers = typeof handlers

serveRequests(handlers)
