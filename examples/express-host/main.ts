import cluster from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createConfigManager } from 'agent-config'
import { bearerTokens, createConfigHandler, roles } from 'agent-config/http'
import { LLMRegistry, OllamaClient } from 'agent-config/llm'
import { Redis } from 'ioredis'
import { createApp } from './create-app.js'
import { type Environment, isLoopback, readEnvironment } from './environment.js'
import { agentService } from './parameters-agent.js'
import { writeSampleData } from './sample-data.js'
import { scriptedLLM } from './scripted-llm.js'
import { stopGracefully } from './stop-gracefully.js'

// npm run example            on this machine alone: embedded database, sample data, a token made up for this start
// node … main.ts             as the environment says; with --sample-data, an empty database gets some

const isDemo = process.argv.includes('--demo')
const hasSampleData = isDemo || process.argv.includes('--sample-data')
try {
  const environment = readEnvironment(process.env, { demo: isDemo })
  if (environment.workers > 1 && cluster.isPrimary) await runWorkers(environment)
  else await serve(environment)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

/** One process that answers requests. */
async function serve(environment: Environment): Promise<void> {
  const { host, port, tokens, redis, ollamaHost } = environment
  const bearers = Object.entries(tokens).map(([name, token]) => [name, { token, can: roles.admin }])
  const authenticate = bearers.length > 0 ? bearerTokens(Object.fromEntries(bearers)) : undefined
  const manager = openManager(environment)
  const report = (error: unknown) => console.error(error)
  manager.on('error', ({ error, message }) => console.error(message, error))
  await manager.ready()
  if (hasSampleData && !cluster.isWorker) await writeSampleData(manager, { hasOllama: ollamaHost !== undefined })

  const statistics = redis === undefined ? undefined : statisticsClient(redis)
  const llm = new LLMRegistry([scriptedLLM, new OllamaClient(ollamaHost === undefined ? {} : { baseUrl: ollamaHost })])
  const handler = createConfigHandler(manager, {
    ...(authenticate && { authenticate }),
    ...(isLoopback(host) && { anonymousReads: 'loopback' }),
    ...(statistics && { redisStatistics: statistics }),
    llm,
    onError: report,
  })
  const server = createApp({ handler, agents: agentService(manager, llm), authenticate, report }).listen(port, host)
  await once(server, 'listening')
  if (!cluster.isWorker) announce(environment, (server.address() as AddressInfo).port)
  stopGracefully(server, handler, async () => {
    statistics?.disconnect()
    await manager.shutdown()
  })
}

/** Processes that share the port. The first one only prepares the database, and replaces a worker that dies. */
async function runWorkers(environment: Environment): Promise<void> {
  const manager = openManager(environment)
  await manager.ready()
  if (hasSampleData) await writeSampleData(manager, { hasOllama: environment.ollamaHost !== undefined })
  await manager.shutdown()

  const CONFIG_ADMIN_TOKEN = Object.values(environment.tokens).join(',')
  let isStopping = false
  const start = () => cluster.fork({ CONFIG_ADMIN_TOKEN })
  const workers = Array.from({ length: environment.workers }, start)
  await Promise.all(workers.map((worker) => once(worker, 'listening')))
  cluster.on('exit', () => {
    if (!isStopping) start()
    else if (Object.keys(cluster.workers ?? {}).length === 0) process.exit(0)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isStopping = true
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
    })
  }
  announce(environment, environment.port)
}

function openManager({ database, redis }: Environment) {
  // A service that migrates when it is deployed leaves autoMigrate out.
  return createConfigManager({ database, redis: redis ?? false, autoMigrate: true })
}

/** Figures are not worth waiting for: a Redis that is away is not asked. */
function statisticsClient(url: string): Redis {
  const client = new Redis(url, { commandTimeout: 500, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  return client
}

function announce({ host, tokens, workers, database }: Environment, port: number): void {
  const origin = `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? 'localhost' : host}:${port}`
  // In the fragment, which browsers keep to themselves.
  const fragment = isDemo && !process.env.CONFIG_ADMIN_TOKEN ? `#token=${tokens.demo}` : ''
  console.log(`Admin page  ${origin}/config/admin/${fragment}`)
  console.log(`API         ${origin}/config/api/openapi.json`)
  console.log(
    `${workers} worker${workers === 1 ? '' : 's'}, ${database.startsWith('pglite:') ? `embedded database (${database})` : 'PostgreSQL'}`,
  )
  if (Object.keys(tokens).length === 0) console.log('Reads only: CONFIG_ADMIN_TOKEN is not set.')
}
