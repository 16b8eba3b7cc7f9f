import { describe, expect, it } from 'vitest'
import { createRedisClients } from '../../../src/cache/redis/redis-clients.js'
import { type RedisTopology, readNodes } from '../../../src/cache/redis/redis-topology.js'
import { InvalidArgumentError } from '../../../src/shared/errors.js'

describe('readNodes()', () => {
  it('takes URLs and addresses, and what one URL says of user, password and TLS for all', () => {
    const list = readNodes('redis.cluster', ['rediss://ada:p%40ss@one:7000', { host: 'two', port: 7001 }, 'redis://[::1]:7002'], {})

    expect(list).toEqual({
      nodes: [
        { host: 'one', port: 7000 },
        { host: 'two', port: 7001 },
        { host: '::1', port: 7002 },
      ],
      username: 'ada',
      password: 'p@ss',
      tls: {},
    })
  })

  it('lets options win over URLs', () => {
    const access = { username: 'grace', password: 'other', tls: { servername: 'cache' } }

    const list = readNodes('redis.cluster', ['redis://ada:pass@one:7000'], access)

    expect(list).toMatchObject({ username: 'grace', password: 'other', tls: { servername: 'cache' } })
    expect(readNodes('redis.cluster', ['redis://one:7000'], {}).tls).toBeUndefined()
  })
})

describe('a list of nodes that cannot be used', () => {
  it.each([
    ['redis.cluster', { cluster: [] }],
    ['redis.cluster', { cluster: 'redis://one:7000' }],
    ['redis.cluster[1]', { cluster: ['redis://one:7000', 'http://:s3cret@two:7000'] }],
    ['redis.cluster[0]', { cluster: ['redis://:s3cret@one'] }],
    ['redis.cluster[0]', { cluster: [{ host: 'one', port: 0 }] }],
    ['redis.cluster[0]', { cluster: [{ host: '', port: 7000 }] }],
    ['redis.sentinels[0]', { sentinels: ['s3cret'], name: 'mymaster' }],
    ['redis.name', { sentinels: ['redis://one:26379'] }],
    ['redis.db', { sentinels: ['redis://one:26379'], name: 'mymaster', db: -1 }],
    ['redis', { nodes: [] }],
  ])('is refused by the name %s, and no password is repeated', (field, topology) => {
    const create = () => createRedisClients(topology as unknown as RedisTopology, 250)

    expect(create).toThrow(InvalidArgumentError)
    expect(create).toThrow(expect.objectContaining({ field }))
    expect(create).not.toThrow(/s3cret/)
  })
})
