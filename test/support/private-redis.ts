import { firstThatWorks } from './services/attempts.js'
import { startRedisContainer } from './services/docker.js'
import { givenRedis, redisFromPackages, redisOfThisMachine } from './services/redis-binary.js'
import { type RedisOptions, startRedisServer } from './services/redis-server.js'
import type { Server } from './services/server.js'

/**
 * An empty Redis of one's own, in about 50 ms, for tests that freeze, kill or restart it. A restart forgets everything.
 *
 * It takes this machine's programs before Docker, because a signal to a real process is the plainest fault. Call `stop()`
 * in `afterAll`; a watchdog does it if the test process dies.
 *
 * @param options further arguments of `redis-server`
 */
export function startPrivateRedis(options: RedisOptions = {}): Promise<Server> {
  return firstThatWorks('Redis', [
    { name: 'given', description: 'TEST_REDIS_SERVER', run: async () => startRedisServer(await givenRedis(), options) },
    {
      name: 'machine',
      description: 'redis-server or valkey-server on PATH',
      run: async () => startRedisServer(await redisOfThisMachine(), options),
    },
    {
      name: 'download',
      description: 'the package of Debian or Ubuntu, by apt-get download',
      run: async () => startRedisServer(await redisFromPackages(), options),
    },
    { name: 'docker', description: 'Docker', run: () => startRedisContainer(options) },
  ])
}
