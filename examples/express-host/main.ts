import cluster from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createConfigManager } from 'agent-config'
import { bearerTokens, createConfigHandler, gracefulShutdown, roles } from 'agent-config/http'
import { LLMRegistry, OllamaClient } from 'agent-config/llm'
import { Redis } from 'ioredis'
import { createApp } from './create-app.js'
import { type Environment, readEnvironment } from './environment.js'
import { writeSampleData } from './sample/data.js'
import { scriptedLLM } from './sample/scripted-llm.js'

// npm run example            on this machine alone: embedded database, sample data, a token made up for this start
// node … main.ts             as the environment says; with --sample-data, an empty database gets some

const isDemo = process.argv.includes('--demo')
try {
  const environment = readEnvironment(process.env, isDemo)
  if (environment.workers > 1 && cluster.isPrimary) await startWorkers(environment)
  else await serve(environment)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

/** One process that answers requests. */
async function serve(environment: Environment): Promise<void> {
  const { host, isLocal, port, tokens, redis, ollama } = environment
  const admins = Object.entries(tokens).map(([name, token]) => [name, { token, can: roles.admin }])
  const authenticate = admins.length > 0 ? bearerTokens(Object.fromEntries(admins)) : undefined
  const manager = await openManager(environment)
  const llm = new LLMRegistry([scriptedLLM, new OllamaClient(ollama && { baseUrl: ollama.baseUrl })])
  // For the Redis figures of the page. Its commands fail at once when Redis is away, so that the page never waits for them.
  const figures = redis ? new Redis(redis, { commandTimeout: 500, enableOfflineQueue: false, maxRetriesPerRequest: 0 }) : undefined
  figures?.on('error', () => {})
  const anonymousReads = isLocal && 'loopback'
  const handler = createConfigHandler(manager, { authenticate, anonymousReads, llm, redisStatistics: figures, onError: console.error })
  const server = createApp({ manager, handler, llm, authenticate, report: console.error }).listen(port, host)
  gracefulShutdown(server, {
    preClose: () => handler.close(),
    onClose: async ({ cutRequests }) => {
      if (cutRequests > 0) console.error(`${cutRequests} requests were cut off.`)
      figures?.disconnect()
      await manager.shutdown()
      cluster.worker?.disconnect()
    },
    signals: ['SIGINT', 'SIGTERM'],
  })
  await once(server, 'listening')
  if (!cluster.isWorker) announce(environment, (server.address() as AddressInfo).port)
}

/** Processes that share the port. The first one prepares the database, and replaces a worker that dies. */
async function startWorkers(environment: Environment): Promise<void> {
  await (await openManager(environment)).shutdown()
  // A token that was made up for this start is the same in every worker.
  const start = () => cluster.fork({ CONFIG_ADMIN_TOKEN: Object.values(environment.tokens).join(',') })
  const workers = Array.from({ length: environment.workers }, start)
  await Promise.all(workers.map((worker) => once(worker, 'listening')))
  cluster.on('exit', start)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      cluster.off('exit', start)
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
    })
  }
  announce(environment, environment.port)
}

async function openManager({ database, redis, ollama }: Environment) {
  // A service that migrates when it is deployed leaves autoMigrate out.
  const manager = createConfigManager({ database, redis: redis ?? false, autoMigrate: true })
  manager.on('error', ({ error, message }) => console.error(message, error))
  await manager.ready()
  if ((isDemo || process.argv.includes('--sample-data')) && !cluster.isWorker) await writeSampleData(manager, ollama?.model)
  return manager
}

function announce({ host, tokens, workers, database }: Environment, port: number): void {
  const origin = `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? 'localhost' : host}:${port}`
  // The token is in the fragment of the address, which browsers do not send to a server.
  console.log(`Admin page  ${origin}/config/admin/${isDemo && !process.env.CONFIG_ADMIN_TOKEN ? `#token=${tokens.demo}` : ''}`)
  console.log(`API         ${origin}/config/api/openapi.json`)
  console.log(`${workers} worker${workers === 1 ? '' : 's'}, ${database.startsWith('pglite:') ? 'embedded database' : 'PostgreSQL'}`)
  if (Object.keys(tokens).length === 0) console.log('Reads only: CONFIG_ADMIN_TOKEN is not set.')
}
