import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { eventually } from '../support/eventually.js'
import { type PrivatePair, startPrivatePair } from '../support/private-standby.js'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, NO_POLL } from './managers.js'
import { runSql } from './run-sql.js'

const READ_MS = 1_500
const NAMES = Array.from({ length: 12 }, (_, place) => `p${place}`)

let pair: PrivatePair
/** Where workers look for the primary, and for the standby. */
let toPrimary: TcpProxy
let toStandby: TcpProxy
let namespace: string
const open: ConfigurationManager[] = []

async function aPair(): Promise<void> {
  pair = await startPrivatePair()
  toPrimary = await startTcpProxy(pair.primary)
  toStandby = await startTcpProxy(pair.standby)
  const manager = await aManager({ autoMigrate: true, readDatabase: undefined } as unknown as ConfigManagerOptions)
  await manager.ready()
  await pair.standby.caughtUp()
}

async function stopPair(): Promise<void> {
  await Promise.all(open.splice(0).map((manager) => manager.shutdown()))
  await Promise.all([toPrimary?.close(), toStandby?.close()])
  await pair?.stop()
}

async function aManager(more: ConfigManagerOptions = {}): Promise<ConfigurationManager> {
  const manager = createConfigManager({
    database: `postgresql://postgres@127.0.0.1:${toPrimary.port}/postgres`,
    readDatabase: `postgresql://postgres@127.0.0.1:${toStandby.port}/postgres`,
    redis: false,
    timeouts: { databaseMs: 500, readMs: READ_MS },
    ...NO_POLL,
    ...more,
  })
  open.push(manager)
  await manager.ready()
  return manager
}

function put(manager: ConfigurationManager, name: string, template: string) {
  return manager.prompts.createVersion({ name, template, labels: ['production'] })
}

beforeEach(() => {
  namespace = uniqueNamespace()
})

describe('a streaming standby as readDatabase', () => {
  beforeAll(aPair)
  afterAll(stopPair)
  afterEach(async () => {
    await Promise.all([toPrimary.accept(), toStandby.accept(), pair.standby.thaw()])
    await pair.standby.resumeReplay().catch(() => {})
  })

  it('is where documents are loaded from: they come although the primary is gone', async () => {
    const [writer, reader] = await Promise.all([aManager(), aManager()])
    await put(writer, 'loaded', 'one')
    await pair.standby.caughtUp()
    await reader.catchUp()
    await toPrimary.refuse()

    const read = await reader.getPrompt('loaded')
    await toPrimary.accept()

    expect(read).toMatchObject({ template: 'one', source: 'database', stale: false })
  })

  it('that lags is never believed against what a worker was told: by a message, a read of the log, or its own write', async () => {
    const [writer, told, caughtUp, late] = await Promise.all([aManager(), aManager(), aManager(), aManager()])
    for (const name of ['a', 'b', 'c']) await put(writer, name, 'old')
    await pair.standby.caughtUp()
    for (const reader of [told, caughtUp, late]) await Promise.all(['a', 'b', 'c'].map((name) => reader.getPrompt(name)))
    await pair.standby.pauseReplay()

    const { revision } = await put(writer, 'a', 'new')
    await eventually(() => (told.stats().revision ?? 0) >= revision)
    await caughtUp.catchUp()

    expect((await writer.getPrompt('a'))?.template).toBe('new')
    expect((await told.getPrompt('a'))?.template).toBe('new')
    expect((await caughtUp.getPrompt('a'))?.template).toBe('new')
    expect((await late.getPrompt('a', { minRevision: revision }))?.template).toBe('new')
    const [row] = await runSql(pair.standby.url, `select max(revision) as revision from agent_config.config_changelog`)
    expect(Number(row?.revision)).toBeLessThan(revision)
  })

  it('is never older than told under a stream of changes, wherever replay stands', async () => {
    const [writer, reader] = await Promise.all([aManager(), aManager({ memory: { maxEntries: 1 } })])
    const wrong: unknown[] = []

    for (let round = 1; round <= 30; round++) {
      if (round % 10 === 1) await pair.standby.pauseReplay()
      if (round % 10 === 6) await pair.standby.resumeReplay()
      const { revision } = await put(writer, NAMES[round % 4] as string, `${round}`)
      await eventually(() => (reader.stats().revision ?? 0) >= revision)
      // One document fits into memory: each of these is a load.
      await reader.getPrompt('absent')
      const read = await reader.getPrompt(NAMES[round % 4] as string)
      if (read?.template !== `${round}`) wrong.push([round, read?.template])
    }

    expect(wrong).toEqual([])
  })

  it('that is frozen or refuses costs no read more than its deadline', async () => {
    const [writer, reader] = await Promise.all([aManager(), aManager()])
    for (const name of ['f', 'g', 'h']) await put(writer, name, 'one')
    await pair.standby.caughtUp()

    await pair.standby.freeze()
    const frozen = await reader.getPrompt('f')
    await pair.standby.thaw()
    await toStandby.refuse()
    const refused = await reader.getPrompt('g')
    await toStandby.accept()

    expect([frozen?.template, refused?.template]).toEqual(['one', 'one'])
    await eventually(async () => (await reader.getPrompt('h'))?.template === 'one')
  })
})

describe('a failover that loses commits', () => {
  beforeAll(aPair)
  afterAll(stopPair)

  it('is noticed by workers old and new, and nobody serves what was lost, whatever Redis holds', async () => {
    const shared = { redis: testRedisUrl(), namespace, readDatabase: undefined } as unknown as ConfigManagerOptions
    const worker = await aManager(shared)
    for (let place = 0; place < 8; place++) await put(worker, NAMES[place] as string, `kept ${place}`)
    await pair.standby.caughtUp()
    await pair.wire.refuse()
    const lost: number[] = []
    for (let place = 0; place < 5; place++) lost.push((await put(worker, NAMES[place] as string, `lost ${place}`)).revision)
    for (const name of NAMES) await worker.getPrompt(name)
    const { of } = eventsOf(worker)

    await pair.primary.kill()
    await pair.standby.promote()
    toPrimary.retarget(pair.standby)
    toPrimary.cut()
    const elsewhere = createConfigManager({ database: pair.standby.url, redis: false, ...NO_POLL })
    open.push(elsewhere)
    // One more than were lost, the first of them with the same numbers for the same prompts.
    for (let place = 0; place < 6; place++) await put(elsewhere, NAMES[place] as string, `made ${place}`)
    await eventually(() => worker.catchUp().then(() => true))
    const newcomer = await aManager(shared)

    const expected = NAMES.map((_, place) => (place < 6 ? `made ${place}` : place < 8 ? `kept ${place}` : undefined))
    for (const manager of [worker, newcomer]) {
      const served = await Promise.all(NAMES.map(async (name) => (await manager.getPrompt(name))?.template))
      expect(served).toEqual(expected)
      expect((await manager.verify()).mismatches).toEqual([])
    }
    expect(lost).toEqual([9, 10, 11, 12, 13])
    expect(of('error').filter(({ event }) => /another history/.test(`${event.message}`))).toHaveLength(1)
  })
})
