import { firstThatWorks, Unavailable } from './attempts.js'
import { programFromPackage } from './debian-package.js'
import { type Program, programOnPath, works } from './program.js'

/** The Redis of this machine, else of its distribution's packages: for what one container cannot be, such as a cluster. */
export function redisProgram(): Promise<Program> {
  return firstThatWorks('Redis program', [
    { name: 'machine', description: 'redis-server or valkey-server on PATH', run: redisOfThisMachine },
    { name: 'download', description: 'the package of Debian or Ubuntu, by apt-get download', run: redisFromPackages },
  ])
}

/**
 * The server program that `TEST_REDIS_SERVER` names: another version than this machine's own, or Valkey's.
 *
 * @throws {Unavailable} when it is not set
 */
export async function givenRedis(): Promise<Program> {
  const command = process.env.TEST_REDIS_SERVER
  if (!command) throw new Unavailable('not set')
  if (!(await works({ command, env: process.env }))) throw new Error(`${command} does not start`)
  return { command, env: process.env }
}

/** `TEST_REDIS_SERVER`, else `redis-server` or `valkey-server` from PATH. */
export async function redisOfThisMachine(): Promise<Program> {
  if (process.env.TEST_REDIS_SERVER) return givenRedis()
  const program = await programOnPath(['redis-server', 'valkey-server'])
  if (!program) throw new Unavailable('neither redis-server nor valkey-server is on PATH')
  return program
}

/** Debian's or Ubuntu's own: both ship the server in redis-tools under its second name; their redis-server is a link to it. */
export function redisFromPackages(): Promise<Program> {
  return programFromPackage({ package: 'redis-tools', path: 'usr/bin/redis-server', secondName: 'redis-check-rdb' })
}
