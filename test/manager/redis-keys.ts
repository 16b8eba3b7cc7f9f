import { Redis } from 'ioredis'
import { testRedisUrl } from '../support/test-redis.js'

/** Runs commands of a test's own against Redis. */
export async function withRedis<Value>(work: (redis: Redis) => Promise<Value>, url: string = testRedisUrl()): Promise<Value> {
  const redis = new Redis(url)
  redis.on('error', () => {})
  try {
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}

/** The keys of the documents of one namespace. */
export async function keysOf(redis: Redis, namespace: string): Promise<string[]> {
  return (await redis.keys(`{${namespace}}:*:e:*`)).sort()
}

/** Deletes what Redis holds of a namespace, as an eviction would. */
export async function forgetDocuments(namespace: string, url?: string): Promise<void> {
  await withRedis(async (redis) => {
    const keys = await keysOf(redis, namespace)
    if (keys.length > 0) await redis.del(...keys)
  }, url)
}
