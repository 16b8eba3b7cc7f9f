import type { PageHost } from './page-host.js'

const TRIAGE = (ask: string) => [
  { role: 'system', content: `You sort tickets of {{product}}. ${ask}\nAnswer with one word: billing, shipping or other.` },
  { placeholder: 'history', optional: true },
  { role: 'user', content: '{{ticket}}' },
]

/** A host as a team would have it after some weeks: chat and text prompts, a rollout that runs, models, flags. */
export async function fill({ call }: PageHost): Promise<void> {
  const triage = (ask: string, summary: string, more: object = {}) =>
    call('/prompts/triage/versions', {
      template: TRIAGE(ask),
      template_format: 'mustache',
      description: 'Sorts an incoming ticket and decides who answers it.',
      labels: [],
      summary,
      ...more,
    })
  await call('/prompts/triage/versions', { template: 'You sort tickets.', labels: ['production'], summary: 'As it was in code' })
  await triage('Be friendly.', 'First few-shot examples')
  await triage('The queue is called BACKLOG-7.', 'Leaked the internal name of the queue')
  await triage('', 'Tone: friendly, not chatty')
  await triage('Shops open at 9.', 'Mention opening hours')
  await triage('Keep it short.', 'Shorter answers', { labels: ['production'] })
  await triage('Ask for the order number first.', 'Ask for the order number first', { labels: ['staging'] })
  await call('/prompts/triage?version=3', undefined, 'DELETE')
  await call('/rollouts', {
    kind: 'prompt',
    name: 'triage',
    arms: [
      { version: 6, weight: 1 },
      { version: 7, weight: 1 },
    ],
    coverage: 10,
  })
  await call('/prompts', {
    name: 'parameter_extraction',
    template: 'You are a strict parameter extractor. Answer with JSON: {{"time_frame": …}}\nAllowed: {allowed_query_keys}',
    labels: ['production'],
    description: 'What to search for, from a question',
    summary: 'As it was in code',
    parameters: { temperature: 0 },
  })
  await call('/prompts/parameter_extraction/versions', {
    template:
      'You are a very strict parameter extractor. Answer with JSON: {{"time_frame": …}}\nAllowed: {allowed_query_keys}\nUse null for what the text does not say.',
    labels: ['staging'],
    summary: 'Say null instead of guessing',
  })
  await call('/prompts', { name: 'greeting', template: 'Hello {name}, good to see you.', labels: ['production'] })
  await call('/models', {
    name: 'default',
    provider: 'ollama',
    model_name: 'qwen3:14b',
    parameters: { temperature: 0.1 },
    labels: ['production'],
  })
  await call('/models/default/versions', { provider: 'ollama', model_name: 'qwen3:32b', parameters: { temperature: 0.4 } })
  await call('/embeddings', { name: 'default', embedding_model: 'nomic-embed-text' })
  await call('/context-rules', { name: 'payments', important: 'status, amount, merchant', ignore: 'heartbeat lines' })
}

/** What only the newer API has. */
export async function fillLater({ call }: PageHost): Promise<void> {
  await call('/flags', { name: 'new-checkout', value: false, description: 'Checkout v2', labels: ['production'] })
  await call('/flags/new-checkout/versions', { value: true, description: 'Checkout v2' })
  const content = { description: 'Finds orders', mode: 'auto', timeout_seconds: 30, is_cached: true, input_schema: { type: 'object' } }
  await call('/tools', { name: 'search', content, labels: ['production'] })
  await call('/policies', { name: 'refunds', content: { limit: 100 }, labels: ['production'] })
}
