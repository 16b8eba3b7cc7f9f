import * as v from 'valibot'
import { type Answer, jsonAnswer } from '../answer.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import type { HttpManager } from '../manager.js'
import { askRedis, type RedisStatistics } from '../redis-statistics.js'
import { pick } from '../schemas.js'
import { toWire } from '../wire.js'

const EVERYTHING = { verb: 'read', kind: 'all', project: '*', name: '*', labels: [] } as const

/** Calls for the caches, and the health checks of orchestrators. */
export function operations(kinds: readonly string[]): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/cache/refresh',
      tag: 'cache',
      summary: 'Makes every worker load a kind of configuration anew',
      access: 'write',
      body: v.strictObject({ config_type: v.optional(pick([...kinds, 'all']), 'all') }),
      answer: answers.Refreshed,
      example: { config_type: 'prompt' },
      action: ({ body }) => ({ ...EVERYTHING, verb: 'refresh', kind: body.config_type }),
      handle: async ({ body: { config_type } }, { manager }) => {
        await manager.refresh(config_type as Parameters<HttpManager['refresh']>[0])
        return { status: 'refreshed', type: config_type }
      },
    }),
    endpoint({
      method: 'GET',
      path: '/cache/stats',
      tag: 'cache',
      summary: 'How the caches of the answering worker do',
      access: 'read',
      answer: answers.CacheStats,
      action: () => EVERYTHING,
      handle: async (_call, { manager, redisStatistics }) => cacheStats(manager.stats(), redisStatistics),
    }),
    endpoint({
      method: 'GET',
      path: '/healthz',
      tag: 'health',
      summary: 'Whether the process runs',
      access: 'open',
      answer: answers.Alive,
      handle: async () => ({ status: 'ok' }),
    }),
    endpoint({
      method: 'GET',
      path: '/readyz',
      tag: 'health',
      summary: 'Whether the process can do its work: 200 or 503',
      access: 'open',
      answer: answers.Health,
      answersAlsoWith503: true,
      handle: async (_call, { manager }): Promise<Answer> => {
        // The answer does not hold the reason: its message names hosts and roles, and anybody may ask.
        const { error: _, ...health } = await manager.health()
        return jsonAnswer(health.ok ? 200 : 503, toWire(health))
      },
    }),
  ]
}

async function cacheStats(stats: ReturnType<HttpManager['stats']>, redis: RedisStatistics | undefined): Promise<object> {
  const { used, keys } = await askRedis(redis)
  return {
    connected: stats.redis.state === 'up',
    used_memory: used,
    cached_keys: keys,
    hit_ratio: { memory: ratioOf(stats.memory), redis: ratioOf(stats.redis) },
    memory: stats.memory,
    redis: stats.redis,
    database: stats.database,
    revision: stats.revision ?? null,
    lag: stats.lag,
    worker: process.pid,
  }
}

function ratioOf({ hits, misses }: { readonly hits: number; readonly misses: number }): number | null {
  return hits + misses === 0 ? null : Math.round((hits / (hits + misses)) * 10_000) / 10_000
}
