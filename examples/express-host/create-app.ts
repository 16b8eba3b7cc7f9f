import { isConfigError } from 'agent-config'
import { type Authenticate, type ConfigHandler, toNodeHandler } from 'agent-config/http'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import * as v from 'valibot'
import type { AgentService } from './parameters-agent.js'

export interface AppOptions {
  readonly handler: ConfigHandler
  readonly agents: AgentService
  readonly authenticate: Authenticate | undefined
  /** Is told about errors that nobody foresaw. */
  readonly report: (error: unknown) => void
}

const Question = v.strictObject({
  text: v.pipe(v.string(), v.minLength(1), v.maxLength(20_000)),
  subject: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
})

/** The service: an agent of its own, and everything of agent-config in one line. */
export function createApp({ handler, agents, authenticate, report }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(firstAddresses)
  app.post(['/agents/parameters', '/config/api/agents/parameters'], express.json(), async (request, response) => {
    const { authorization = '' } = request.headers
    const actor = await authenticate?.(new Request('http://localhost', { headers: { authorization } }), { incoming: request })
    if (!actor) return void response.status(401).json({ code: 'E_UNAUTHENTICATED' })
    const { success, output } = v.safeParse(Question, request.body)
    if (!success) return void response.status(400).json({ code: 'E_INVALID_ARGUMENT' })
    response.json(await agents.extractParameters(output.text, output.subject))
  })
  app.use(toNodeHandler(handler))
  app.get(['/', '/admin'], (_request, response) => response.redirect('/config/admin/'))

  const failed: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    if (isConfigError(error, 'E_LLM')) {
      return void response.status(502).json({ code: error.code, detail: error.message, reason: (error as { reason?: string }).reason })
    }
    report(error)
    response.status(500).json({ code: 'E_INTERNAL' })
  }
  app.use(failed)
  return app
}

/** The addresses of version 0.1, and where orchestrators look for health. */
const firstAddresses: RequestHandler = (request, _response, next) => {
  request.url = request.url.replace(/^\/api\/config(?=\/)/, '/config/api').replace(/^\/(healthz|readyz)$/, '/config/api/$1')
  next()
}
