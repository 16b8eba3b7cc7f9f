import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, heard, useManagers } from './managers.js'
import { keysOf, withRedis } from './redis-keys.js'

/** Far more than one deadline, far less than a wait without one. */
const READ_MS = 1_200

let database: TestDatabase
let redis: Server
const start = useManagers()

beforeAll(async () => {
  ;[database, redis] = await Promise.all([createTestDatabase(), startPrivateRedis()])
})
afterEach(async () => {
  await redis.thaw()
  await redis.restart()
})
afterAll(() => Promise.all([database.drop(), redis.stop()]))

function options(project: string, more: ConfigManagerOptions = {}): ConfigManagerOptions {
  return { database: database.url, redis: redis.url, namespace: uniqueNamespace(), project, timeouts: { readMs: READ_MS }, ...more }
}

/** What a call took, in milliseconds, and what it gave. */
async function timed<Value>(call: () => Promise<Value>): Promise<{ value: Value; ms: number }> {
  const before = performance.now()
  const value = await call()
  return { value, ms: performance.now() - before }
}

const FAULTS = {
  killed: { harm: () => redis.kill(), heal: () => redis.restart() },
  frozen: { harm: () => redis.freeze(), heal: () => redis.thaw() },
} as const

for (const [fault, { harm, heal }] of Object.entries(FAULTS)) {
  describe(`while Redis is ${fault}`, () => {
    it('reads go on: from memory at once, from PostgreSQL within readMs', async () => {
      const manager = await start(options(`reads-${fault}`))
      for (let place = 0; place < 5; place++)
        await manager.prompts.create({ name: `p${place}`, template: `${place}`, labels: ['production'] })
      const other = await start(options(`reads-${fault}`))
      await other.getPrompt('p0')

      await harm()
      const hit = other.peekPrompt('p0')
      const awaited = other.getPrompt('p0')
      const misses = await Promise.all([1, 2, 3].map((place) => timed(() => other.getPrompt(`p${place}`))))
      const later = await timed(() => other.getPrompt('p4'))
      const absent = await timed(() => other.getPrompt('absent'))

      expect(hit?.template).toBe('0')
      expect((await awaited)?.source).toBe('memory')
      expect([...misses, later].map(({ value }) => value?.template)).toEqual(['1', '2', '3', '4'])
      expect([...misses, later, absent].map(({ ms }) => ms <= READ_MS)).toEqual([true, true, true, true, true])
      expect(absent.value).toBeUndefined()
    })

    it('writes succeed unannounced, and all is right after it is back', async () => {
      const namespace = uniqueNamespace()
      const shared = options(`writes-${fault}`, { namespace, listen: false, pollIntervalMs: 500 })
      const printed = vi.spyOn(console, 'error')
      const [writer, reader] = await Promise.all([start(shared), start(shared)])
      await writer.prompts.create({ name: 'p', template: 'before', labels: ['production'] })
      await writer.prompts.create({ name: 'untouched', template: 'same', labels: ['production'] })
      expect((await reader.getPrompt('p'))?.template).toBe('before')
      const seen = [eventsOf(writer), eventsOf(reader)]

      await harm()
      const written = await writer.prompts.createVersion({ name: 'p', template: 'meanwhile', labels: ['production'] })
      const again = await writer.prompts.createVersion({ name: 'p', template: 'meanwhile too', labels: ['production'] })
      expect((await writer.getPrompt('p'))?.template).toBe('meanwhile too')
      // Nothing announces it: the reader's poll finds it.
      await eventually(async () => (await reader.getPrompt('p'))?.template === 'meanwhile too')
      await eventually(() => writer.stats().redis.state === 'down')
      await eventually(async () => (await reader.health()).subscriber === 'down')
      await heal()
      await eventually(() => writer.stats().redis.state === 'up' && reader.stats().redis.state === 'up', { everyMs: 50 })
      await eventually(async () => (await reader.health()).subscriber === 'up' && (await writer.health()).subscriber === 'up', {
        everyMs: 50,
      })
      const after = await writer.prompts.createVersion({ name: 'p', template: 'after', labels: ['production'] })

      expect([written.propagated, again.propagated, after.propagated]).toEqual([false, false, true])
      await heard(reader, after.revision)
      expect((await reader.getPrompt('p'))?.template).toBe('after')
      const newcomer = await start(shared)
      expect((await newcomer.getPrompt('p'))?.template).toBe('after')
      expect((await newcomer.getPrompt('untouched'))?.template).toBe('same')
      expect(seen[0]!.names().filter((name) => name.startsWith('redis'))).toEqual(['redis:lost', 'redis:restored'])
      expect(seen[1]!.of('error')).toEqual([])
      expect(printed).not.toHaveBeenCalled()
    })

    it('announcements go on over LISTEN', async () => {
      const shared = options(`listen-${fault}`, { namespace: uniqueNamespace(), pollIntervalMs: 600_000 })
      const [writer, reader] = await Promise.all([start(shared), start(shared)])
      await writer.prompts.create({ name: 'p', template: 'before', labels: ['production'] })
      expect((await reader.getPrompt('p'))?.template).toBe('before')

      await harm()
      const { revision } = await writer.prompts.createVersion({ name: 'p', template: 'meanwhile', labels: ['production'] })
      await heard(reader, revision)

      expect((await reader.getPrompt('p'))?.template).toBe('meanwhile')
    })
  })
}

describe('a start without Redis', () => {
  it('reads and writes while it is absent, and uses it once it is there', async () => {
    await redis.kill()
    const namespace = uniqueNamespace()
    const manager = await start(options('absent', { namespace }))
    const { names } = eventsOf(manager)

    const written = await manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
    const read = await manager.getPrompt('p')
    const unknown = await manager.getPrompt('unknown')
    const health = await manager.health()
    await redis.restart()
    await eventually(async () => (await manager.health()).subscriber === 'up' && manager.stats().redis.state === 'up', { everyMs: 50 })
    const after = await manager.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
    const keys = await withRedis((client) => keysOf(client, namespace), redis.url)

    expect(written.propagated).toBe(false)
    expect(read?.template).toBe('one')
    expect(unknown).toBeUndefined()
    expect(health).toMatchObject({ ok: true, database: 'up', redis: 'down' })
    expect(after.propagated).toBe(true)
    expect(keys).toHaveLength(1)
    expect(names()).toContain('redis:restored')
  })

  it('does not wait for one that takes connections and does not answer, and connects when it does', async () => {
    await redis.freeze()
    const shared = options('frozen-start', { namespace: uniqueNamespace(), listen: false })
    const started = await timed(() => start(shared))
    const manager = started.value
    const written = await timed(() => manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] }))
    const read = await timed(() => manager.getPrompt('unknown'))
    // Long enough for a handshake to be given up and begun again.
    await sleep(1_500)
    await redis.thaw()
    await eventually(async () => (await manager.health()).subscriber === 'up' && manager.stats().redis.state === 'up', { everyMs: 50 })
    const other = await start(shared)
    const { revision, propagated } = await other.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
    await heard(manager, revision)

    // PostgreSQL answered: a start or a read that waits for Redis would wait until it is thawed, which is after both.
    expect(started.ms).toBeLessThan(BUSY_MS)
    expect(written.value.propagated).toBe(false)
    expect(read.ms).toBeLessThanOrEqual(READ_MS + BUSY_MS)
    expect(propagated).toBe(true)
    expect((await manager.getPrompt('p'))?.template).toBe('two')
  })
})
