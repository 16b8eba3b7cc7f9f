import { serve } from '@hono/node-server'
import { createConfigManager } from 'agent-config'
import { bearerTokens, createConfigHandler, gracefulShutdown, roles } from 'agent-config/http'
import { Hono } from 'hono'

// The API and the admin page in a Hono app, also on Bun and Deno: a handler of the Fetch standard is all they need.
//   ADA_TOKEN=$(openssl rand -hex 32) npx tsx examples/hono.ts

const manager = createConfigManager({
  database: process.env.DATABASE_URL ?? 'pglite:memory',
  redis: process.env.REDIS_URL ?? false,
  autoMigrate: true,
})
const handler = createConfigHandler(manager, {
  authenticate: bearerTokens({ ada: { token: process.env.ADA_TOKEN, can: roles.admin } }),
  onError: (error) => console.error(error),
})

const app = new Hono()
app.get('/', async (context) => context.text((await manager.getPrompt('greeting'))?.name ?? 'no greeting yet'))
app.all('/config', (context) => handler(context.req.raw))
app.all('/config/*', (context) => handler(context.req.raw))

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8000) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}/config/admin/`)
})
gracefulShutdown(server, { preClose: () => handler.close(), onClose: () => manager.shutdown(), signals: ['SIGTERM'] })
