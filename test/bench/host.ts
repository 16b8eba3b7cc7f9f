import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl } from '../support/test-redis.js'
import { measureList } from './host/list.js'
import { type Server, startBareExpress, startBareHono, startExampleHost, startHonoHost, TOKEN } from './host/servers.js'
import { templateOf } from './support/bench-prompts.js'
import { type BenchRow, perSecond } from './support/row.js'
import { median } from './support/take-turns.js'

const TURN_SECONDS = 1
const ROUNDS = 11
const CONNECTIONS = 32
const WRITE_EVERY_MS = 100
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` }
/** What every server adds by itself. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['connection', 'content-length', 'date', 'keep-alive'])

/**
 * What a read asks for: the label alone, or at least the revision that was acknowledged when it left. The second is how a client reads
 * its own writes on any worker; the first may meet a worker that the announcement has not reached yet.
 */
type Asked = 'label' | 'min_revision'

/** One turn of reads. */
interface Load {
  readonly rate: number
  readonly reads: number
  readonly failed: number
  /** Answers older than a write that was acknowledged before the request left. */
  readonly stale: number
}

/** A host, and what it stands beside. */
interface Pair {
  readonly workers: number
  /** Where the handler is mounted, when it is not Express. */
  readonly place: string
  readonly besideName: string
  readonly reach: number
  startHost(database: string, redis: string): Promise<Server>
  /** @param headers of the host's own answer */
  startBare(body: string, headers: Record<string, string>): Promise<Server>
}

const express = (workers: number): Pair => ({
  workers,
  place: '',
  besideName: 'bare Express route',
  reach: 0.85,
  startHost: (database, redis) => startExampleHost(workers, database, redis),
  startBare: (body) => startBareExpress(workers, body),
})
const hono: Pair = {
  workers: 1,
  place: ", on Hono's own server for Node",
  besideName: 'bare Hono route',
  reach: 0.8,
  startHost: startHonoHost,
  startBare: startBareHono,
}

/** Reads of one prompt over HTTP while it is promoted all the time, beside a bare route of the framework that returns the same bytes. */
export async function hostBench(): Promise<BenchRow[]> {
  return [
    await measure(express(1), 'min_revision'),
    await measure(express(4), 'label'),
    await measure(express(4), 'min_revision'),
    await measure(hono, 'min_revision'),
    await measureList(testRedisUrl()),
  ]
}

async function measure({ workers, place, besideName, reach, startHost, startBare }: Pair, asked: Asked): Promise<BenchRow> {
  const database = await createTestDatabase()
  const host = await startHost(database.url, testRedisUrl())
  for (const template of ['One', 'Two']) await write(host, 'versions', { template: templateOf(template), labels: ['production'] })
  const answer = await fetch(host.url, { headers: { ...AUTHORIZED, 'accept-encoding': 'identity' } })
  const headers = [...answer.headers].filter(([name]) => !OF_THE_SERVER.has(name))
  const bare = await startBare(await answer.text(), Object.fromEntries(headers))
  // The writer goes on during the bare turns too: both sides have the same company on the machine.
  const writer = startWriter(host)
  const [ours, beside]: [Load[], Load[]] = [[], []]
  for (let round = -1; round < ROUNDS; round++) {
    // The order changes from round to round, and the first round warms up.
    const turns = [
      async () => ours.push(await read(host, asked, writer.acknowledged)),
      async () => beside.push(await read(bare, asked, () => 0)),
    ]
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn()
    if (round < 0) ours.length = beside.length = 0
  }
  const writes = await writer.stop()
  await Promise.all([host.stop(), bare.stop()])
  await database.drop()

  const rate = (loads: readonly Load[]) => median(loads.map((load) => load.rate))
  const sum = (field: 'failed' | 'stale' | 'reads') => ours.reduce((total, load) => total + load[field], 0)
  if (sum('failed') > 0 || (asked === 'min_revision' && sum('stale') > 0)) {
    throw new Error(`${workers} workers: ${sum('failed')} reads failed, ${sum('stale')} were stale.`)
  }
  return {
    measure: `reads over HTTP by ${asked}, ${workers} worker${workers === 1 ? '' : 's'}, a promotion every ${WRITE_EVERY_MS} ms${place}`,
    ours: `${perSecond(rate(ours))}; ${sum('failed')} failed, ${sum('stale')} of ${sum('reads')} stale; ${writes} promotions`,
    beside: `${besideName}: ${perSecond(rate(beside))}`,
    ratio: rate(ours) / rate(beside),
    reach,
  }
}

/** Reads as fast as the server answers. */
async function read(server: Server, asked: Asked, acknowledged: () => number): Promise<Load> {
  let stale = 0
  const { pathname } = new URL(server.url)
  const result = await autocannon({
    url: server.url,
    headers: AUTHORIZED,
    connections: CONNECTIONS,
    duration: TURN_SECONDS,
    requests: [
      {
        setupRequest: (request, context) => {
          const least = acknowledged()
          Object.assign(context, { least })
          return { ...request, path: asked === 'label' ? pathname : `${pathname}?min_revision=${least}` }
        },
        onResponse: (_status, body, context) => {
          const [, revision] = /"revision":(\d+)/.exec(body) ?? []
          if (Number(revision) < (context as { least: number }).least) stale++
        },
      },
    ],
  })
  const reads = result.requests.total
  return { rate: reads / result.duration, reads, failed: result.non2xx + result.errors + result.timeouts, stale }
}

/** Moves the label to and fro; knows the revision of the last move that was acknowledged. */
function startWriter(host: Server): { acknowledged(): number; stop(): Promise<number> } {
  let isWriting = true
  let revision = 0
  let writes = 0
  const done = (async () => {
    while (isWriting) {
      const due = sleep(WRITE_EVERY_MS)
      const answer = await write(host, 'promote', { version: (writes % 2) + 1 })
      revision = answer.revision
      writes++
      await due
    }
  })()
  return {
    acknowledged: () => revision,
    stop: async () => {
      isWriting = false
      await done
      return writes
    },
  }
}

async function write(host: Server, verb: string, body: object): Promise<{ readonly revision: number }> {
  const headers = { ...AUTHORIZED, 'content-type': 'application/json' }
  const response = await fetch(`${host.url}/${verb}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(verb === 'versions' ? { create: true, ...body } : body),
  })
  if (!response.ok) throw new Error(`${verb}: ${await response.text()}`)
  return (await response.json()) as { revision: number }
}
