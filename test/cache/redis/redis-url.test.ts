import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedisClients } from '../../../src/cache/redis/redis-clients.js'
import { createConfigManager } from '../../../src/index.js'
import { InvalidArgumentError } from '../../../src/shared/errors.js'

describe('a Redis URL', () => {
  it.each([
    ['a name as path', 'redis://host/my-app'],
    ['a broken number', 'redis://host/1.5'],
    ['a negative number', 'redis://host/-1'],
    ['a number in another notation', 'redis://host/0x1'],
    ['a number with an exponent', 'redis://host/1e3'],
    ['an encoded number', 'redis://host/%31'],
    ['two parts', 'redis://host/0/1'],
    ['a slash after the number', 'redis://host/0/'],
    ['a blank', 'redis://host/ 1'],
    ['more than Redis counts', 'redis://host/99999999999'],
    ['another scheme', 'http://host/0'],
    ['a scheme of the cloud', 'valkey://host'],
    ['no scheme', 'host:6379'],
    ['no slashes', 'redis:host'],
    ['port 0', 'redis://host:0'],
    ['a port too high', 'redis://host:65536'],
    ['a port that is a name', 'redis://host:redis'],
    ['a number as query that is none', 'redis://host?db=my-app'],
    ['a negative number as query', 'redis://host?db=-1'],
    ['a family that is none', 'redis://host?family=ipv6'],
    ['a prefix', 'redis://host?keyPrefix=app:'],
    ['a password with #', 'redis://user:12#s3cret@host'],
    ['a password with ?', 'redis://user:12?s3cret@host'],
    ['a password with /', 'redis://user:12/s3cret@host'],
    ['a password with %', 'redis://user:s3cret%@host'],
    ['nothing', ''],
    ['a blank before it', ' redis://host'],
  ])('with %s is refused when the manager is made', (_title, redis) => {
    const create = () => createConfigManager({ database: 'postgresql://u:p@localhost/db', redis })

    expect(create).toThrow(InvalidArgumentError)
    expect(create).toThrow(expect.objectContaining({ field: 'redis' }))
    expect(create).not.toThrow(/s3cret|my-app/)
  })

  it.each([
    'redis://host',
    'redis://host/',
    'redis://host/0',
    'rediss://user:p%40ss@host:6380/15',
    'redis://:p%2Fss@[::1]:6379/3',
    'REDIS://host/2',
    'redis://host:6379?family=6',
    'redis://host?db=4',
    'redis:///1',
  ])('is taken: %s', async (redis) => {
    const clients = createRedisClients(redis, 250)
    await clients.open()

    expect((clients.data.options as { db: unknown }).db).toSatisfy((db) => Number.isInteger(Number(db)))
    clients.close()
  })

  it('selects a database that is a number, or is refused, whatever the path is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.webPath(), fc.double().map(String), fc.integer().map(String)), async (path) => {
        let clients: ReturnType<typeof createRedisClients>
        try {
          clients = createRedisClients(`redis://host/${path}`, 250)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError)
          return
        }
        await clients.open()
        const db = Number((clients.data.options as { db?: unknown }).db ?? 0)
        clients.close()
        expect(Number.isInteger(db) && db >= 0).toBe(true)
      }),
    )
  })

  it('of a node names no database of its own', () => {
    expect(() => createRedisClients({ sentinels: ['redis://one:26379/3'], name: 'mymaster' }, 250)).toThrow(/redis\.db/)
    expect(() => createRedisClients({ cluster: ['redis://one:7000/my-app'] }, 250)).toThrow(InvalidArgumentError)
  })
})
