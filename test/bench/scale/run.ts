import { parseArgs } from 'node:util'
import { measureBoot } from './boot.js'
import { fillPrompts, nameOf } from './fill.js'
import type { Fleet, FleetOptions } from './fleet.js'
import { measureIdle } from './idle.js'
import { measureLoad } from './load.js'
import { measureLogReads } from './log-reads.js'
import { measureMemory } from './memory.js'
import { measureDelivery, measureWrites } from './messages.js'
import { measureReconnect } from './reconnect.js'
import { type Servers, startServers } from './servers.js'
import { openWatch, type Watch } from './watch.js'

// Measures what a fleet costs its two servers, and prints the figures of docs/scaling.md:
//   npm run scale -- --workers 250 --scopes 100000

const { values } = parseArgs({
  options: { workers: { type: 'string', default: '250' }, scopes: { type: 'string', default: '100000' } },
})
const workers = Number(values.workers)
const scopes = Number(values.scopes)
/** Each worker of the fleet holds as many documents; a real one holds those it serves. */
const HELD = 20
const LISTENING = 10
/** Small, so that hundreds of workers fit into one process: a tenth of the heads that a worker keeps by default. */
const MANAGER = { memory: { maxEntries: 1_000 } }
/** With the default of two seconds for a read of the log, workers of one machine that all read 100,000 heads get nowhere. */
const PATIENT = { ...MANAGER, timeouts: { databaseMs: 120_000 } }
const LIMIT_MS = 30_000
const PATIENT_LIMIT_MS = 240_000
const CHANNEL = '{agent-config}:config:invalidate'

const servers = await startServers()
const watch = await openWatch(servers)
try {
  print('fill', { scopes, ms: await fillPrompts(servers.postgres.url, 0, scopes) })
  print('reading the log', await measureLogReads(servers.postgres.url))
  await printMemory(servers)
  await (await bootFleet(servers, watch, 'default timeouts', { workers: Math.min(25, workers), manager: MANAGER })).stop()
  await (await bootFleet(servers, watch, 'patient', { workers: Math.min(25, workers), manager: PATIENT })).stop()
  const fleet = await bootFleet(servers, watch, 'patient', { workers, listening: LISTENING, manager: PATIENT })
  await measureFleet(servers, watch, fleet)
  await fleet.stop()
} finally {
  await watch.close()
  await servers.stop()
}

async function bootFleet(servers: Servers, watch: Watch, title: string, options: FleetOptions): Promise<Fleet> {
  const limitMs = options.manager === PATIENT ? PATIENT_LIMIT_MS : LIMIT_MS
  const { fleet, cost } = await measureBoot(servers, watch, options, limitMs)
  print(`boot, ${title}`, cost)
  return fleet
}

async function printMemory(servers: Servers): Promise<void> {
  for (const [maxEntries, documents] of [
    [10, 0],
    [10_000, 0],
    [10_000, 1_000],
    [10_000, 10_000],
  ] as const) {
    const heads = Math.min(maxEntries * 10, scopes)
    if (documents <= scopes)
      print(`memory with ${documents} documents, ${heads} heads`, await measureMemory(servers, maxEntries, documents))
  }
}

async function measureFleet(servers: Servers, watch: Watch, fleet: Fleet): Promise<void> {
  const { redis } = servers
  print('idle', await measureIdle(servers, watch, fleet))
  // A tenth of the heads is kept, the latest: of the others a worker cannot tell whether what Redis holds is current.
  const held = scopes - 1_000
  print(`all read ${HELD} cold names`, await measureLoad(servers, watch, fleet, { from: held, count: HELD }))
  print('the same, heads pushed out', await measureLoad(servers, watch, fleet, { from: scopes / 2, count: HELD }))
  print('one message to each', await measureDelivery(servers, watch, CHANNEL, workers))
  const writer = fleet.managers[0]!
  print('a write that nobody holds', await measureWrites(servers, watch, writer, scopes - 1))
  print('a write that all hold', await measureWrites(servers, watch, writer, held))
  print('subscribers cut', await measureReconnect(servers, watch, fleet, watch.cutSubscribers, workers))
  print('Redis restarted', await measureReconnect(servers, watch, fleet, () => redis.restart(), workers))
  const missed = async () => {
    await redis.kill()
    await fillPrompts(servers.postgres.url, scopes, scopes + 1_000)
    await redis.restart()
  }
  print('Redis killed, 1,000 changes missed', await measureReconnect(servers, watch, fleet, missed, workers))
  const peeked = fleet.managers.filter((one) => one.peekPrompt(nameOf(held)) !== undefined).length
  print('after all this', { holding: peeked, ...(await measureIdle(servers, watch, fleet)) })
}

function print(title: string, figures: object): void {
  const shown = Object.entries(figures).map(([name, value]) => `${name} ${typeof value === 'number' ? significant(value) : value}`)
  console.log(`${title}: ${shown.join(' · ')}`)
}

function significant(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}
