import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { BUSY_MS } from '../support/busy-machine.js'
import { eventually } from '../support/eventually.js'
import { type PrivatePair, startPrivatePair } from '../support/private-standby.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { DOCUMENT_READ, type GatedPool, gatedPool, LOG_READ } from './gated-pool.js'
import { heard, NO_POLL, useManagers } from './managers.js'
import { forgetDocuments } from './redis-keys.js'

let pair: PrivatePair
/** What the standby is asked is counted here. */
let replica: GatedPool
let project: string
const start = useManagers()

beforeAll(async () => {
  // Reads of the standby are cancelled when they are in the way of what it replays, as they are in production after a while.
  pair = await startPrivatePair({ settings: { max_standby_streaming_delay: 0 } })
  await migrateToLatest(pair.primary.url)
})
beforeEach(() => {
  project = uniqueNamespace()
  replica = gatedPool(pair.standby.url)
})
afterEach(async () => {
  await pair.standby.thaw()
  await pair.standby.resumeReplay()
  await replica.end()
})
afterAll(() => pair.stop())

function options(more: ConfigManagerOptions = {}): ConfigManagerOptions {
  return { database: pair.primary.url, project, ...more }
}

function documentsAsked(pool: GatedPool): number {
  return pool.asked.filter((text) => DOCUMENT_READ.test(text)).length
}

async function create(manager: ConfigurationManager, name: string, template = 'one'): Promise<number> {
  return (await manager.prompts.create({ name, template, labels: ['production'] })).revision
}

async function write(manager: ConfigurationManager, name: string, template: string): Promise<number> {
  return (await manager.prompts.createVersion({ name, template, labels: ['production'] })).revision
}

async function template(manager: ConfigurationManager, name: string, minRevision?: number): Promise<unknown> {
  return (await manager.getPrompt(name, minRevision === undefined ? {} : { minRevision }))?.template
}

it('documents are loaded from the standby, and the log is read from the primary', async () => {
  const primary = gatedPool(pair.primary.url)
  const writer = await start(options(NO_POLL))
  const names = ['a', 'b', 'c']
  for (const name of names) await create(writer, name)
  await writer.models.create({ name: 'default', provider: 'ollama', model: 'm', labels: ['production'] })
  await writer.contextRules.create({ context: 'general', important: 'Be kind.' })
  await pair.standby.caughtUp()

  const reader = await start(options({ database: primary, readDatabase: replica, ...NO_POLL }))
  const read = await Promise.all(names.map((name) => template(reader, name)))
  const model = await reader.getModelConfig()
  const rules = await reader.getContextRules()
  await reader.shutdown()
  await primary.end()

  expect([read, model?.model, rules.length]).toEqual([['one', 'one', 'one'], 'm', 1])
  expect(documentsAsked(replica)).toBeGreaterThan(0)
  expect(documentsAsked(primary)).toBe(0)
  expect(replica.asked.filter((text) => LOG_READ.test(text))).toEqual([])
  expect(primary.asked.filter((text) => LOG_READ.test(text))).not.toEqual([])
})

describe('while the standby shows the past', () => {
  const QUIET = { ...NO_POLL, listen: false } as const
  /** How a worker is told of a change, and how the test knows that it was. */
  const WAYS: Record<
    string,
    { readonly options: () => ConfigManagerOptions; told(manager: ConfigurationManager, revision: number): unknown }
  > = {
    'by a notification': { options: () => ({ ...NO_POLL, listen: true }), told: heard },
    'by a message of Redis, whose document is gone': {
      options: () => ({ ...QUIET, redis: testRedisUrl(), namespace: project }),
      told: async (manager, revision) => {
        await heard(manager, revision)
        await forgetDocuments(project)
      },
    },
    'by its poll': { options: () => QUIET, told: heard },
    'by minRevision': { options: () => QUIET, told: () => {} },
  }

  for (const [way, { options: ofWay, told }] of Object.entries(WAYS)) {
    it(`a worker that was told of a change ${way} asks the primary`, async () => {
      const writer = await start(options({ ...ofWay(), listen: false }))
      await create(writer, 'p')
      await pair.standby.caughtUp()
      const reader = await start(options({ ...ofWay(), readDatabase: replica }))

      await pair.standby.pauseReplay()
      const revision = await write(writer, 'p', 'two')
      await told(reader, revision)
      const read = await template(reader, 'p', way === 'by minRevision' ? revision : undefined)

      expect(read).toBe('two')
      // It was asked, and answered with the past.
      expect(documentsAsked(replica)).toBeGreaterThan(0)
      await pair.standby.resumeReplay()
      await pair.standby.caughtUp()
      expect(await template(reader, 'p')).toBe('two')
    })
  }

  it('a worker that wrote itself and no longer holds what it wrote asks the primary', async () => {
    const worker = await start(options({ ...NO_POLL, readDatabase: replica, memory: { maxEntries: 1 } }))
    await create(worker, 'p')
    await create(worker, 'q')
    await pair.standby.caughtUp()

    await pair.standby.pauseReplay()
    await write(worker, 'p', 'two')
    await template(worker, 'q')
    const before = documentsAsked(replica)
    const read = await template(worker, 'p')

    expect(read).toBe('two')
    expect(documentsAsked(replica)).toBeGreaterThan(before)
  })

  it('a version that the standby does not have yet is found', async () => {
    const writer = await start(options(NO_POLL))
    await create(writer, 'p')
    await pair.standby.caughtUp()
    const reader = await start(options({ ...NO_POLL, listen: true, readDatabase: replica }))

    await pair.standby.pauseReplay()
    const { revision } = await writer.prompts.createVersion({ name: 'p', template: 'two', labels: [] })
    await writer.prompts.createVersion({ name: 'p', template: 'three', labels: ['production'] })
    await heard(reader, revision + 1)
    const read = await reader.getPrompt('p', { version: 2 })

    expect([await template(reader, 'p'), read?.template]).toEqual(['three', 'two'])
  })

  it('what the standby knows as well as the primary comes from it all the same', async () => {
    const primary = gatedPool(pair.primary.url)
    const writer = await start(options(NO_POLL))
    for (const name of ['p', 'q']) await create(writer, name)
    await pair.standby.caughtUp()
    const reader = await start(options({ ...NO_POLL, database: primary, readDatabase: replica }))

    await pair.standby.pauseReplay()
    await write(writer, 'p', 'two')
    await reader.catchUp()
    const read = await template(reader, 'q')
    const fromPrimary = documentsAsked(primary)
    await reader.shutdown()
    await primary.end()

    expect([read, fromPrimary]).toEqual(['one', 0])
  })

  it('readers never go back, and never see half of a transaction, while it stops and goes on', async () => {
    const writer = await start(options(NO_POLL))
    for (const name of ['left', 'right', 'other']) await create(writer, name, '0')
    await pair.standby.caughtUp()
    // So small a memory that nearly every read is a load.
    const tiny = { readDatabase: pair.standby.url, memory: { maxEntries: 1 }, pollIntervalMs: 200 }
    const readers = await Promise.all([start(options(tiny)), start(options({ ...tiny, listen: false }))])
    const complaints: string[] = []
    let isWriting = true
    let written = { round: 0, revision: 0 }

    const reading = readers.map(async (reader, place) => {
      const last = { left: 0, right: 0 }
      while (isWriting) {
        const { round, revision } = written
        const left = Number(await template(reader, 'left'))
        const right = Number(await template(reader, 'right'))
        const asked = Number(await template(reader, 'left', revision))
        if (right < left) complaints.push(`reader ${place} served right ${right} after left ${left}`)
        if (left < last.left || right < last.right) complaints.push(`reader ${place} went backwards`)
        if (asked < round) complaints.push(`reader ${place} was asked for ${round} and served ${asked}`)
        Object.assign(last, { left: Math.max(left, asked), right })
      }
      return last
    })
    const writing = async () => {
      for (let round = 1; round <= 40; round++) {
        if (round % 10 === 1) await pair.standby.pauseReplay()
        if (round % 10 === 6) await pair.standby.resumeReplay()
        const revision = await writer.transaction(async ({ prompts }) => {
          for (const name of ['right', 'left']) await prompts.createVersion({ name, template: `${round}`, labels: ['production'] })
          return (await prompts.createVersion({ name: 'other', template: `${round}` })).revision
        })
        written = { round, revision }
      }
      await Promise.all(readers.map((reader) => eventually(async () => (await template(reader, 'left')) === '40')))
    }
    await Promise.all([
      ...reading,
      writing().finally(() => {
        isWriting = false
      }),
    ])

    expect(complaints).toEqual([])
    expect(readers.map((reader) => reader.stats().database.state)).toEqual(['up', 'up'])
  })
})

describe('while the standby is away', () => {
  const timeouts = { databaseMs: 1_000, readMs: 3_000 }
  let isDead = false
  afterEach(async () => {
    if (isDead) await pair.standby.restart()
    isDead = false
  })
  const FAULTS = {
    killed: {
      harm: async () => {
        isDead = true
        await pair.standby.kill()
      },
      heal: async () => {
        await pair.standby.restart()
        isDead = false
      },
    },
    frozen: { harm: () => pair.standby.freeze(), heal: () => pair.standby.thaw() },
  } as const

  for (const [fault, { harm, heal }] of Object.entries(FAULTS)) {
    it(`(${fault}) a worker goes on with the primary, and comes back to the standby`, async () => {
      const writer = await start(options(NO_POLL))
      const names = Array.from({ length: 8 }, (_, place) => `p${place}`)
      for (const name of names) await create(writer, name)
      await pair.standby.caughtUp()
      const reader = await start(options({ ...NO_POLL, readDatabase: replica, timeouts }))
      await template(reader, 'p0')

      await harm()
      const read: unknown[] = []
      let slowestMs = 0
      for (const name of names) {
        const before = performance.now()
        read.push(await template(reader, name))
        slowestMs = Math.max(slowestMs, performance.now() - before)
      }
      await write(writer, 'p0', 'two')
      await reader.catchUp()
      const changed = await template(reader, 'p0')
      const health = await reader.health()
      await heal()
      const before = documentsAsked(replica)
      let fresh = 0
      await eventually(
        async () => {
          // Each time another name, which nobody holds yet.
          await template(reader, `unknown-${fresh++}`)
          return documentsAsked(replica) > before
        },
        { everyMs: 50 },
      )

      expect([read, changed]).toEqual([names.map(() => 'one'), 'two'])
      expect(slowestMs).toBeLessThan(timeouts.readMs + BUSY_MS)
      expect(health).toMatchObject({ ok: true, database: 'up' })
    })
  }
})
