import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createConfigManager } from 'agent-config'
import { bearerTokens, createConfigHandler, roles } from 'agent-config/http'
import { LLMRegistry } from 'agent-config/llm'
import { createApp } from '../../examples/express-host/create-app.js'
import { scriptedLLM } from '../../examples/express-host/sample/scripted-llm.js'
import { serveRequests } from '../support/serve-requests.js'

// A host in a process of its own, as a worker behind a load balancer: it hears of changes over Redis alone.

const [database, redis, namespace, token] = process.argv.slice(2) as [string, string, string, string]
const manager = createConfigManager({ database, redis, namespace, listen: false, pollIntervalMs: 600_000 })
await manager.ready()
const authenticate = bearerTokens({ ada: { token, can: roles.admin } })
const report = (error: unknown) => console.error(error)
const handler = createConfigHandler(manager, { authenticate, anonymousReads: 'loopback', onError: report })
const app = createApp({ manager, handler, llm: new LLMRegistry([scriptedLLM]), authenticate, report })
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

const handlers = {
  origin: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  stop: async () => {
    handler.close()
    server.closeAllConnections()
    server.close()
    await manager.shutdown()
  },
}
export type HostHandlers = typeof handlers

serveRequests(handlers)
