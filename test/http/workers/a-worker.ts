import type { ConfigurationManager } from 'agent-config'
import { bearerTokens, type ConfigHandler, createConfigHandler, roles } from 'agent-config/http'
import { TOKEN } from './checks.js'

// What a Worker of Cloudflare's is made of; Bun and Deno take the same.

let handler: ConfigHandler | undefined

/** One for all requests: it is made by the first, since nothing may wait or be random before it. */
export default {
  fetch(request: Request): Promise<Response> {
    handler ??= createConfigHandler(withoutDatabase(), { authenticate: bearerTokens({ ada: { token: TOKEN, can: roles.admin } }) })
    return handler(request)
  },
}

/** A manager whose store is empty. */
function withoutDatabase(): ConfigurationManager {
  const repository = new Proxy({}, { get: () => async () => ({ items: [] }) })
  const manager = {
    project: 'default',
    label: 'production',
    prompts: repository,
    models: repository,
    embeddings: repository,
    flags: repository,
    contextRules: repository,
    rollouts: repository,
    changelog: repository,
    kinds: [],
    on: () => manager,
    off: () => manager,
    of: () => repository,
    stats: () => ({ revision: 0, lag: 0 }),
    catchUp: async () => {},
    getPrompt: async () => undefined,
  }
  return manager as unknown as ConfigurationManager
}
