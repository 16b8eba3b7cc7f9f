import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defaultManager } from '../../src/agent/default-manager.js'
import { createConfigManager, setConfigManager } from '../../src/manager/global-manager.js'

beforeEach(() => {
  vi.stubEnv('DATABASE_URL', undefined)
  setConfigManager(undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
  setConfigManager(undefined)
})

it('is none where no database is configured', () => {
  expect(defaultManager()).toBeUndefined()
})

it('is the manager of the process, whose shape an agent can use', async () => {
  const manager = createConfigManager({ database: 'pglite:memory' })
  setConfigManager(manager)

  expect(defaultManager()).toBe(manager)

  await manager.shutdown()
})
