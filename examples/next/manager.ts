import { createConfigManager } from 'agent-config'

/** `key`: Next loads modules again when they change, and the open manager is given again. */
export const manager = createConfigManager({
  key: 'next',
  database: process.env.DATABASE_URL ?? 'pglite:memory',
  redis: process.env.REDIS_URL ?? false,
  autoMigrate: true,
})
