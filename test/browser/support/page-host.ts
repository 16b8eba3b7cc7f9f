import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConfigurationManager, createConfigManager } from 'agent-config'
import { type Authenticate, bearerTokens, createConfigHandler, roles, toNodeHandler } from 'agent-config/http'
import { defineLLMClient, LLMRegistry, messageText } from 'agent-config/llm'
import express from 'express'
import { TOKEN } from '../../express-host/start-host.js'
import { createTestDatabase } from '../../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../../support/test-redis.js'
import { addDeclaredKinds } from './declared-kinds.js'
import { asOlderApi } from './older-api.js'

/** A host with the page at `/config/admin/` and the API at `/config/api`, on a database of its own. */
export interface PageHost {
  readonly origin: string
  readonly manager: ConfigurationManager
  /** Calls the API with the token. A version of a name that is not there creates it. */
  call(path: string, body?: object, method?: string): Promise<Record<string, unknown>>
  /** How many event streams are open. */
  streams(): number
  /** Which writes the API was asked for since the last time this was called: method and path of each. */
  writes(): readonly string[]
  /** While away, every call of the API is cut off. */
  goAway(isAway: boolean): void
  close(): Promise<void>
}

export interface PageHostOptions {
  /** The API as it was before: without previews, kinds, flags and the way back. */
  readonly isOld?: boolean
  /** Reads need a token too. */
  readonly isClosed?: boolean
  /** With Redis, which tells a write how many workers serve it. */
  readonly hasRedis?: boolean
  /** Who is signed in to the host itself; asked where a request has no token. */
  readonly session?: Authenticate
}

/** A model that says what it was asked. */
const echo = defineLLMClient({
  provider: 'scripted',
  chat: async ({ messages }) => ({
    text: `Answer to: ${messages.map((message) => messageText(message)).join(' ')}`,
    usage: { inputTokens: 212, outputTokens: 2, totalTokens: 214 },
  }),
})

export async function startPageHost({
  isOld = false,
  isClosed = false,
  hasRedis = false,
  session,
}: PageHostOptions = {}): Promise<PageHost> {
  const database = await createTestDatabase()
  const manager = createConfigManager({
    database: database.url,
    ...(hasRedis ? { redis: testRedisUrl(), namespace: uniqueNamespace() } : { redis: false }),
  })
  await manager.ready()
  const byToken = bearerTokens({ [TOKEN.name]: { token: TOKEN.value, can: roles.admin } })
  const handler = createConfigHandler(manager, {
    authenticate: session ? async (request, context) => (await byToken(request, context)) ?? session(request, context) : byToken,
    anonymousReads: isClosed ? false : 'loopback',
    llm: new LLMRegistry([echo]),
    onError: (error) => console.error(error),
  })
  let streams = 0
  let isAway = false
  let writes: string[] = []

  const app = express()
  app.use('/config/api', (request, response, next) => {
    if (isAway) return void request.socket.destroy()
    const isRead = request.method === 'GET' || request.path.startsWith('/templates') || request.path.endsWith('/preview')
    if (!isRead) writes.push(`${request.method} ${request.path}`)
    if (request.path === '/events') {
      streams++
      response.once('close', () => streams--)
    }
    next()
  })
  if (isOld) asOlderApi(app, '/config/api', handler)
  else addDeclaredKinds(app, '/config/api', handler)
  app.use(toNodeHandler(handler))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    origin,
    manager,
    async call(path, body, method = body ? 'POST' : 'GET') {
      const response = await fetch(`${origin}/config/api${path}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN.value}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(path.endsWith('/versions') ? { create: true, ...body } : body) }),
      })
      const answer = (await response.json()) as Record<string, unknown>
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
      return answer
    },
    streams: () => streams,
    writes() {
      const seen = writes
      writes = []
      return seen
    },
    goAway(next) {
      isAway = next
      if (next) server.closeAllConnections()
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
