import { afterEach, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { migrateToLatest } from '../../src/migrations.js'
import { eventually } from '../support/eventually.js'
import { startRestorablePostgres } from '../support/private-postgres.js'
import { startPrivatePair } from '../support/private-standby.js'
import type { PostgresServer } from '../support/services/postgres-server.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { eventsOf, useManagers } from './managers.js'
import { forgetDocuments, keysOf, withRedis } from './redis-keys.js'

// Histories are lost here as they are in production: the database keeps its identity, its address and its numbers. A copy of a database,
// which has another identity, is in other-history.test.ts.

const start = useManagers()
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const NAMES = Array.from({ length: 10 }, (_, place) => `p${place}`)
/** Which prompts are written, in this order. The first is written twice, so that a version without labels is left behind. */
const LOST = [0, 0, 1, 2, 3]
const MADE = [0, 0, 1, 2, 3, 4]
/** Under the numbers of the lost ones, others: of what was lost, the log now says what it said before. */
const MADE_ELSEWHERE = [5, 6, 7, 8, 9, 9]
const TIMEOUTS = { databaseMs: 2_000, readMs: 6_000 }

type Read = (manager: ConfigurationManager) => Promise<Record<string, unknown>>

/** What is served under the label, and the content of a version that no label names. */
const served: Read = async (manager) => {
  const labelled = await Promise.all(NAMES.map(async (name) => [name, (await manager.getPrompt(name))?.template] as const))
  return { ...Object.fromEntries(labelled), 'p0 version 2': (await manager.getPrompt('p0', { version: 2 }))?.template }
}

const stored: Read = async (manager) => {
  const find = async (query: { name: string; label?: string; version?: number }) => (await manager.prompts.find(query))?.template
  const labelled = await Promise.all(NAMES.map(async (name) => [name, await find({ name, label: 'production' })] as const))
  return { ...Object.fromEntries(labelled), 'p0 version 2': await find({ name: 'p0', version: 2 }) }
}

function isLost(read: Record<string, unknown>): boolean {
  return Object.values(read).some((text) => `${text}`.startsWith('lost'))
}

async function write(manager: ConfigurationManager, places: readonly number[], word: string): Promise<number> {
  let last = 0
  for (const [index, place] of places.entries()) {
    const { revision } = await manager.prompts.createVersion({ name: NAMES[place]!, template: `${word} ${index}`, labels: ['production'] })
    last = revision
  }
  return last
}

/** Reads without end, and notes what was read of the lost history after the worker had noticed that it is lost. */
function watch(name: string, manager: ConfigurationManager) {
  const { of } = eventsOf(manager)
  const noticed = () => of('error').filter(({ event }) => /another history/.test(`${event.message}`)).length
  const complaints: string[] = []
  let isWatching = true
  const watching = (async () => {
    while (isWatching) {
      const hadNoticed = noticed() > 0
      // While the database is away there may be no answer; a wrong one is what counts.
      const read = await served(manager).catch(() => ({}))
      if (hadNoticed && isLost(read)) complaints.push(`${name} served ${JSON.stringify(read)}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  return {
    noticed,
    async end(): Promise<readonly string[]> {
      isWatching = false
      await watching
      return complaints
    },
  }
}

async function textsInRedis(namespace: string): Promise<string> {
  return withRedis(async (redis) => {
    const texts = await Promise.all((await keysOf(redis, namespace)).map((key) => redis.get(key).catch(() => '')))
    return texts.join('\n')
  })
}

interface Loss {
  /** Where workers find the database. */
  readonly url: string
  /** A replica of it. */
  readonly readUrl?: string
  /** What is written from here on will be lost. */
  endOfWhatIsKept(): Promise<void>
  /** Loses it. Resolves with the address of the database that is there now; workers reach it only after `reopen`. */
  lose(): Promise<string>
  reopen(): Promise<void>
}

async function failover(): Promise<Loss> {
  const { primary, standby, wire, stop } = await startPrivatePair()
  cleanups.push(stop)
  await migrateToLatest(primary.url)
  const address = await startTcpProxy(primary)
  cleanups.push(() => address.close())
  const url = new URL(primary.url)
  url.port = `${address.port}`
  return {
    url: url.href,
    readUrl: standby.url,
    async endOfWhatIsKept() {
      await standby.caughtUp()
      await wire.refuse()
    },
    async lose() {
      await address.refuse()
      await primary.kill()
      await standby.promote()
      return standby.url
    },
    async reopen() {
      address.retarget(standby)
      await address.accept()
    },
  }
}

async function restore(): Promise<Loss> {
  const postgres = await startRestorablePostgres()
  cleanups.push(() => postgres.stop())
  return restoreOf(postgres)
}

/** Nobody restores the replica: it has followed the lost history to its end, and there it stays. */
async function restoreButTheReplica(): Promise<Loss> {
  const { primary, standby, wire, stop } = await startPrivatePair()
  cleanups.push(stop)
  const loss = await restoreOf(primary)
  return {
    ...loss,
    readUrl: standby.url,
    async lose() {
      await standby.caughtUp()
      // Or it would try to follow the new history from where the lost one has brought it.
      await wire.refuse()
      return loss.lose()
    },
  }
}

async function restoreOf(postgres: PostgresServer): Promise<Loss> {
  await migrateToLatest(postgres.url)
  const address = await startTcpProxy(postgres)
  cleanups.push(() => address.close())
  const url = new URL(postgres.url)
  url.port = `${address.port}`
  let bringBack = async (): Promise<void> => {}
  return {
    url: url.href,
    async endOfWhatIsKept() {
      bringBack = await postgres.backUp()
    },
    async lose() {
      await address.refuse()
      await bringBack()
      return postgres.url
    },
    reopen: () => address.accept(),
  }
}

// Two servers are made and killed, and up to nine managers started, for each: more than the usual limit on a machine that is busy.
for (const [title, prepare, made] of [
  ['a failover that lost the last five commits and then made six others', failover, MADE],
  ['a failover that lost the last five commits and made as many others', failover, MADE.slice(0, LOST.length)],
  ['a restore from an older backup', restore, []],
  ['a restore from an older backup that was written to in other places', restore, MADE_ELSEWHERE],
  ['a restore from an older backup in which a replica took no part', restoreButTheReplica, []],
  ['a restore in which a replica took no part, written to in other places', restoreButTheReplica, MADE_ELSEWHERE],
] as const) {
  it(`${title} is noticed and repaired by every worker, whatever Redis holds`, async () => {
    const namespace = uniqueNamespace()
    const loss = await prepare()
    const common: ConfigManagerOptions = { database: loss.url, timeouts: TIMEOUTS, pollIntervalMs: 300 }
    const shared: ConfigManagerOptions = { ...common, redis: testRedisUrl(), namespace }
    const kinds: Record<string, ConfigManagerOptions> = {
      'with Redis': shared,
      'without Redis': common,
      'with Redis and next to no memory': { ...shared, listen: false, memory: { maxEntries: 1 } },
      ...(loss.readUrl === undefined ? {} : { 'with a replica': { ...common, readDatabase: loss.readUrl } }),
    }
    const workers = await Promise.all(Object.values(kinds).map(start))
    const [writer] = workers as [ConfigurationManager]
    const kept = await write(writer, [...NAMES.keys()], 'kept')
    await loss.endOfWhatIsKept()
    await eventually(() => writer.health().then(({ ok }) => ok))
    const top = await write(writer, LOST, 'lost')
    // Redis gets them all anew, also those that were not written, as of a revision that will be another one's.
    await forgetDocuments(namespace)
    await eventually(async () => (await Promise.all(workers.map(served))).every(isLost))
    // Who only heard of the lost commits may be put right without a word, by commits over the same names (forged-claims.test.ts): all read them.
    await eventually(() => Promise.all(workers.map((worker) => worker.catchUp())))
    const held = await textsInRedis(namespace)
    const watches = Object.keys(kinds).map((kind, place) => watch(kind, workers[place]!))

    const urlNow = await loss.lose()
    // Another process on the new primary, with no Redis: nobody tells the workers.
    const elsewhere = await start({ database: urlNow })
    await write(elsewhere, made, 'made')
    await loss.reopen()
    const newcomers = await Promise.all(Object.values(kinds).map(start))
    const first = await Promise.all(newcomers.map(served))
    await eventually(() => watches.every(({ noticed }) => noticed() > 0), { timeoutMs: 40_000 })
    // The database was away: a worker may not have asked again yet.
    await eventually(async () => (await Promise.all(workers.map((worker) => worker.health()))).every(({ ok }) => ok), { timeoutMs: 40_000 })
    const truth = await stored(elsewhere)
    const now = await Promise.all(workers.map(served))
    const complaints = (await Promise.all(watches.map((one) => one.end()))).flat()

    expect([kept, top]).toEqual([NAMES.length, NAMES.length + LOST.length])
    expect(held).toContain('lost')
    expect(isLost(truth)).toBe(false)
    expect(now).toEqual(workers.map(() => truth))
    expect(first).toEqual(newcomers.map(() => truth))
    expect(complaints).toEqual([])
    expect(watches.map(({ noticed }) => noticed())).toEqual(workers.map(() => 1))
    for (const worker of [...workers, ...newcomers]) {
      expect(worker.stats().revision).toBe(kept + made.length)
      expect((await worker.verify()).mismatches).toEqual([])
    }
    // And it goes on: what is written now is served by all, whether or not its writer tells Redis.
    for (const [word, by] of [
      ['after', elsewhere],
      ['later', writer],
    ] as const) {
      const last = await write(by, [0, 5], word)
      for (const worker of [...workers, ...newcomers]) {
        expect((await worker.getPrompt('p0', { minRevision: last }))?.template).toBe(`${word} 0`)
        expect((await worker.getPrompt('p5', { minRevision: last }))?.template).toBe(`${word} 1`)
      }
    }
    await Promise.all([...workers, ...newcomers, elsewhere].map((worker) => worker.shutdown()))
  })
}
