import { OpenFeature } from '@openfeature/server-sdk'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type ConfigManagerOptions, createConfigManager } from '../../src/index.js'
import { migrateToLatest } from '../../src/migrations.js'
import { createOpenFeatureProvider } from '../../src/openfeature/index.js'
import { useManagers } from '../manager/managers.js'
import { eventually } from '../support/eventually.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import type { Server } from '../support/services/server.js'
import { useClients } from './clients.js'

let postgres: Server
let isDead = false
let project: string
let count = 0
const start = useManagers()
const connect = useClients()

beforeAll(async () => {
  postgres = await startPrivatePostgres()
  await migrateToLatest(postgres.url)
})
beforeEach(() => {
  project = `states-${++count}`
})
afterEach(async () => {
  if (isDead) await restart()
})
afterAll(() => postgres.stop())

const TIMEOUTS = { databaseMs: 600, readMs: 1_500 }

function options(more: ConfigManagerOptions = {}): ConfigManagerOptions {
  return { database: postgres.url, project, redis: false, timeouts: TIMEOUTS, pollIntervalMs: 200, ...more }
}

async function kill(): Promise<void> {
  isDead = true
  await postgres.kill()
}

async function restart(): Promise<void> {
  await postgres.restart()
  isDead = false
}

it('is ready at once, and says which flags of its project changed', async () => {
  const [here, elsewhere] = await Promise.all([start(options()), start(options())])
  await here.flags.create({ name: 'first', value: 1, labels: ['production'] })
  const { client, events, failure } = await connect(createOpenFeatureProvider(here))
  expect(failure).toBeUndefined()
  expect(client.providerStatus).toBe('READY')
  expect(await client.getNumberValue('first', 0)).toBe(1)
  events.length = 0

  await elsewhere.prompts.create({ name: 'greeting', template: 'hi', labels: ['production'] })
  await elsewhere.flags.create({ name: 'theirs', project: 'elsewhere', value: 1, labels: ['production'] })
  await elsewhere.transaction(async ({ flags }) => {
    await flags.createVersion({ name: 'first', value: 2, labels: ['production'] })
    await flags.create({ name: 'second', value: true, labels: ['production'] })
  })

  await eventually(() => events.flatMap(({ flagsChanged = [] }) => flagsChanged).length >= 2)
  expect(events.map(({ name }) => name)).toEqual(['PROVIDER_CONFIGURATION_CHANGED', 'PROVIDER_CONFIGURATION_CHANGED'])
  expect(events.flatMap(({ flagsChanged }) => flagsChanged).sort()).toEqual(['first', 'second'])
  expect(await client.getNumberValue('first', 0)).toBe(2)
  expect(client.providerStatus).toBe('READY')
})

it('is stale while the stores are away, serves what is known, and is ready again', async () => {
  const manager = await start(options({ ttlMs: 500 }))
  await manager.flags.create({ name: 'known', value: true, labels: ['production'] })
  const { client, events, names } = await connect(createOpenFeatureProvider(manager))
  expect(await client.getBooleanValue('known', false)).toBe(true)
  events.length = 0

  await kill()
  await eventually(() => names().includes('PROVIDER_STALE'))
  expect(client.providerStatus).toBe('STALE')
  await eventually(async () => (await client.getBooleanDetails('known', false)).reason === 'STALE')
  expect(await client.getBooleanDetails('known', false)).toMatchObject({ value: true, variant: 'v1', reason: 'STALE' })
  expect(await client.getBooleanDetails('unknown', true)).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'GENERAL' })

  await restart()
  await eventually(() => names().includes('PROVIDER_READY'))
  expect(names()).toEqual(['PROVIDER_STALE', 'PROVIDER_READY'])
  expect(client.providerStatus).toBe('READY')
  await eventually(async () => (await client.getBooleanDetails('known', false)).reason === 'STATIC')
})

it('is in error when the manager is late, and ready as soon as the manager is', async () => {
  await kill()
  const manager = createConfigManager(options())
  try {
    const { client, names, failure } = await connect(createOpenFeatureProvider(manager, { initializeTimeoutMs: 300 }))
    expect(failure).toBeInstanceOf(Error)
    expect(client.providerStatus).toBe('ERROR')
    expect(await client.getBooleanDetails('flag', true)).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'GENERAL' })

    await restart()
    await eventually(() => names().includes('PROVIDER_READY'))
    expect(names()).toEqual(['PROVIDER_ERROR', 'PROVIDER_READY'])
    expect(client.providerStatus).toBe('READY')
    await manager.flags.create({ name: 'flag', value: false, labels: ['production'] })
    expect(await client.getBooleanValue('flag', true)).toBe(false)
  } finally {
    await manager.shutdown()
  }
})

it('waits no longer than it may for a server that accepts connections and says nothing', async () => {
  await postgres.freeze()
  const manager = createConfigManager(options({ timeouts: { databaseMs: 20_000, readMs: 20_000 } }))
  try {
    const { failure, names } = await connect(createOpenFeatureProvider(manager, { initializeTimeoutMs: 300 }))
    expect(failure?.message).toContain('300 ms')
    await postgres.thaw()
    await eventually(() => names().includes('PROVIDER_READY'))
  } finally {
    await postgres.thaw()
    await manager.shutdown()
  }
})

it('leaves the manager open when it is closed, hears no more of it, and can be set again', async () => {
  const manager = await start(options())
  await manager.flags.create({ name: 'flag', value: 1, labels: ['production'] })
  const provider = createOpenFeatureProvider(manager)
  const { domain, client, events } = await connect(provider)
  const emitted: string[] = []
  provider.events.addHandler('PROVIDER_CONFIGURATION_CHANGED', ({ flagsChanged }) => emitted.push(...flagsChanged))

  await OpenFeature.setProviderAndWait(domain, createOpenFeatureProvider(manager, { project: 'another' }))
  events.length = 0
  await manager.flags.createVersion({ name: 'flag', value: 2, labels: ['production'] })
  expect(await manager.getFlag('flag', 0)).toBe(2)
  expect(emitted).toEqual([])
  expect(events).toEqual([])

  await OpenFeature.setProviderAndWait(domain, provider)
  await manager.flags.createVersion({ name: 'flag', value: 3, labels: ['production'] })
  await eventually(() => emitted.length > 0)
  expect(emitted).toEqual(['flag'])
  expect(await client.getNumberValue('flag', 0)).toBe(3)
  await OpenFeature.close()
  await provider.onClose()
  expect(manager.isClosed).toBe(false)
})

it('gives the caller’s own value when the host has shut the manager down', async () => {
  const manager = await start(options())
  const { client } = await connect(createOpenFeatureProvider(manager))
  await manager.shutdown()

  expect(await client.getBooleanDetails('flag', true)).toMatchObject({ value: true, reason: 'ERROR', errorCode: 'GENERAL' })
  const { failure } = await connect(createOpenFeatureProvider(manager))
  expect(failure).toBeInstanceOf(Error)
})
