import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConfigManagerOptions, type ConfigurationManager, createConfigManager } from 'agent-config'
import type { LLMClient } from 'agent-config/llm'
import * as v from 'valibot'
import type { RedisStatistics } from '../../examples/express-host/api/endpoint.js'
import { ENDPOINTS } from '../../examples/express-host/api/router.js'
import { createApp } from '../../examples/express-host/create-app.js'
import type { AdminToken } from '../../examples/express-host/environment.js'
import { agentService } from '../../examples/express-host/parameters-agent.js'
import { scriptedLLM } from '../../examples/express-host/scripted-llm.js'
import { createTestDatabase } from '../support/test-database.js'

export const TOKEN: AdminToken = { name: 'ada', value: 'ada:0123456789abcdef0123456789abcdef' }

export interface HostOptions {
  readonly manager?: ConfigManagerOptions
  readonly tokens?: readonly AdminToken[]
  readonly isProduction?: boolean
  readonly host?: string
  readonly redis?: RedisStatistics
  readonly llm?: readonly LLMClient[]
}

/** What an answer was. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what is in it is what the tests look at
  readonly body: any
}

/** The host in this process, on a database of its own. */
export interface Host {
  readonly origin: string
  readonly manager: ConfigurationManager
  /** What the host reported as unforeseen. */
  readonly reported: readonly unknown[]
  /** Calls the API with the token, and holds the answer against its schema. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  close(): Promise<void>
}

export async function startHost(options: HostOptions = {}): Promise<Host> {
  const database = await createTestDatabase()
  const manager = createConfigManager({ database: database.url, redis: false, ...options.manager })
  await manager.ready()
  const { tokens = [TOKEN], isProduction = false, host = '127.0.0.1', redis, llm = [scriptedLLM] } = options
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  const app = createApp({ manager, agents: agentService(manager, llm), tokens, isProduction, host, redis, report })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    origin,
    manager,
    reported,
    async call(method, path, body, headers = { authorization: `Bearer ${TOKEN.value}` }) {
      const response = await fetch(`${origin}/api/config${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const reply = { status: response.status, headers: response.headers, body: await response.json() }
      holdAgainstSchema(method, path, reply)
      return reply
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await manager.shutdown()
      await database.drop()
    },
  }
}

/** The document would lie if an answer had more, less or other fields than it says. */
function holdAgainstSchema(method: string, path: string, { status, body }: Reply): void {
  const endpoint = ENDPOINTS.find((candidate) => candidate.method === method.toLowerCase() && matches(candidate.path, path))
  if (!endpoint || status >= 400) return
  if (status !== (endpoint.status ?? 200)) throw new Error(`${method} ${path} answers with ${status}, not ${endpoint.status ?? 200}.`)
  const { issues } = v.safeParse(endpoint.answer, body)
  if (issues) throw new Error(`${method} ${path}: ${issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`).join('; ')}`)
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path.split('?')[0]!)
}
