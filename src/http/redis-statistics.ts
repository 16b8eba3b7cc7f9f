/** What the cache page asks Redis. An ioredis client fits as it is. */
export interface RedisStatistics {
  info(section: string): Promise<string>
  scan(cursor: string, match: 'MATCH', pattern: string, count: 'COUNT', size: number): Promise<[string, string[]]>
}

/** Keys of a manager with the default namespace. */
const KEYS = '{agent-config}:*'
/** Counting looks at every key of a Redis that others may use too: at most this many batches of 1,000. */
const MOST_BATCHES = 100

/** When Redis is away the figures are unknown; that is not an error. */
export async function askRedis(redis: RedisStatistics | undefined): Promise<{ readonly used: string | null; readonly keys: number }> {
  if (!redis) return { used: null, keys: 0 }
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
