import { setTimeout as sleep } from 'node:timers/promises'
import { startPrivatePostgres } from './private-postgres.js'
import { startPrivateRedis } from './private-redis.js'
import { serveRequests } from './serve-requests.js'

// The worker process of spawn-worker.test.ts and watchdog.test.ts.

const handlers = {
  echo: async (value: Map<string, number>, delayMs: number) => {
    await sleep(delayMs)
    return value
  },
  fail: (message: string): void => {
    throw Object.assign(new RangeError(message), { code: 'E_RANGE' })
  },
  startServers: async () => {
    const [postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
    return { postgres: { pid: postgres.pid, url: postgres.url }, redis: { pid: redis.pid, url: redis.url } }
  },
}
export type EchoHandlers = typeof handlers

serveRequests(handlers)
