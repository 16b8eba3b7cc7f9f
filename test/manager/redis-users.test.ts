import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { redisFailure } from '../../src/cache/redis/redis-failure.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { eventually } from '../support/eventually.js'
import { startPrivateRedis } from '../support/private-redis.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import type { Server } from '../support/services/server.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { eventsOf, NO_POLL, useManagers } from './managers.js'
import { withRedis } from './redis-keys.js'

let database: TestDatabase
let redis: Server
const start = useManagers()

beforeAll(async () => {
  ;[database, redis] = await Promise.all([createTestDatabase(), startPrivateRedis()])
})
afterAll(() => Promise.all([database.drop(), redis.stop()]))

function aLogger() {
  return { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
}

/** A manager beside a Redis it cannot use, and what it told after some use. */
async function toldOf(redisOption: NonNullable<ConfigManagerOptions['redis']>, project: string) {
  const logger = aLogger()
  const manager = await start({ database: database.url, redis: redisOption, project, logger, ...NO_POLL })
  const { of } = eventsOf(manager)
  await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
  for (let count = 0; count < 5; count++) await manager.getPrompt(`p${count}`)
  await eventually(() => manager.stats().redis.state === 'down')
  return { manager, logger, lost: of('redis:lost'), warnings: logger.warn.mock.calls }
}

describe('a Redis that cannot be used', () => {
  const CASES: Record<string, { readonly url: () => string; readonly words: RegExp }> = {
    'a wrong password': { url: () => `redis://:s3cret-wrong@127.0.0.1:${redis.port}`, words: /WRONGPASS/ },
    'no password': { url: () => `redis://127.0.0.1:${redis.port}`, words: /NOAUTH/ },
    'an unknown user': { url: () => `redis://nobody:s3cret-wrong@127.0.0.1:${redis.port}`, words: /WRONGPASS/ },
    'an unknown host': { url: () => 'redis://:s3cret-wrong@no-such-host.invalid:6379', words: /ENOTFOUND|EAI_AGAIN/ },
    'nobody at the port': { url: () => 'redis://:s3cret-wrong@127.0.0.1:1', words: /ECONNREFUSED/ },
  }
  beforeAll(() => withRedis((client) => client.config('SET', 'requirepass', 'the right one'), redis.url))
  afterAll(() => withRedis((client) => client.config('SET', 'requirepass', ''), redis.url.replace('//', '//:the%20right%20one@')))

  for (const [title, { url, words }] of Object.entries(CASES)) {
    it(`${title} is told once, in the server's own words, and no password is`, async () => {
      const { logger, warnings, manager, lost } = await toldOf(url(), title.replaceAll(' ', '-'))
      const said = [...warnings, ...logger.error.mock.calls]

      expect(said).toHaveLength(1)
      expect(inspect(said, { depth: 9 })).toMatch(words)
      for (const { event } of lost) expect((event.error as Error).message).toMatch(words)
      expect(inspect([said, lost], { depth: 9, showHidden: true })).not.toMatch(/s3cret/)
      expect((await manager.getPrompt('p'))?.template).toBe('x')
    })
  }

  it('a manager that is idle tells of it too', async () => {
    const logger = aLogger()

    await start({ database: database.url, redis: CASES['a wrong password']!.url(), logger, ...NO_POLL })
    await eventually(() => logger.warn.mock.calls.length > 0)

    expect(logger.warn.mock.calls).toEqual([[{ error: expect.stringMatching(/WRONGPASS/) }, expect.any(String)]])
  })

  it('a certificate nobody vouches for is told once', async () => {
    const server = createServer(SELF_SIGNED, (socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }

    const { warnings } = await toldOf(`rediss://127.0.0.1:${port}`, 'certificate')
    server.close()

    expect(warnings).toHaveLength(1)
    expect(inspect(warnings)).toMatch(/self-signed certificate/)
  })

  it('a Redis that repeats what it was sent repeats no password', () => {
    const answer = new Error("ERR unknown command 'AUTH', with args beginning with: 's3cret'")

    expect(redisFailure(answer, undefined, ['s3cret']).message).toBe(
      "Redis cannot be used: ERR unknown command 'AUTH', with args beginning with: '***'",
    )
  })
})

describe('a Redis user', () => {
  const DOCUMENTED = aclOf('docs/deployment.md')

  function user(name: string, rules: readonly string[]): Promise<string> {
    return withRedis(async (client) => {
      await client.call('ACL', 'SETUSER', name, 'reset', 'on', '>password', ...rules)
      await client.call('ACL', 'LOG', 'RESET')
      return `redis://${name}:password@127.0.0.1:${redis.port}/3`
    }, redis.url)
  }
  const denied = () => withRedis((client) => client.call('ACL', 'LOG') as Promise<unknown[]>, redis.url)

  it('with exactly what the page lists can do all that a manager does, and needs each of it', async () => {
    const url = await user('documented', DOCUMENTED)
    await withRedis((client) => client.config('RESETSTAT'), redis.url)
    const shared = { database: database.url, redis: url, project: 'documented', listen: false, ...NO_POLL }
    const [writer, reader] = await Promise.all([start(shared), start(shared)])
    const { events } = eventsOf(reader)
    await eventually(async () => (await reader.health()).subscriber === 'up' && (await writer.health()).subscriber === 'up')

    const created = await writer.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    const changed = await writer.prompts.createVersion({ name: 'p', template: 'y', labels: ['production'], waitForWorkers: 1_000 })
    const read = await reader.getPrompt('p')
    await withRedis(async (client) => {
      // PING comes once a second.
      await expect.poll(() => client.info('commandstats')).toMatch(/cmdstat_ping/)
    }, redis.url)
    const stats = await withRedis((client) => client.info('commandstats'), redis.url)

    expect([created.propagated, changed.propagated, changed.receipt?.applied]).toEqual([true, true, 2])
    expect([read?.template, read?.source]).toEqual(['y', 'redis'])
    expect(events.filter(({ name }) => name !== 'change')).toEqual([])
    expect(await denied()).toEqual([])
    const commands = DOCUMENTED.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1))
    expect(commands.filter((command) => !new RegExp(`cmdstat_${command.replace('|', '\\|')}:`).test(stats))).toEqual([])
  })

  it('who may not subscribe is told so once, and hears of changes by poll', async () => {
    const url = await user(
      'deaf',
      DOCUMENTED.map((rule) => (rule.startsWith('&') ? '&{other}:*' : rule)),
    )
    const logger = aLogger()
    const shared = { database: database.url, project: 'deaf', listen: false }
    const reader = await start({ ...shared, redis: url, logger, pollIntervalMs: 300 })
    const { of } = eventsOf(reader)
    const writer = await start({ ...shared, redis: redis.url })
    await writer.prompts.create({ name: 'p', template: 'x', labels: ['production'] })
    await reader.prompts.create({ name: 'q', template: 'x', labels: ['production'] })
    const second = await reader.prompts.create({ name: 'r', template: 'x', labels: ['production'] })
    await eventually(async () => (await reader.getPrompt('p'))?.template === 'x')
    // Several attempts to subscribe.
    await expect.poll(() => denied().then((entries) => entries.length)).toBeGreaterThan(0)

    const said = logger.error.mock.calls.map(([, message]) => message)
    expect(said.filter((message) => /subscribe to "\{agent-config\}:config:invalidate"/.test(message))).toHaveLength(1)
    expect(said.filter((message) => /announce/.test(message))).toHaveLength(1)
    expect(inspect(logger.error.mock.calls)).toMatch(/can't publish to the channel/)
    expect(of('redis:lost')).toEqual([])
    expect(second.propagated).toBe(false)
  })

  it('who may not read documents sees why', async () => {
    const url = await user(
      'blind',
      DOCUMENTED.filter((rule) => rule !== '+mget'),
    )
    const { warnings } = await toldOf(url, 'blind')

    expect(inspect(warnings)).toMatch(/NOPERM.*mget/)
  })
})

/** The rules in the page's block that begins with ACL SETUSER. */
function aclOf(page: string): readonly string[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8')
  const [, rules = ''] = /```text\nACL SETUSER \S+ on >password ([^`]*)```/.exec(text) ?? []
  return rules.trim().split(/\s+/)
}
