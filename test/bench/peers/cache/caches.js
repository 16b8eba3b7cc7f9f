import { CacheableMemory } from '@cacheable/memory'
import KeyvRedis from '@keyv/redis'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisDriver } from 'bentocache/drivers/redis'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Redis } from 'ioredis'
import { Keyv } from 'keyv'

// The caches a Node service would put in front of PostgreSQL instead, each with its Redis store and without copying what it returns, where
// it has an option for that. Each gives `get` and `set`, `forget` (empty the memory, keep Redis) and `close`.

const MAX_ITEMS = 10_000

/** Memory and Redis, as one would use them. */
export function twoTiers(redisUrl, prefix) {
  return {
    bentocache: bentoOf(redisUrl, prefix, true),
    cacheable: cacheableOf(redisUrl, prefix),
    'cache-manager': cacheManagerOf(redisUrl, prefix, true),
  }
}

/** Redis alone: what is measured is the way there and back. */
export function redisAlone(redisUrl, prefix) {
  return {
    bentocache: bentoOf(redisUrl, prefix, false),
    cacheable: cacheableOf(redisUrl, prefix),
    'cache-manager': cacheManagerOf(redisUrl, prefix, false),
  }
}

function bentoOf(redisUrl, prefix, hasMemory) {
  const connection = new Redis(redisUrl)
  const redis = redisDriver({ connection, prefix: `${prefix}-bentocache` })
  const memory = memoryDriver({ maxItems: MAX_ITEMS, serialize: false })
  const store = hasMemory ? bentostore().useL1Layer(memory).useL2Layer(redis) : bentostore().useL2Layer(redis)
  const cache = new BentoCache({ default: 'main', ttl: '1h', stores: { main: store } })
  return {
    get: (key) => cache.get({ key }),
    set: (key, value) => cache.set({ key, value }),
    forget: () => {},
    close: () => cache.disconnectAll(),
  }
}

function cacheableOf(redisUrl, prefix) {
  const primary = new Keyv({ store: new CacheableMemory({ useClone: false, lruSize: MAX_ITEMS }) })
  const secondary = new Keyv({ store: new KeyvRedis(redisUrl), namespace: `${prefix}-cacheable`, useKeyPrefix: false })
  const cache = new Cacheable({ primary, secondary, ttl: '1h' })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    forget: () => primary.clear(),
    close: () => cache.disconnect(),
  }
}

function cacheManagerOf(redisUrl, prefix, hasMemory) {
  const memory = new Keyv({ store: new CacheableMemory({ useClone: false, lruSize: MAX_ITEMS }) })
  const redis = new Keyv({ store: new KeyvRedis(redisUrl), namespace: `${prefix}-cache-manager`, useKeyPrefix: false })
  const cache = createCache({ stores: hasMemory ? [memory, redis] : [redis], ttl: 3_600_000 })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    forget: () => memory.clear(),
    close: () => cache.disconnect(),
  }
}
