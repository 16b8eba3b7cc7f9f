import type { ManagerStats } from 'agent-config'
import type { RedisStatistics } from './endpoint.js'

/** Keys of a manager with the default namespace. */
const KEYS = '{agent-config}:*'
/** Counting looks at every key of a Redis that others may use too: at most this many batches of 1,000. */
const MOST_BATCHES = 100

export async function cacheStats(stats: ManagerStats, redis: RedisStatistics | undefined) {
  const { memory, used, keys } = { memory: stats.memory, ...(redis ? await askRedis(redis) : { used: null, keys: 0 }) }
  return {
    connected: stats.redis.state === 'up',
    used_memory: used,
    cached_keys: keys,
    hit_ratio: { memory: ratioOf(memory), redis: ratioOf(stats.redis) },
    memory,
    redis: stats.redis,
    database: stats.database,
    revision: stats.revision ?? null,
    lag: stats.lag,
    worker: process.pid,
  }
}

/** Redis being away is a figure that is not known, and no error. */
async function askRedis(redis: RedisStatistics): Promise<{ used: string | null; keys: number }> {
  try {
    const [info, keys] = await Promise.all([redis.info('memory'), countKeys(redis)])
    return { used: /^used_memory_human:(\S+)/m.exec(info)?.[1] ?? null, keys }
  } catch {
    return { used: null, keys: 0 }
  }
}

async function countKeys(redis: RedisStatistics): Promise<number> {
  let cursor = '0'
  let count = 0
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    const [next, keys] = await redis.scan(cursor, 'MATCH', KEYS, 'COUNT', 1000)
    count += keys.length
    cursor = next
    if (cursor === '0') break
  }
  return count
}

function ratioOf({ hits, misses }: { readonly hits: number; readonly misses: number }): number | null {
  return hits + misses === 0 ? null : Math.round((hits / (hits + misses)) * 10_000) / 10_000
}
