import { CompiledQuery, type Kysely } from 'kysely'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { ContextRuleRepository } from '../../src/store/repositories/context-rule-repository.js'
import { ModelConfigRepository } from '../../src/store/repositories/model-config-repository.js'
import { PromptRepository } from '../../src/store/repositories/prompt-repository.js'
import { NOTES } from '../kinds/a-kind.js'

/**
 * Calls everything of a manager that sends a statement, so that each is sent at least once.
 *
 * @param host a Kysely of the host's on the same database: a repository joins one of its transactions
 */
export async function everyCall(manager: ConfigurationManager, host: Kysely<unknown>, prefix = 'call'): Promise<void> {
  await manager.ready()
  const content = {
    prompts: { template: 'Hello {name}', description: 'A greeting', parameters: { temperature: 0 } },
    models: { provider: 'ollama', model: 'llama3', fallbacks: [{ provider: 'ollama', model: 'qwen' }] },
    embeddings: { embeddingModel: 'bge-m3' },
  }
  for (const kind of ['prompts', 'models', 'embeddings'] as const) {
    // They have one interface; the content of one kind stands for all.
    const repository = manager[kind] as unknown as typeof manager.prompts
    await everyVerb(repository, `${prefix}-${kind}`, content[kind] as typeof content.prompts)
    await everyList(repository, `${prefix}-${kind}`)
  }
  await everyVerb(manager.flags as never, `${prefix}-flags`, { value: true, description: 'A flag' } as never)
  await everyList(manager.flags as never, `${prefix}-flags`)
  // A host's kind is kept in the tables that such kinds share.
  await everyVerb(manager.of(NOTES) as never, `${prefix}-notes`, { content: 'a note' } as never)
  await everyList(manager.of(NOTES) as never, `${prefix}-notes`)
  await everyRule(manager, `${prefix}-context`)
  await everyRollout(manager, `${prefix}-rollout`)
  await everyRead(manager, `${prefix}-prompts`)
  await manager.transaction(async ({ prompts }) => {
    await prompts.create({ name: `${prefix}-one`, template: 'a' })
    await prompts.create({ name: `${prefix}-other`, template: 'b' })
  })
  await anOldVersion(manager, `${prefix}-old`)
  await everyJoin(host, prefix)
  await everyPurge(manager, prefix)
  await manager.prompts.ensure([{ name: `${prefix}-ensured`, fallback: 'Hello' } as never])
  await manager.refresh('prompt')
  await manager.publishInvalidation('all')
  await manager.health()
  await manager.verify()
  await manager.prune({ before: new Date() })
}

/** One that its document does not list. */
async function anOldVersion(manager: ConfigurationManager, name: string): Promise<void> {
  await manager.transaction(async ({ prompts }) => {
    for (let version = 1; version <= 102; version++)
      await (version === 1 ? prompts.create : prompts.createVersion).call(prompts, { name, template: `${version}` })
  })
  if ((await manager.getPrompt(name, { version: 1 }))?.template !== '1') throw new Error('The first version was not found.')
}

async function everyVerb(
  repository: ConfigurationManager['prompts'],
  name: string,
  content: { template: string; description: string; parameters: { temperature: number } },
): Promise<void> {
  await repository.create({ name, ...content, labels: ['staging'] })
  await repository.createVersion({ name, ...content, labels: ['production', 'staging'], changedBy: 'ada', summary: 'Better' })
  await repository.promote({ name, version: 1, expectedVersion: 2 })
  await repository.rollback({ name })
  await repository.removeLabel({ name, label: 'staging' })
  await repository.deactivate({ name, version: 1 })
  await repository.activate({ name, version: 1 })
  await repository.copy({ name, version: 1, to: { name: `${name}-copy`, project: 'copies' } })
  await repository.copy({ name: `${name}-copy`, project: 'copies' })
}

/** Writes within transactions of the host's: of its Kysely, and of a client that takes a text and values. */
async function everyJoin(host: Kysely<unknown>, prefix: string): Promise<void> {
  await host.transaction().execute(async (transaction) => {
    await new PromptRepository(transaction).createVersion({ name: `${prefix}-one`, template: 'joined' })
  })
  await host.transaction().execute(async (transaction) => {
    const query = (text: string, values: unknown[] = []) => transaction.executeQuery(CompiledQuery.raw(text, values))
    await new PromptRepository({ query }).copy({ name: `${prefix}-one`, to: { name: `${prefix}-joined` } })
    await new ModelConfigRepository({ query }).create({ name: `${prefix}-joined`, provider: 'ollama', model: 'llama3' })
    await new ContextRuleRepository({ query }).create({ context: `${prefix}-joined`, important: 'names' })
  })
}

/** The first of two versions of each kind: the second took its label. */
async function everyPurge(manager: ConfigurationManager, prefix: string): Promise<void> {
  const by = { changedBy: 'ada', summary: 'a key was in it' }
  for (const kind of ['prompt', 'model', 'embedding', 'flag', 'note'] as const) {
    await manager.purge({ kind, name: `${prefix}-${kind}s-copy`, project: 'copies', version: 1, ...by })
  }
  await manager.purge({ kind: 'context_rules', name: `${prefix}-context`, version: 1, ...by })
}

async function everyList(repository: ConfigurationManager['prompts'], name: string): Promise<void> {
  const [first] = await Promise.all([repository.list({ limit: 1 }), repository.find({ name }), repository.find({ name, version: 1 })])
  await repository.list({ limit: 1, ...(first.cursor !== undefined && { cursor: first.cursor }) })
  await repository.list({ search: 'call', activeOnly: false, label: 'production' })
  await repository.list({ label: 'latest', name })
  await repository.count({ search: 'call', activeOnly: false, label: 'production' })
  await repository.count({ name })
  await repository.versions({ name })
  await repository.history({ name })
  await repository.diff({ name, from: 1, to: 2 })
}

async function everyRule({ contextRules }: ConfigurationManager, context: string): Promise<void> {
  await contextRules.create({ context, important: 'names' })
  await contextRules.createVersion({ context, ignore: 'dates' })
  await contextRules.deactivate({ context, version: 2 })
  await contextRules.activate({ context, version: 2 })
  await contextRules.find({ context })
  const first = await contextRules.list({ limit: 1 })
  await contextRules.list({ search: 'call', activeOnly: false, ...(first.cursor !== undefined && { cursor: first.cursor }) })
  await contextRules.count({ context, search: 'call', activeOnly: false })
  await contextRules.history({ context })
}

async function everyRollout(manager: ConfigurationManager, name: string): Promise<void> {
  const { prompts, rollouts } = manager
  await prompts.create({ name, template: 'one', labels: ['production'] })
  await prompts.createVersion({ name, template: 'two' })
  const arms = [
    { version: 1, weight: 50 },
    { version: 2, weight: 50 },
  ]
  const { id } = await rollouts.start({ kind: 'prompt', name, arms, coverage: 100, sticky: true, recordExposures: true })
  await manager.getPrompt(name, { subject: 'ada' })
  await rollouts.ramp(id, { coverage: 50 })
  await rollouts.pause(id)
  await rollouts.resume(id)
  await rollouts.find(id)
  await rollouts.list({ kind: 'prompt', name })
  await rollouts.list()
  await rollouts.conclude(id, { winner: 2 })
}

async function everyRead(manager: ConfigurationManager, name: string): Promise<void> {
  await Promise.all([manager.getFlag('flag', false), manager.of(NOTES).get('note')])
  await Promise.all([manager.getPrompt(name), manager.getModelConfig(), manager.getEmbeddingConfig(), manager.getContextRules()])
  await manager.getPrompt(name, { version: 1 })
  await manager.catchUp()
  await manager.prefetch([{ kind: 'prompt', name }, { kind: 'model', project: 'other' }, { kind: 'context_rules' }])
  const changes = await manager.changelog.list({ limit: 1 })
  await manager.changelog.list({ kind: 'prompt', name, project: 'default', since: new Date(0), changedBy: 'ada' })
  await manager.changelog.list({ limit: 1, ...(changes.cursor !== undefined && { cursor: changes.cursor }) })
}
