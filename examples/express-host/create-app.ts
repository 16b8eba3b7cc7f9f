import { type ConfigurationManager, isConfigError, type RunEvent } from 'agent-config'
import { type Authenticate, type ConfigHandler, toNodeHandler } from 'agent-config/http'
import type { LLMRegistry } from 'agent-config/llm'
import express, { type ErrorRequestHandler, type Express } from 'express'
import * as v from 'valibot'
import { ParametersAgent } from './parameters-agent.js'

export interface AppParts {
  readonly manager: ConfigurationManager
  readonly handler: ConfigHandler
  readonly llm: LLMRegistry
  readonly authenticate: Authenticate | undefined
  /** Called with unexpected errors. */
  readonly report: (error: unknown) => void
}

const text = (longest: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(longest))
const Question = v.strictObject({ text: text(20_000), subject: v.exactOptional(text(255)) })

/** The service: an agent of its own, and everything of agent-config in one line. */
export function createApp({ manager, handler, llm, authenticate, report }: AppParts): Express {
  const app = express().disable('x-powered-by')
  // The addresses of version 0.1, and where orchestrators look for health.
  app.use((request, _response, next) => {
    request.url = request.url.replace(/^\/api\/config(?=\/)/, '/config/api').replace(/^\/(healthz|readyz)$/, '/config/api/$1')
    next()
  })
  app.post(['/agents/parameters', '/config/api/agents/parameters'], express.json(), async (request, response) => {
    const headers = { authorization: request.headers.authorization ?? '' }
    const actor = await authenticate?.(new Request('http://localhost', { headers }), { incoming: request })
    if (!actor) return void response.status(401).json({ code: 'E_UNAUTHENTICATED' })
    const { text, ...options } = v.parse(Question, request.body)
    const agent = new ParametersAgent({ manager, llm })
    let run: RunEvent | undefined
    agent.on('run', (event) => {
      run = event
    })
    const parameters = await agent.execute(text, options)
    // The versions of prompt and model that gave the answer.
    response.json({ parameters, run_id: run?.runId, prompt: run?.prompt, model: run?.model, duration_ms: run?.durationMs })
  })
  app.use(toNodeHandler(handler))
  app.get(['/', '/admin'], (_request, response) => response.redirect('/config/admin/'))

  const failed: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.headersSent) return next(error)
    const { code, message: detail, reason, status = 500 } = error as Error & { code?: string; reason?: string; status?: number }
    if (isConfigError(error, 'E_LLM')) return void response.status(502).json({ code, detail, reason })
    // The schema's refusal, and that of Express's own body parser.
    if (v.isValiError(error) || status < 500) return void response.status(400).json({ code: 'E_INVALID_ARGUMENT', detail })
    report(error)
    response.status(500).json({ code: 'E_INTERNAL' })
  }
  return app.use(failed)
}
