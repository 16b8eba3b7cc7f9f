import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConfigManagerOptions, createConfigManager } from '../../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** Between a process and its server; counts how often the server says that it is ready for the next message. */
async function countingProxy(url: string) {
  const { hostname, port } = new URL(url)
  let answers = 0
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname)
    let rest = Buffer.alloc(0)
    upstream.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= rest.readUInt32BE(1) + 1) {
        if (rest[0] === 0x5a) answers++
        rest = rest.subarray(rest.readUInt32BE(1) + 1)
      }
      client.write(chunk)
    })
    client.pipe(upstream)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => void [client.destroy(), upstream.destroy()])
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = new URL(url)
  own.host = `127.0.0.1:${(server.address() as net.AddressInfo).port}`
  return {
    url: own.href,
    async during(work: () => Promise<unknown>): Promise<number> {
      const before = answers
      await work()
      return answers - before
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('a write on a warm connection', () => {
  it.each([
    ['without a hook', 3, {}],
    ['with a hook that sends nothing', 3, { hooks: { beforeCommit: () => {} } }],
  ] as [string, number, ConfigManagerOptions][])('takes three round trips, whatever the verb, %s', async (_, most, options) => {
    const proxy = await countingProxy(database.url)
    const manager = createConfigManager({
      database: proxy.url,
      redis: false,
      listen: false,
      pollIntervalMs: 600_000,
      project: `trips-${Object.keys(options).length}`,
      ...options,
    })
    const { prompts, models, flags, contextRules, rollouts } = manager
    await prompts.create({ name: 'warm', template: 'x' })
    let rolloutId = ''
    const writes: Record<string, () => Promise<unknown>> = {
      create: () => prompts.create({ name: 'p', template: 'one \\ "two" \'three\'', labels: ['production'] }),
      createVersion: () => prompts.createVersion({ name: 'p', template: 'two' }),
      promote: () => prompts.promote({ name: 'p', version: 2 }),
      rollback: () => prompts.rollback({ name: 'p' }),
      removeLabel: () => prompts.removeLabel({ name: 'p', label: 'staging' }),
      deactivate: () => prompts.deactivate({ name: 'p', version: 2 }),
      activate: () => prompts.activate({ name: 'p', version: 2 }),
      model: () => models.create({ name: 'm', provider: 'ollama', model: 'x' }),
      flag: () => flags.create({ name: 'f', value: true }),
      rule: () => contextRules.create({ context: 'c', important: 'x' }),
      start: async () => {
        rolloutId = (await rollouts.start({ kind: 'prompt', name: 'p', arms: [{ version: 2, weight: 1 }] })).id
      },
    }

    const taken: Record<string, number> = {}
    for (const [verb, write] of Object.entries(writes)) taken[verb] = await proxy.during(write)
    // Which rollout it is about, has to be asked first. A pool that opens a connection meanwhile has more to say, but not each time.
    const steps = [
      await proxy.during(() => rollouts.pause(rolloutId)),
      await proxy.during(() => rollouts.resume(rolloutId)),
      await proxy.during(() => rollouts.pause(rolloutId)),
    ]

    const { revision } = await prompts.createVersion({ name: 'p', template: 'three' })
    const onCondition = await proxy.during(() => prompts.promote({ name: 'p', version: 1, force: true, ifUnchangedSince: revision }))

    expect(onCondition).toBe(most)
    expect(taken).toEqual(Object.fromEntries(Object.keys(writes).map((verb) => [verb, most])))
    expect(Math.min(...steps)).toBe(most + 1)
    expect((await prompts.find({ name: 'p', label: 'production' }))?.template).toBe('one \\ "two" \'three\'')
    await manager.shutdown()
    proxy.close()
  })
})
