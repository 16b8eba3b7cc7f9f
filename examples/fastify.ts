import middie from '@fastify/middie'
import { createConfigManager } from 'agent-config'
import { bearerTokens, createConfigHandler, roles, toNodeHandler } from 'agent-config/http'
import Fastify from 'fastify'

// The API and the admin page in a Fastify app. Its routes, hooks and parsers stay as they are.
//   ADA_TOKEN=$(openssl rand -hex 32) npx tsx examples/fastify.ts

const manager = createConfigManager({
  database: process.env.DATABASE_URL ?? 'pglite:memory',
  redis: process.env.REDIS_URL ?? false,
  autoMigrate: true,
})
const handler = createConfigHandler(manager, {
  authenticate: bearerTokens({ ada: { token: process.env.ADA_TOKEN, can: roles.admin } }),
  onError: (error) => console.error(error),
})

const app = Fastify()
await app.register(middie)
app.use(toNodeHandler(handler))
app.get('/', async () => (await manager.getPrompt('greeting'))?.name ?? 'no greeting yet')
app.addHook('preClose', async () => handler.close())
app.addHook('onClose', () => manager.shutdown())

console.log(`${await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 8000) })}/config/admin/`)
process.once('SIGTERM', () => void app.close())
