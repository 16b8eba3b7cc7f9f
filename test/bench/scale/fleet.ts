import type { ConfigManagerOptions, ConfigurationManager } from '../../../src/index.js'
import { createConfigManager } from '../support/built.js'
import type { Servers } from './servers.js'

export interface FleetOptions {
  readonly workers: number
  /** How many of them LISTEN as well. @default none */
  readonly listening?: number
  /** Options that all of them share. */
  readonly manager?: ConfigManagerOptions
}

/** Workers of one process, each a manager with a pool and two Redis connections of its own, as they would have in processes of their own. */
export interface Fleet {
  readonly managers: readonly ConfigurationManager[]
  /** Reads of the log since the start, of all together. */
  catchUps(): number
  stop(): Promise<void>
}

/** Builds the workers; none of them connects before it is used. */
export function createFleet({ postgres, redis }: Servers, { workers, listening = 0, manager = {} }: FleetOptions): Fleet {
  const managers = Array.from({ length: workers }, (_, index) =>
    createConfigManager({ database: postgres.url, redis: redis.url, listen: index < listening, ...manager }),
  )
  return {
    managers,
    catchUps: () => managers.reduce((sum, one) => sum + one.stats().catchUps, 0),
    stop: async () => void (await Promise.all(managers.map((one) => one.shutdown()))),
  }
}
