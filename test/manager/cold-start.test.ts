import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { startPrivateRedis } from '../support/private-redis.js'
import type { Server } from '../support/services/server.js'
import { uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL, refusal } from './managers.js'

const READ_MS = 1_200
const WITHOUT_FILE = { snapshotFile: undefined } as unknown as ConfigManagerOptions

let postgres: Server
let redis: Server
let folder: string
let namespace: string
const open: ConfigurationManager[] = []

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-snapshot-'))
  namespace = uniqueNamespace()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((manager) => manager.shutdown()))
  await Promise.all([postgres.restart(), redis.restart()])
  rmSync(folder, { recursive: true, force: true })
})
afterAll(() => Promise.all([postgres.stop(), redis.stop()]))

/** A manager that is not waited for: where it starts, nobody may answer. */
function aManager(more: ConfigManagerOptions = {}): ConfigurationManager {
  const manager = createConfigManager({
    database: postgres.url,
    redis: redis.url,
    namespace,
    schema: schemaOf(namespace),
    snapshotFile: join(folder, 'state', 'last-good'),
    timeouts: { readMs: READ_MS, databaseMs: 800 },
    pollIntervalMs: 300,
    autoMigrate: true,
    ...more,
  })
  open.push(manager)
  return manager
}

/** Each test has a database of its own. */
function schemaOf(name: string): string {
  return `cold_${name.replace(/\W/g, '_')}`.slice(0, 60).toLowerCase()
}

/** One process has served everything and is gone. */
async function servedBefore(more: ConfigManagerOptions = {}): Promise<void> {
  const manager = aManager(more)
  await manager.prompts.create({ name: 'p', template: 'one', labels: ['production'] })
  await manager.prompts.create({ name: 'chat', type: 'chat', template: [{ role: 'user', content: 'Hi {name}' }], labels: ['production'] })
  await manager.models.create({ name: 'm', provider: 'ollama', model: 'llama3', labels: ['production'] })
  await manager.embeddings.create({ name: 'e', embeddingModel: 'nomic' })
  await manager.contextRules.create({ context: 'c', important: 'this' })
  for (const read of readsOf(manager)) await read()
  await manager.shutdown()
  open.splice(open.indexOf(manager), 1)
}

function readsOf(manager: ConfigurationManager): (() => Promise<{ source?: string; stale?: boolean } | undefined>)[] {
  return [
    () => manager.getPrompt('p'),
    () => manager.getPrompt('chat'),
    () => manager.getModelConfig('m'),
    () => manager.getEmbeddingConfig('e'),
  ]
}

const AWAY = {
  gone: { harm: (server: Server) => server.kill(), heal: (server: Server) => server.restart() },
  frozen: { harm: (server: Server) => server.freeze(), heal: (server: Server) => server.thaw() },
} as const

describe('a start with a snapshot file', () => {
  for (const [how, { harm, heal }] of Object.entries(AWAY)) {
    it(`serves what an earlier process served while all servers are ${how}, and confirms it without loading it again`, async () => {
      await servedBefore()
      await Promise.all([harm(postgres), harm(redis)])
      const manager = aManager()
      const seen = eventsOf(manager)

      const early = await Promise.all(readsOf(manager).map((read) => read()))
      const rules = await manager.getContextRules('c')
      const absent = await refusal(manager.getPrompt('never read'))
      const tried = manager.stats().database.loads
      await Promise.all([heal(postgres), heal(redis)])
      await eventually(() => manager.stats().revision !== undefined, { timeoutMs: 20_000 })
      const later = await Promise.all(readsOf(manager).map((read) => read()))

      expect(early.map((one) => [one?.source, one?.stale])).toEqual(early.map(() => ['snapshot', true]))
      expect(rules.map(({ important }) => important)).toEqual(['this'])
      expect(absent.code).toBe('E_STORE_UNAVAILABLE')
      expect(seen.of('stale').length).toBeGreaterThan(0)
      expect(later.map((one) => [one?.source, one?.stale])).toEqual(later.map(() => ['memory', false]))
      expect(manager.stats().database.loads).toBe(tried)
    })
  }

  it('never serves a document again that the log has a newer change of, and says that it changed', async () => {
    await servedBefore({ redis: false })
    const writer = aManager({ ...WITHOUT_FILE, redis: false })
    await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
    await writer.shutdown()
    await postgres.kill()
    const manager = aManager({ redis: false })
    const seen = eventsOf(manager)

    const early = await manager.getPrompt('p')
    await postgres.restart()
    await eventually(async () => (await manager.getPrompt('p'))?.template === 'two', { timeoutMs: 20_000 })

    expect(early).toMatchObject({ template: 'one', source: 'snapshot', stale: true })
    expect(seen.of('change').map(({ event }) => event.name)).toEqual(['p'])
  })

  it('does not serve one to a reader who asks for a revision it cannot prove', async () => {
    await servedBefore({ redis: false })
    await postgres.kill()
    const manager = aManager({ redis: false })

    const refused = await refusal(manager.getPrompt('p', { minRevision: 1 }))

    expect(refused.code).toBe('E_STORE_UNAVAILABLE')
  })

  it('drops the documents of another database as soon as it can ask its own, and says so', async () => {
    await servedBefore({ redis: false })
    const file = join(folder, 'state', 'last-good')
    const foreign = readFileSync(file)
    // The same schema, born anew: another database.
    await dropSchema(postgres, schemaOf(namespace))
    const own = aManager({ redis: false, snapshotFile: join(folder, 'unused') })
    await own.prompts.create({ name: 'p', template: 'own', labels: ['production'] })
    await own.shutdown()
    writeFileSync(file, foreign)
    await postgres.kill()
    const manager = aManager({ redis: false })
    const seen = eventsOf(manager)

    const early = await manager.getPrompt('p')
    await postgres.restart()
    await eventually(() => manager.stats().revision !== undefined, { timeoutMs: 20_000 })

    expect(early?.template).toBe('one')
    expect((await manager.getPrompt('p'))?.template).toBe('own')
    expect(await manager.getModelConfig('m')).toBeUndefined()
    expect(seen.of('error').map(({ event }) => event.message)).toContainEqual(expect.stringContaining('of another database'))
  })

  it('keeps no password and nothing that others may read', async () => {
    const secret = 's3cret-p4ss'
    const url = postgres.url.replace(/^(postgresql:\/\/)([^@/]*@)?/, `$1postgres:${secret}@`)
    await servedBefore({ database: url, redis: redis.url.replace('redis://', `redis://:${secret}@`) })
    const file = join(folder, 'state', 'last-good')

    expect(readFileSync(file, 'utf8')).toContain('one')
    expect(readFileSync(file, 'utf8')).not.toContain(secret)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('goes on without a file that is torn, and replaces it; one that is something else it leaves alone', async () => {
    await servedBefore({ redis: false })
    const file = join(folder, 'state', 'last-good')
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, whole.slice(0, whole.length / 2))
    const notes = join(folder, 'notes.txt')
    writeFileSync(notes, 'my notes\n')

    const torn = aManager({ redis: false })
    const other = aManager({ redis: false, snapshotFile: notes })
    const seen = [eventsOf(torn), eventsOf(other)]
    expect((await torn.getPrompt('p'))?.template).toBe('one')
    expect((await other.getPrompt('p'))?.template).toBe('one')
    await Promise.all([torn.shutdown(), other.shutdown()])

    const errors = seen.map(({ of }) => of('error').map(({ event }) => (event.error as Error).message))
    expect(errors).toEqual([
      [expect.stringMatching(/last-good is torn/)],
      [expect.stringMatching(/notes\.txt is no snapshot.*snapshotFile/)],
    ])
    expect(readFileSync(file, 'utf8')).toContain('\\"one\\"')
    expect(readFileSync(notes, 'utf8')).toBe('my notes\n')
  })
})

describe('a start with Redis alone', () => {
  for (const [how, { harm, heal }] of Object.entries(AWAY)) {
    it(`serves Redis' documents unverified while PostgreSQL is ${how}, until it can read the log`, async () => {
      await servedBefore(WITHOUT_FILE)
      await harm(postgres)
      const manager = aManager(WITHOUT_FILE)

      const early = await manager.getPrompt('p')
      const again = await manager.getPrompt('p')
      await heal(postgres)
      await eventually(() => manager.stats().revision !== undefined, { timeoutMs: 20_000 })
      const later = await manager.getPrompt('p')

      expect(early).toMatchObject({ template: 'one', source: 'redis', stale: true })
      expect(again).toMatchObject({ template: 'one', source: 'memory', stale: true })
      expect(later).toMatchObject({ template: 'one', source: 'memory', stale: false })
      expect(manager.stats().database.loads).toBe(0)
    })
  }

  it('never goes back behind a change it was told of before it could read the log', async () => {
    await servedBefore(WITHOUT_FILE)
    const writer = aManager({ ...WITHOUT_FILE, ...NO_POLL })
    await writer.ready()
    // This process cannot reach PostgreSQL; the others can.
    const manager = aManager({ ...WITHOUT_FILE, database: 'postgresql://postgres@127.0.0.1:1/postgres', autoMigrate: false })
    const early = await manager.getPrompt('p')

    await writer.prompts.createVersion({ name: 'p', template: 'two', labels: ['production'] })
    await eventually(async () => (await manager.getPrompt('p'))?.template === 'two')

    expect(early).toMatchObject({ template: 'one', source: 'redis', stale: true })
  })

  it('guesses nothing where two databases share the namespace', async () => {
    await servedBefore(WITHOUT_FILE)
    const other = await startPrivatePostgres()
    const neighbour = aManager({ ...WITHOUT_FILE, database: other.url })
    await neighbour.prompts.create({ name: 'p', template: 'of the neighbour', labels: ['production'] })
    await postgres.kill()

    const refused = await refusal(aManager(WITHOUT_FILE).getPrompt('p'))

    expect(refused.code).toBe('E_STORE_UNAVAILABLE')
    await neighbour.shutdown()
    await other.stop()
  })
})

async function dropSchema(server: Server, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(`drop schema "${schema}" cascade`)
  await client.end()
}
