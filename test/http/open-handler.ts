import { type ConfigManagerOptions, type ConfigurationManager, createConfigManager } from 'agent-config'
import { bearerTokens, type ConfigHandler, type ConfigHandlerOptions, createConfigHandler, roles } from 'agent-config/http'
import { createTestDatabase } from '../support/test-database.js'
import { holdAgainstSchema } from './hold-against-schema.js'

export const TOKENS = {
  ada: 'ada-0123456789abcdef0123456789abcdef',
  eve: 'eve-0123456789abcdef0123456789abcdef',
  vic: 'vic-0123456789abcdef0123456789abcdef',
} as const

/** Headers of an admin, of an editor of `staging`, and of somebody who only reads. */
export const ADMIN = bearing(TOKENS.ada)
export const EDITOR = bearing(TOKENS.eve)
export const VIEWER = bearing(TOKENS.vic)

/** What an answer was. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: what is in it is what the tests look at
  readonly body: any
}

/** A handler on a database of its own, asked with `Request` and answering with `Response`: no server. */
export interface OpenHandler {
  readonly handler: ConfigHandler
  readonly manager: ConfigurationManager
  readonly databaseUrl: string
  /** What was reported as unforeseen. */
  readonly reported: readonly unknown[]
  /** Asks the API as the admin, and holds the answer against its schema. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  close(): Promise<void>
}

export async function openHandler(options: ConfigHandlerOptions = {}, managerOptions: ConfigManagerOptions = {}): Promise<OpenHandler> {
  const database = await createTestDatabase()
  const manager = createConfigManager({ database: database.url, redis: false, ...managerOptions })
  await manager.ready()
  const reported: unknown[] = []
  const handler = createConfigHandler(manager, {
    authenticate: bearerTokens({
      ada: { token: TOKENS.ada, can: roles.admin },
      eve: { token: TOKENS.eve, can: roles.editor({ labels: ['staging'] }) },
      vic: TOKENS.vic,
    }),
    onError: (error) => void reported.push(error),
    ...options,
  })
  return {
    handler,
    manager,
    databaseUrl: database.url,
    reported,
    async ask(method, path, body, headers = ADMIN) {
      const response = await handler(
        new Request(`http://host${handler.basePath}/api${path}`, {
          method,
          headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json', ...headers }) },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      )
      const text = await response.text()
      const reply = { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
      holdAgainstSchema(method, path, reply)
      return reply
    },
    async close() {
      handler.close()
      await manager.shutdown()
      await database.drop()
    },
  }
}

/** Another worker on a database that is there: a manager and a handler of its own. */
export interface OpenWorker {
  readonly handler: ConfigHandler
  close(): Promise<void>
}

export async function openWorker(databaseUrl: string): Promise<OpenWorker> {
  const manager = createConfigManager({ database: databaseUrl, redis: false })
  await manager.ready()
  const handler = createConfigHandler(manager, { authenticate: bearerTokens({ ada: { token: TOKENS.ada, can: roles.admin } }) })
  return {
    handler,
    async close() {
      handler.close()
      await manager.shutdown()
    },
  }
}

function bearing(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}
