import cluster from 'node:cluster'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createConfigManager } from 'agent-config'
import { OllamaClient } from 'agent-config/llm'
import { Redis } from 'ioredis'
import { createApp } from './create-app.js'
import { type Environment, readEnvironment } from './environment.js'
import { agentService } from './parameters-agent.js'
import { writeSampleData } from './sample-data.js'
import { scriptedLLM } from './scripted-llm.js'

// npm run example            on this machine alone: embedded database, sample data, a token made up for this start
// node … main.ts             as the environment says

const isDemo = process.argv.includes('--demo')
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
  const { host, port, tokens, ollamaHost } = environment
  const manager = openManager(environment)
  manager.on('error', ({ error, message }) => console.error(message, error))
  await manager.ready()
  if (isDemo && !cluster.isWorker) await writeSampleData(manager, { hasOllama: ollamaHost !== undefined })

  const redis = environment.redis === undefined ? undefined : statisticsClient(environment.redis)
  const agents = agentService(manager, [scriptedLLM, new OllamaClient(ollamaHost === undefined ? {} : { baseUrl: ollamaHost })])
  const app = createApp({ ...environment, manager, agents, redis, report: (error) => console.error(error) })
  const server = app.listen(port, host)
  await once(server, 'listening')
  if (!cluster.isWorker) announce(environment, (server.address() as AddressInfo).port)

  const stop = async () => {
    server.close()
    server.closeAllConnections()
    redis?.disconnect()
    await manager.shutdown()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
  if (cluster.isWorker) process.once('disconnect', () => void stop())
  if (tokens.length === 0 && !cluster.isWorker) console.log('Reads only: CONFIG_ADMIN_TOKEN is not set.')
}

/** Processes that share the port. The first one only prepares the database, and replaces a worker that dies. */
async function runWorkers(environment: Environment): Promise<void> {
  const manager = openManager(environment)
  await manager.ready()
  if (isDemo) await writeSampleData(manager, { hasOllama: environment.ollamaHost !== undefined })
  await manager.shutdown()

  const CONFIG_ADMIN_TOKEN = environment.tokens.map((token) => token.value).join(',')
  let isStopping = false
  const start = () => cluster.fork({ CONFIG_ADMIN_TOKEN })
  const workers = Array.from({ length: environment.workers }, start)
  await Promise.all(workers.map((worker) => once(worker, 'listening')))
  cluster.on('exit', () => {
    if (!isStopping) start()
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isStopping = true
      cluster.disconnect(() => process.exit(0))
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
  const fragment = isDemo && !process.env.CONFIG_ADMIN_TOKEN && tokens[0] ? `#token=${tokens[0].value}` : ''
  console.log(`Admin page  ${origin}/admin/${fragment}`)
  console.log(`API         ${origin}/api/config/openapi.json`)
  console.log(
    `${workers} worker${workers === 1 ? '' : 's'}, ${database.startsWith('pglite:') ? `embedded database (${database})` : 'PostgreSQL'}`,
  )
}
