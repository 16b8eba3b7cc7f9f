import { isConfigError, type Prompt, renderTemplate } from 'agent-config'
import * as answers from './answers.js'
import { cacheStats } from './cache-stats.js'
import { Answer, type Endpoint, endpoint } from './endpoint.js'
import { AgentBody, ChangelogQuery, CheckBody, RefreshBody } from './schemas.js'
import { fromWire, toWire, toWirePage } from './wire.js'

/** Everything that is not about one kind of configuration. */
export const OPERATIONS: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/changelog',
    summary: 'Who changed what, when and why; newest first',
    access: 'read',
    query: ChangelogQuery,
    answer: answers.pageOf(answers.ConfigChange),
    handle: async ({ query }, { manager }) => toWirePage(await manager.changelog.list(fromWire(query))),
  }),
  endpoint({
    method: 'post',
    path: '/cache/refresh',
    summary: 'Makes every worker load a kind of configuration anew',
    access: 'write',
    body: RefreshBody,
    answer: answers.Refreshed,
    handle: async ({ body }, { manager }) => {
      await manager.refresh(body.config_type)
      return { status: 'refreshed', type: body.config_type }
    },
  }),
  endpoint({
    method: 'get',
    path: '/cache/stats',
    summary: 'How the caches of the answering worker do',
    access: 'read',
    answer: answers.CacheStats,
    handle: async (_call, { manager, redis }) => cacheStats(manager.stats(), redis),
  }),
  endpoint({
    method: 'post',
    path: '/templates/check',
    summary: 'The variables of a template, or where it does not parse; nothing is written',
    access: 'read',
    body: CheckBody,
    answer: answers.Checked,
    problems: [422],
    handle: async ({ body }) => ({ variables: variablesOf(body.template, body.template_format) }),
  }),
  endpoint({
    method: 'post',
    path: '/agents/parameters',
    summary: 'Extracts parameters from a text, by the prompt "parameter_extraction" and the model "default"',
    access: 'write',
    body: AgentBody,
    answer: answers.AgentAnswer,
    problems: [502],
    handle: async ({ body }, { agents }) => agents.extractParameters(body.text, body.subject),
  }),
  endpoint({
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process runs',
    access: 'open',
    answer: answers.Alive,
    handle: async () => ({ status: 'ok' }),
  }),
  endpoint({
    method: 'get',
    path: '/readyz',
    summary: 'Whether the process can do its work: 200 or 503',
    access: 'open',
    answer: answers.Health,
    handle: async (_call, { manager }) => {
      // Why it cannot is not for everybody who may ask: the message names hosts and roles.
      const { error: _, ...health } = await manager.health()
      return new Answer(health.ok ? 200 : 503, toWire(health))
    },
  }),
]

/** Rendering with no values names what is missing: the variables. Parts of a chat are looked at one by one. */
function variablesOf(
  template: string | readonly ({ content: string } | { placeholder: string })[],
  format: Prompt['templateFormat'] = 'f-string',
) {
  const parts = typeof template === 'string' ? [{ content: template }] : template
  return [...new Set(parts.flatMap((part) => ('content' in part ? variablesOfText(part.content, format) : [part.placeholder])))]
}

function variablesOfText(text: string, format: Prompt['templateFormat']): readonly string[] {
  try {
    renderTemplate(text, {}, { format })
    return []
  } catch (error) {
    if (isConfigError(error, 'E_TEMPLATE_VARIABLE') && 'variables' in error) return error.variables as readonly string[]
    throw error
  }
}
