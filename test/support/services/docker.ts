import { existsSync } from 'node:fs'
import { type RequestOptions, request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Unavailable } from './attempts.js'
import { freePort } from './free-port.js'
import { askPostgres, type PostgresOptions, settingArguments } from './postgres-server.js'
import { askRedis, type RedisOptions } from './redis-server.js'
import type { Server } from './server.js'

const POSTGRES_IMAGE = 'postgres:17-alpine'
const REDIS_IMAGE = 'redis:7-alpine'

/**
 * PostgreSQL in a container of the engine that answers.
 *
 * @throws {Unavailable} when no container engine answers
 */
export async function startPostgresContainer(options: PostgresOptions = {}): Promise<Server> {
  const engine = await findEngine()
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const port = await freePort()
  const container = await new PostgreSqlContainer(POSTGRES_IMAGE)
    .withUsername('postgres')
    .withPassword('postgres')
    .withDatabase('postgres')
    // Chosen here and not by the engine, so that it is the same after a restart.
    .withExposedPorts({ container: 5432, host: port })
    .withCommand(['postgres', ...settingArguments(options)])
    .start()
  const url = `postgresql://postgres:postgres@${container.getHost()}:${port}/postgres`
  return containerServer(engine, container, { url, port, ask: () => askPostgres(url) })
}

/**
 * Redis in a container of the engine that answers.
 *
 * @throws {Unavailable} when no container engine answers
 */
export async function startRedisContainer(options: RedisOptions = {}): Promise<Server> {
  const engine = await findEngine()
  const { RedisContainer } = await import('@testcontainers/redis')
  const port = await freePort()
  const container = await new RedisContainer(REDIS_IMAGE)
    .withExposedPorts({ container: 6379, host: port })
    .withCommand(['redis-server', '--save', '', '--appendonly', 'no', ...(options.args ?? [])])
    .start()
  const url = `redis://${container.getHost()}:${port}`
  return containerServer(engine, container, { url, port, ask: () => askRedis(url) })
}

/**
 * Where a container engine answers. Without one this costs a millisecond: the client library is loaded only after it.
 *
 * @throws {Unavailable} with the places that were asked
 */
export async function findEngine(): Promise<Engine> {
  const places = enginePlaces()
  for (const place of places) {
    const engine: Engine = { call: (method, path) => callEngine(place, method, path) }
    const answers = await engine.call('GET', '/_ping').then(
      () => true,
      () => false,
    )
    if (answers) return engine
  }
  const asked = places.map(({ socketPath, host, port }) => socketPath ?? `${host}:${port}`)
  throw new Unavailable(
    asked.length > 0 ? `no engine answers at ${asked.join(' or ')}` : 'DOCKER_HOST is not set and no engine socket exists',
  )
}

/** A container engine's HTTP interface. */
export interface Engine {
  /** The parsed answer; rejects when the engine does not answer with success within 2 seconds. */
  readonly call: (method: 'GET' | 'POST', path: string) => Promise<unknown>
}

function enginePlaces(): readonly RequestOptions[] {
  const given = process.env.DOCKER_HOST
  if (given?.startsWith('unix://')) return [{ socketPath: given.slice('unix://'.length) }]
  if (given) return [{ host: new URL(given).hostname, port: new URL(given).port || '2375' }]
  return [
    '/var/run/docker.sock',
    join(process.env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.()}`, 'docker.sock'),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ]
    .filter((socketPath) => existsSync(socketPath))
    .map((socketPath) => ({ socketPath }))
}

function callEngine(place: RequestOptions, method: 'GET' | 'POST', path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request({ ...place, method, path, timeout: 2_000 }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => {
        const isSuccess = (response.statusCode ?? 500) < 300
        if (!isSuccess) reject(new Error(`${method} ${path}: ${response.statusCode} ${body}`))
        else resolve(body.startsWith('{') ? JSON.parse(body) : body)
      })
    })
    call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer within 2000 ms`)))
    call.on('error', reject)
    call.end()
  })
}

interface Container {
  getId(): string
  stop(): Promise<unknown>
}

interface ContainerFacts {
  readonly url: string
  readonly port: number
  readonly ask: () => Promise<unknown>
}

async function containerServer(engine: Engine, container: Container, { url, port, ask }: ContainerFacts): Promise<Server> {
  const path = `/containers/${container.getId()}`
  const pidNow = async () => ((await engine.call('GET', `${path}/json`)) as { State: { Pid: number } }).State.Pid
  let pid = await pidNow()
  await untilItAnswers(ask)
  return {
    url,
    port,
    get pid() {
      return pid
    },
    freeze: async () => void (await engine.call('POST', `${path}/pause`)),
    thaw: async () => void (await engine.call('POST', `${path}/unpause`)),
    kill: async () => void (await engine.call('POST', `${path}/kill`)),
    async restart() {
      await engine.call('POST', `${path}/unpause`).catch(() => {})
      await engine.call('POST', `${path}/restart?t=1`)
      await untilItAnswers(ask)
      pid = await pidNow()
    },
    async stop() {
      await engine.call('POST', `${path}/unpause`).catch(() => {})
      await container.stop()
    },
  }
}

async function untilItAnswers(ask: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(50)
    }
  }
}
