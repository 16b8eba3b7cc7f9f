import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createConfig } from 'agent-config/settings'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { options } from '../examples/settings/schema.js'
import type { HostHandlers } from './express-host/host-process.js'
import { type Host, startHost, TOKEN } from './express-host/start-host.js'
import { eventually } from './support/eventually.js'
import { spawnWorker, type Worker } from './support/spawn-worker.js'
import { createTestDatabase, type TestDatabase } from './support/test-database.js'
import { testRedisUrl, uniqueNamespace } from './support/test-redis.js'

const CONFIG = fileURLToPath(new URL('../examples/settings/config', import.meta.url))
const namespace = uniqueNamespace()
let folder: string
let host: Host
let database: TestDatabase

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-acceptance-'))
  cpSync(CONFIG, folder, { recursive: true })
  database = await createTestDatabase()
  host = await startHost({ manager: { database: database.url, redis: testRedisUrl(), namespace } })
})

afterAll(async () => {
  await host.close()
  await database.drop()
  rmSync(folder, { recursive: true })
})

/** The plan's settings, as a service that sets this environment reads them. */
function settingsOf(env: Record<string, string>) {
  return createConfig({ ...options, root: folder, dotenv: false, env })
}

describe('the acceptance table of the plan', () => {
  it('Dynaconf loads settings', () => {
    const settings = settingsOf({})

    expect(settings.get('DATABASE_URL')).toBe('postgresql://postgres:postgres@localhost:5432/agent_loggy')
    expect(settings.get('LLM_TIMEOUT_SECONDS')).toBe(120)
  })

  it('Environment layering works', () => {
    const variables = { AGENTLOGGY_DATABASE_URL: 'postgresql://staging/db', AGENTLOGGY_OLLAMA_HOST: 'http://ollama:11434' }
    const staging = settingsOf({ ENV_FOR_DYNACONF: 'staging', ...variables })

    expect(staging.environment).toBe('staging')
    expect([settingsOf({}).get('LOG_LEVEL'), staging.get('LOG_LEVEL')]).toEqual(['DEBUG', 'INFO'])
    expect(staging.get('DATABASE_URL')).toBe('postgresql://staging/db')
  })

  it('Redis caching works', async () => {
    const redis = new Redis(testRedisUrl())
    await host.call('POST', '/prompts', { name: 'cached', template: 'Hello', labels: ['production'] })

    await host.call('GET', '/prompts/cached')

    const [key] = await eventually(async () => {
      const keys = await redis.keys(`{${namespace}}:*cached`)
      expect(keys).toHaveLength(1)
      return keys
    })
    expect(await redis.get(key!)).toContain('Hello')
    expect(await redis.pttl(key!)).toBeGreaterThan(0)
    redis.disconnect()
  })

  it('Cache invalidation works', async () => {
    const start = () =>
      spawnWorker<HostHandlers>(new URL('./express-host/host-process.ts', import.meta.url), {
        args: [database.url, testRedisUrl(), namespace, TOKEN.value],
      })
    const workers: readonly Worker<HostHandlers>[] = await Promise.all([start(), start()])
    const [one, other] = (await Promise.all(workers.map((worker) => worker.ask('origin')))) as [string, string]
    const headers = { authorization: `Bearer ${TOKEN.value}`, 'content-type': 'application/json' }
    const ask = async (url: string, init?: RequestInit) => (await (await fetch(url, init)).json()) as Record<string, unknown>
    const post = (path: string, body: object) => ask(`${one}/api/config${path}`, { method: 'POST', body: JSON.stringify(body), headers })
    const read = (query = '') => ask(`${other}/api/config/prompts/shared${query}`)
    await post('/prompts', { name: 'shared', template: 'One', labels: ['production'] })
    await post('/prompts/shared/versions', { template: 'Two' })
    await eventually(async () => (await read()).version === 1 && (await read()).source === 'memory')

    const { revision } = await post('/prompts/shared/promote', { version: 2 })

    // Reading at least that revision cannot be answered from what the other worker had; nor, once it was told, can any read.
    expect(await read(`?min_revision=${revision}`)).toMatchObject({ version: 2, template: 'Two' })
    expect(await read()).toMatchObject({ version: 2, revision })
    for (const worker of workers) {
      await worker.ask('stop')
      expect(await worker.end()).toBe(0)
    }
  })

  it('Hot-reload works', () => {
    const settings = settingsOf({})
    const before = settings.get('FEATURE_FLAGS')

    appendFileSync(join(folder, 'settings.local.toml'), '\n[default.FEATURE_FLAGS]\nfrom_database = true\n')

    expect(before).not.toMatchObject({ from_database: true })
    expect(settings.get('FEATURE_FLAGS')).toMatchObject({ from_database: true })
  })

  it('API CRUD works', async () => {
    const created = await host.call('POST', '/prompts', { name: 'crud', template: 'Hello {name}', labels: ['production'] })
    const found = await host.call('GET', '/prompts/crud')
    const updated = await host.call('POST', '/prompts/crud/versions', { template: 'Good day {name}', labels: ['production'] })
    const listed = await host.call('GET', '/prompts?search=crud&label=production&include=content')
    const deleted = await host.call('DELETE', '/prompts/crud?force=true')

    expect([created.status, updated.status]).toEqual([201, 201])
    expect(found.body).toMatchObject({ name: 'crud', version: 1, template: 'Hello {name}' })
    expect(listed.body.items).toMatchObject([{ version: 2, template: 'Good day {name}' }])
    expect(deleted.body).toEqual({ deactivated: 2 })
    expect((await host.call('GET', '/prompts/crud')).status).toBe(404)
  })

  it('Changelog tracked', async () => {
    await host.call('POST', '/prompts', { name: 'tracked', template: 'One' })
    await host.call('POST', '/prompts/tracked/promote', { version: 1, summary: 'ready' })
    await host.call('DELETE', '/prompts/tracked?force=true')
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()

    const { rows } = await client.query(
      "select change_type, changed_by from agent_config.config_changelog where config_name = 'tracked' order by id",
    )

    expect(rows.map((row) => row.change_type)).toEqual(['create', 'promote', 'deactivate'])
    expect(new Set(rows.map((row) => row.changed_by))).toEqual(new Set(['ada']))
    await client.end()
  })

  it('Agent loads from DB', async () => {
    await host.call('POST', '/models', { name: 'default', provider: 'scripted', model_name: 'rules', labels: ['production'] })
    const template = 'Allowed query keys: merchant\nAllowed domains: {allowed_domains}'
    await host.call('POST', '/prompts', { name: 'parameter_extraction', template, labels: ['production'] })

    const { body } = await host.call('POST', '/agents/parameters', { text: 'payments by merchant and status', subject: 'user-7' })

    expect(body.prompt).toMatchObject({ name: 'parameter_extraction', version: 1 })
    expect(body.parameters.query_keys).toEqual(['merchant'])
  })

  it('Fallback works', async () => {
    expect((await host.call('DELETE', '/prompts/parameter_extraction?force=true')).body).toEqual({ deactivated: 1 })

    const { body } = await host.call('POST', '/agents/parameters', { text: 'payments by merchant and status', subject: 'user-7' })

    expect(body.prompt).toEqual({ name: 'parameter_extraction', source: 'fallback' })
    expect(body.parameters.query_keys).toEqual(['merchant', 'status'])
  })
})
