import { firstThatWorks, Unavailable } from './attempts.js'
import { programFromPackage } from './debian-package.js'
import { type Program, programOnPath } from './program.js'

/** The Redis of this machine, else of its distribution's packages: for what one container cannot be, such as a cluster. */
export function redisProgram(): Promise<Program> {
  return firstThatWorks('Redis program', [
    { name: 'machine', description: 'redis-server or valkey-server on PATH', run: redisOfThisMachine },
    { name: 'download', description: 'the package of Debian or Ubuntu, by apt-get download', run: redisFromPackages },
  ])
}

/** `redis-server` or `valkey-server` from PATH. */
export async function redisOfThisMachine(): Promise<Program> {
  const program = await programOnPath(['redis-server', 'valkey-server'])
  if (!program) throw new Unavailable('neither redis-server nor valkey-server is on PATH')
  return program
}

/** Debian's or Ubuntu's own: both ship the server in redis-tools under its second name; their redis-server is a link to it. */
export function redisFromPackages(): Promise<Program> {
  return programFromPackage({ package: 'redis-tools', path: 'usr/bin/redis-server', secondName: 'redis-check-rdb' })
}
