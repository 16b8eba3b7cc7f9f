import type { ConfigurationManager } from 'agent-config'
import { FALLBACK_PROMPT } from '../parameters-agent.js'

/** Writes the sample data of the demo, unless the database has prompts already. */
export async function writeSampleData(manager: ConfigurationManager, ollamaModel: string | undefined): Promise<void> {
  if ((await manager.prompts.list({ limit: 1 })).items.length > 0) return
  const work = manager.transaction(
    async ({ prompts, models, embeddings, contextRules }) => {
      const name = 'parameter_extraction'
      await prompts.create({
        name,
        template: FALLBACK_PROMPT,
        labels: ['production'],
        description: 'What to search for, from a question',
        summary: 'As it was in code',
      })
      const stricter = FALLBACK_PROMPT.replace('strict', 'very strict').concat('\nUse null for what the text does not say.')
      await prompts.createVersion({ name, template: stricter, summary: 'Say null instead of guessing' })
      await prompts.createVersion({
        name,
        template: `${stricter}\nNever explain.`,
        labels: ['staging', 'experiment'],
        summary: 'JSON and nothing else',
      })
      await prompts.create({
        name: 'triage',
        template: [
          { role: 'system', content: 'You sort tickets of {product}. Answer in one word.' },
          { placeholder: 'history', optional: true },
          { role: 'user', content: '{ticket}' },
        ],
        labels: ['production', 'staging'],
      })
      await prompts.create({
        name: 'greeting',
        template: 'Hello {{name}}, here is {{#urgent}}urgent {{/urgent}}news.',
        templateFormat: 'mustache',
        labels: ['production'],
      })

      const [provider, model] = ollamaModel === undefined ? ['scripted', 'rules'] : ['ollama', ollamaModel]
      await models.create({
        name: 'default',
        provider: provider as string,
        model: model as string,
        parameters: { temperature: 0.1 },
        labels: ['production'],
      })
      await models.createVersion({
        name: 'default',
        provider: provider as string,
        model: model as string,
        parameters: { temperature: 0.4 },
      })
      await embeddings.create({ name: 'default', embeddingModel: 'nomic-embed-text' })
      await contextRules.create({ context: 'payments', important: 'status, amount, merchant', ignore: 'heartbeat lines' })
    },
    { changedBy: 'sample data' },
  )
  await work
}
