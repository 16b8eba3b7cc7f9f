import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConfigManagerOptions, type ConfigurationManager, createConfigManager } from 'agent-config'
import { bearerTokens, type ConfigHandlerOptions, createConfigHandler, roles } from 'agent-config/http'
import { type LLMClient, LLMRegistry } from 'agent-config/llm'
import { createApp } from '../../examples/express-host/create-app.js'
import { scriptedLLM } from '../../examples/express-host/sample/scripted-llm.js'
import { holdAgainstSchema } from '../http/hold-against-schema.js'
import { createTestDatabase } from '../support/test-database.js'

export const TOKEN = { name: 'ada', value: 'ada:0123456789abcdef0123456789abcdef' }

export interface HostOptions {
  readonly manager?: ConfigManagerOptions
  readonly handler?: ConfigHandlerOptions
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
  const reported: unknown[] = []
  const report = (error: unknown) => void reported.push(error)
  const llm = new LLMRegistry(options.llm ?? [scriptedLLM])
  const handler = createConfigHandler(manager, {
    authenticate: bearerTokens({ [TOKEN.name]: { token: TOKEN.value, can: roles.admin } }),
    anonymousReads: 'loopback',
    llm,
    onError: report,
    ...options.handler,
  })
  const authenticate = bearerTokens({ [TOKEN.name]: TOKEN.value })
  const server = createApp({ manager, handler, llm, authenticate, report }).listen(0, '127.0.0.1')
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
      const text = await response.text()
      const reply = { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
      holdAgainstSchema(method, path, reply)
      return reply
    },
    async close() {
      handler.close()
      server.closeAllConnections()
      server.close()
      await manager.shutdown()
      await database.drop()
    },
  }
}
