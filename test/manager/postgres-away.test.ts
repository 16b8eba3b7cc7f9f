import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { builtProgram } from '../support/built-program.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, refusal, useManagers } from './managers.js'

const READ_MS = 3_600
const TIMEOUTS = { redisMs: 250, databaseMs: 1_600, readMs: READ_MS }

let postgres: Server
let namespace: string
let isDead = false
const start = useManagers()

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  await migrateToLatest(postgres.url)
})
beforeEach(() => {
  namespace = uniqueNamespace()
})
afterEach(async () => {
  await postgres.thaw()
  if (isDead) await FAULTS.killed.heal()
})
afterAll(() => postgres.stop())

function options(project: string, more: ConfigManagerOptions = {}): ConfigManagerOptions {
  return { database: postgres.url, project, namespace, timeouts: TIMEOUTS, pollIntervalMs: 300, ...more }
}

async function timed<Value>(call: () => Promise<Value>): Promise<{ value: Value; ms: number }> {
  const before = performance.now()
  const value = await call()
  return { value, ms: performance.now() - before }
}

const FAULTS = {
  killed: {
    harm: async () => {
      isDead = true
      await postgres.kill()
    },
    heal: async () => {
      await postgres.restart()
      isDead = false
    },
  },
  frozen: { harm: () => postgres.freeze(), heal: () => postgres.thaw() },
} as const

for (const [fault, { harm, heal }] of Object.entries(FAULTS)) {
  for (const redis of [false, true]) {
    it(`serves what is known while PostgreSQL is ${fault}, and says so${redis ? ', with Redis' : ''}`, async () => {
      const ttlMs = 600
      const manager = await start(options(`known-${fault}-${redis}`, { ttlMs, redis: redis && testRedisUrl() }))
      await manager.prompts.create({ name: 'known', template: 'one', labels: ['production'] })
      await manager.models.create({ name: 'default', provider: 'ollama', model: 'm', labels: ['production'] })
      await manager.getModelConfig()
      const { names, of } = eventsOf(manager)

      await harm()
      const hit = await timed(() => manager.getPrompt('known'))
      const unknown = await timed(() => refusal(manager.getPrompt('unknown')))
      const unwritten = await refusal(manager.prompts.create({ name: 'late', template: 'x' }))
      await eventually(async () => (await manager.getPrompt('known'))?.stale === true, { everyMs: 50 })
      const expired = await timed(() => manager.getPrompt('known'))
      await eventually(() => names().includes('database:lost'))
      const report = await manager.health()
      await heal()
      await eventually(async () => (await manager.health()).ok, { everyMs: 50 })
      await eventually(async () => (await manager.getPrompt('known'))?.stale === false, { everyMs: 50 })

      expect(hit.value).toMatchObject({ template: 'one', stale: false, source: 'memory' })
      // Answered from memory: it did not wait for a server's deadline.
      expect(hit.ms).toBeLessThan(TIMEOUTS.databaseMs)
      expect(unknown.value).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
      expect(unknown.ms).toBeLessThan(READ_MS + BUSY_MS)
      expect(unwritten).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none' })
      expect(expired.value).toMatchObject({ template: 'one', stale: true })
      expect(expired.ms).toBeLessThan(TIMEOUTS.databaseMs)
      expect(of('stale')[0]?.event).toMatchObject({ kind: 'prompt', project: `known-${fault}-${redis}` })
      expect(manager.stats().staleServed).toBeGreaterThan(0)
      expect(report).toMatchObject({ ok: false, database: 'down' })
      expect(names().filter((name) => name.startsWith('database'))).toEqual(['database:lost', 'database:restored'])
      // What was refused was not written, and what is written now is.
      expect(await manager.prompts.find({ name: 'late' })).toBeUndefined()
      await manager.prompts.create({ name: 'late', template: 'y', labels: ['production'] })
      expect((await manager.getPrompt('late'))?.template).toBe('y')
    })
  }
}

it('builds an answer that nobody can confirm once, and forgets it when somebody can', async () => {
  const manager = await start(options('kept', { ttlMs: 300, redis: false }))
  await manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
  await manager.prompts.createVersion({ name: 'p', template: 'two', labels: ['next'] })
  await manager.rollouts.start({
    kind: 'prompt',
    name: 'p',
    label: 'next',
    arms: [
      { version: 1, weight: 1 },
      { version: 2, weight: 0 },
    ],
  })
  const confirmed = await manager.getPrompt('p')

  await FAULTS.frozen.harm()
  const stale = await eventually(async () => {
    const prompt = await manager.getPrompt('p')
    return prompt?.stale === true && prompt
  })
  const counted = manager.stats().staleServed
  const again = await manager.getPrompt('p')
  const assigned = await manager.getPrompt('p', { label: 'next', subject: 'user-1' })
  const older = await manager.getPrompt('p', { version: 1 })
  const peeked = manager.peekPrompt('p')
  const served = manager.stats().staleServed - counted
  await FAULTS.frozen.heal()
  await eventually(async () => (await manager.getPrompt('p'))?.stale === false, { everyMs: 50 })

  expect(again).toBe(stale)
  expect({ ...stale, stale: false }).toEqual(confirmed)
  expect(assigned).toMatchObject({ template: 'one', stale: true, source: 'memory', selection: { reason: 'split' } })
  expect(older).toMatchObject({ template: 'one', stale: true })
  expect(peeked).toBeUndefined()
  expect(served).toBe(3)
  expect(manager.peekPrompt('p')).toMatchObject({ stale: false })
})

it('finds what changed while it could not see PostgreSQL, and does not serve what it was told is old', async () => {
  const proxy = await startTcpProxy(postgres)
  const throughProxy = new URL(postgres.url)
  throughProxy.port = `${proxy.port}`
  const shared = { redis: testRedisUrl(), listen: false as const }
  const [reader, writer] = await Promise.all([
    start(options('split', { ...shared, database: throughProxy.href })),
    start(options('split', shared)),
  ])
  await writer.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
  await reader.getPrompt('p')

  await proxy.refuse()
  const { revision } = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
  await eventually(() => (reader.stats().revision ?? 0) >= revision)
  const told = await reader.getPrompt('p')
  await proxy.accept()

  expect(told?.template).toBe('two')
  await reader.shutdown()
  await proxy.close()
})

describe('a start without PostgreSQL', () => {
  it('counts the wait for the start as part of the read', async () => {
    await postgres.freeze()
    const timeouts = { ...TIMEOUTS, databaseMs: 3_000 }
    const manager = createConfigManager(options('start-bound', { redis: false, timeouts }))
    const reads = await Promise.all([1, 2, 3].map((place) => timed(() => refusal(manager.getPrompt(`p${place}`)))))
    await postgres.thaw()
    await manager.shutdown()

    expect(reads.map(({ value, ms }) => [value.code, ms < READ_MS + BUSY_MS])).toEqual(Array(3).fill(['E_STORE_UNAVAILABLE', true]))
  })

  for (const [fault, { harm, heal }] of Object.entries(FAULTS)) {
    it(`fails reads within readMs while it is ${fault}, and works once it answers`, async () => {
      await harm()
      const manager = createConfigManager(options(`start-${fault}`, { redis: testRedisUrl() }))
      const first = await timed(() => refusal(manager.getPrompt('p')))
      const second = await timed(() => refusal(manager.getContextRules()))
      const notReady = await timed(() => refusal(manager.ready()))
      const unwritten = await refusal(manager.prompts.create({ name: 'p', template: 'x' }))
      const health = await manager.health()
      await heal()
      await eventually(() => manager.ready().then(() => true), { everyMs: 100 })
      await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })

      expect([first.value, second.value, notReady.value, unwritten].map((error) => error.code)).toEqual(
        Array(4).fill('E_STORE_UNAVAILABLE'),
      )
      expect(first.ms).toBeLessThan(READ_MS + BUSY_MS)
      expect(second.ms).toBeLessThan(READ_MS + BUSY_MS)
      expect(health).toMatchObject({ ok: false, database: 'down', revision: undefined, lastVerifiedAt: undefined })
      expect((await manager.getPrompt('p'))?.template).toBe('x')
      await manager.shutdown()
    })
  }
})

describe('shutdown()', () => {
  for (const fault of ['frozen', 'killed'] as const) {
    it(`ends soon while PostgreSQL is ${fault}`, async () => {
      const manager = await start(options(`shutdown-${fault}`, { redis: testRedisUrl() }))
      await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
      await FAULTS[fault].harm()
      const unanswered = refusal(manager.getPrompt('unknown'))
      const closed = await timed(() => manager.shutdown())
      await unanswered

      // It lets what is under way end, which databaseMs bounds, and closes the connections.
      expect(closed.ms).toBeLessThan(2 * TIMEOUTS.databaseMs + BUSY_MS)
    })
  }

  it('lets the process end although a frozen PostgreSQL says no goodbye to LISTEN', async () => {
    const script = builtProgram(new URL('./frozen-script.ts', import.meta.url))
    const child = spawn(process.execPath, [script, postgres.url], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await postgres.freeze()
    child.kill('SIGUSR2')

    const [code, signal] = await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })

    expect([code, signal]).toEqual([0, null])
  })

  it('ends soon in the middle of a start that PostgreSQL does not answer', async () => {
    await postgres.freeze()
    const manager = createConfigManager(options('shutdown-start'))
    const notReady = refusal(manager.ready())
    const closed = await timed(() => manager.shutdown())
    await notReady

    expect(closed.ms).toBeLessThan(2 * TIMEOUTS.databaseMs + BUSY_MS)
  })
})
