import { afterAll, beforeAll, expect, it } from 'vitest'
import { createConfigManager, definePrompt } from '../../src/index.js'
import { migrateToLatest } from '../../src/migrations.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'

let postgres: Server

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  await migrateToLatest(postgres.url)
})
afterAll(async () => {
  await postgres.thaw()
  await postgres.stop()
})

it('a cold start beside a frozen PostgreSQL: once it is known to be away no caller waits for it, and reads come back with it', async () => {
  const timeouts = { redisMs: 100, databaseMs: 400, readMs: 600 }
  const manager = createConfigManager({ database: postgres.url, redis: false, timeouts })
  const greeting = definePrompt({ name: 'greeting', fallback: 'Hello' })
  let isLost = false
  manager.on('database:lost', () => {
    isLost = true
  })
  await postgres.freeze()
  while (!isLost) await manager.getPrompt(greeting)

  const waits: number[] = []
  const until = performance.now() + 4_000
  while (performance.now() < until) {
    const before = performance.now()
    const prompt = await manager.getPrompt(greeting)
    waits.push(performance.now() - before)
    expect(prompt.source).toBe('fallback')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await postgres.thaw()
  await eventually(
    () =>
      manager.getPrompt('greeting').then(
        () => true,
        () => false,
      ),
    { everyMs: 50 },
  )
  await manager.shutdown()

  // Far below a deadline; what is left is the machine's.
  expect(waits.filter((ms) => ms > 300)).toEqual([])
  expect(waits.length).toBeGreaterThan(20)
})
