import { openSync, writeSync } from 'node:fs'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { RedisTier } from '../../src/cache/redis/redis-tier.js'
import type { RedisTopology } from '../../src/cache/redis/redis-topology.js'
import { Bus } from '../../src/manager/bus.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { GuardedReads } from '../../src/manager/guarded-reads.js'
import { isConfigError } from '../../src/shared/errors.js'
import { serveRequests } from '../support/serve-requests.js'
import { DECLARED, kindOf } from './chaos-kinds.js'
import type { HistoryLine } from './history.js'
import { Random } from './random.js'

/** What the harness tells a worker process, as its one argument. */
export interface WorkerSettings {
  readonly database: string
  readonly redis: string | RedisTopology
  readonly namespace: string
  readonly history: string
  readonly seed: number
  /** Which process of the run this is; part of every value it writes. */
  readonly id: number
  readonly names: readonly string[]
  readonly readMs: number
  readonly pollMs: number
  /** Milliseconds between two writes of this worker, on average. */
  readonly writeEveryMs: number
  readonly listen: boolean
  readonly maxEntries: number
  readonly ttlMs: number
  /** Shares of the messages that arrive. */
  readonly dropped: number
  readonly delayed: number
  readonly repeated: number
  /** Share of the answers of servers that are held on their way, and for how many milliseconds at most. */
  readonly held: number
  readonly heldMs: number
}

const settings = JSON.parse(process.argv[2] ?? '') as WorkerSettings

const random = new Random(settings.seed)
const counts = {
  reads: 0,
  failedReads: 0,
  writes: 0,
  messages: 0,
  messagesDropped: 0,
  messagesDelayed: 0,
  messagesRepeated: 0,
  unhandled: 0,
}
const counted = { refusedFills: 0, catchUps: 0, gaps: 0, staleServed: 0, loads: 0, redisHits: 0 }

// History: in memory first, to the file ten times a second; what is acknowledged at once.
const file = openSync(settings.history, 'a')
let pending = ''
let events = 0
type WithoutTime<Line> = Line extends unknown ? Omit<Line, 't'> : never
function write(line: WithoutTime<HistoryLine>): void {
  pending += `${JSON.stringify({ ...line, t: now() })}\n`
}
function flush(): void {
  if (pending) writeSync(file, pending)
  pending = ''
}
function now(): number {
  return Math.round(Number(process.hrtime.bigint()) / 1_000) / 1_000
}

process.on('unhandledRejection', (error) => {
  counts.unhandled++
  write({ e: 'odd', what: `unhandled rejection: ${String((error as Error)?.stack ?? error)}` })
})
disturbMessages()
slowDown()
let diesAtNextAnnouncement = false
const { announce } = RedisTier.prototype
RedisTier.prototype.announce = function (this: RedisTier, ...message) {
  // Between COMMIT and PUBLISH.
  if (diesAtNextAnnouncement) process.kill(process.pid, 'SIGKILL')
  return announce.apply(this, message)
}

const manager = createConfigManager({
  database: settings.database,
  redis: settings.redis,
  namespace: settings.namespace,
  listen: settings.listen,
  ttlMs: settings.ttlMs,
  pollIntervalMs: settings.pollMs,
  memory: { maxEntries: settings.maxEntries },
  timeouts: { redisMs: 250, databaseMs: 1_500, readMs: settings.readMs },
  kinds: DECLARED,
})
/** Names whose next read is written down whatever it gives, with the event since which that is so. */
const due = new Map(settings.names.map((name) => [name, 0]))
/** The names that are changed together. */
const partnerOf = (name: string) => settings.names[settings.names.indexOf(name) ^ 1] as string
const shown = new Map<string, string>()
/** Names that this process had from somebody who knew, or was told of. */
const confirmed = new Set<string>()
manager.on('change', ({ name, revision }) => {
  write({ e: 'told', q: ++events, name, revision })
  confirmed.add(name)
  due.set(name, events)
})
manager.on('error', ({ message }) => {
  if (/another history/.test(message)) write({ e: 'met', q: ++events })
})
/** What is served is written down now and then even if nothing obliges it to change: a lost history says so by staying. */
const sampling = setInterval(() => {
  for (const name of settings.names) if (!due.has(name)) due.set(name, events)
}, 1_000)

let lag = 0
let lastTick = performance.now()
const ticking = setInterval(() => {
  lag += Math.max(0, performance.now() - lastTick - 10)
  lastTick = performance.now()
}, 10)
const counting = setInterval(() => {
  const { refusedFills, catchUps, gaps, staleServed, database, redis } = manager.stats()
  Object.assign(counted, { refusedFills, catchUps, gaps, staleServed, loads: database.loads, redisHits: redis.hits })
  write({ e: 'count', counts: { ...counts, ...counted } })
  flush()
}, 100)

let isFinished = false
let isReading = true
let isWriting = true
const READERS = 3
// Before the log was read for the first time, documents from Redis are served unverified and G5 is not promised.
const ready = untilReady()
const loops = [...Array.from({ length: READERS }, (_, place) => readForever(place)), writeForever()]

const handlers = {
  dieAtNextAnnouncement: (): void => {
    diesAtNextAnnouncement = true
  },
  /** Never answers: whoever asks learns when this process has ended. */
  ended: (): Promise<void> => new Promise(() => {}),
  /** Reads as one that was handed the number of a write. */
  readAt: async (name: string, revision: number, history: number): Promise<void> => {
    await ready
    await read(name, { revision, history })
  },
  stopWriting: async (): Promise<void> => {
    isWriting = false
    await loops.at(-1)
  },
  finish: async (): Promise<void> => {
    isReading = false
    await Promise.all(loops)
    const values: Record<string, string> = {}
    for (const name of settings.names) {
      values[name] = await kindOf(name)
        .read(manager, name)
        .then(({ value }) => String(value), String)
    }
    isFinished = true
    write({ e: 'last', values })
    clearInterval(ticking)
    clearInterval(sampling)
    clearInterval(counting)
    await manager.shutdown()
    flush()
  },
}
export type ChaosHandlers = typeof handlers
serveRequests(handlers)
// The harness has died; only a process that has finished is to show that it ends by itself.
process.on('disconnect', () => {
  if (!isFinished) process.exit(1)
})

async function untilReady(): Promise<void> {
  for (;;) {
    try {
      await manager.ready()
      write({ e: 'met', q: ++events })
      return
    } catch {
      await sleep(100)
    }
  }
}

/** Each name belongs to one reader, so that reads of a name follow one another; the names of a pair, in either order, to the same one. */
async function readForever(place: number): Promise<void> {
  await ready
  const own = settings.names.filter((_, index) => (index >> 1) % READERS === place)
  while (isReading) {
    const start = random.below(own.length)
    for (let step = 0; step < own.length && isReading; step++) await read(own[(start + step) % own.length]!)
    for (let round = 0; round < 5; round++) {
      const reversed = random.next() < 0.5
      for (let step = 0; step < own.length; step++) peek(own[reversed ? own.length - 1 - step : step]!)
    }
    if (random.next() < 0.5) await sleep(random.between(0, 4))
    else await setImmediate()
  }
}

function peek(name: string): void {
  const begun = events
  const value = kindOf(name).peek(manager, name)
  if (value === undefined) return
  counts.reads++
  note(name, begun, { value, stale: false })
}

async function read(name: string, min?: { readonly revision: number; readonly history: number }): Promise<void> {
  const begun = events
  const startedAt = performance.now()
  const lagBefore = lag
  try {
    const { value, stale } = await kindOf(name).read(manager, name, min && { minRevision: min.revision })
    counts.reads++
    if (value !== undefined) note(name, begun, { value, stale }, min)
    else write({ e: 'odd', what: `${name} was not found` })
  } catch (error) {
    counts.failedReads++
    if (!isConfigError(error, 'E_STORE_UNAVAILABLE')) write({ e: 'odd', what: `${name}: ${String(error)}` })
    // Nobody else is to be asked either; a loop that fails at once would only burn the processor.
    await sleep(5)
  }
  const ms = performance.now() - startedAt
  if (ms > settings.readMs) {
    await sleep(15)
    write({ e: 'slow', ms: ms - 5, lag: lag - lagBefore })
  }
}

function note(
  name: string,
  begun: number,
  { value, stale }: { readonly value: string; readonly stale: boolean },
  min?: { readonly revision: number; readonly history: number },
): void {
  const unconfirmed = stale && !confirmed.has(name)
  const isNew = shown.get(name) !== value || !(unconfirmed || confirmed.has(name))
  if (!unconfirmed) confirmed.add(name)
  if (!isNew && min === undefined && !due.has(name)) return
  write({ e: 'read', q: ++events, b: begun, name, v: value, unconfirmed, ...(min && { min: min.revision, minHistory: min.history }) })
  // What has come due since this read began waits for the next one.
  if ((due.get(name) ?? 0) <= begun) due.delete(name)
  shown.set(name, value)
  if (isNew) due.set(partnerOf(name), events)
}

async function writeForever(): Promise<void> {
  await ready
  while (isWriting) {
    await sleep(random.between(0.2, 1.8) * settings.writeEveryMs)
    if (!isWriting) return
    const name = settings.names[random.below(settings.names.length)] as string
    const dice = random.next()
    if (dice < 0.4) await put([name, partnerOf(name)])
    else await put([name])
    if (dice > 0.8) {
      await sleep(random.between(1, 7))
      await put([name])
    }
  }
}

/** The manager's repositories, as `transaction()` hands them out. */
const whole = { prompts: manager.prompts, flags: manager.flags, of: manager.of.bind(manager) }

let lastWrite = 0
async function put(names: readonly string[]): Promise<void> {
  const v = `${settings.id}-${++lastWrite}`
  try {
    let revision = 0
    const [first = ''] = names
    if (names.length === 1) revision = (await kindOf(first).write(whole, first, v)).revision
    else
      await manager.transaction(async (repositories) => {
        for (const name of names) revision = (await kindOf(name).write(repositories, name, v)).revision
      })
    counts.writes++
    write({ e: 'ack', q: ++events, names, v, revision })
    for (const name of names) confirmed.add(name)
    for (const name of names) due.set(name, events)
    flush()
  } catch (error) {
    const { outcome } = error as { outcome?: string }
    write({ e: 'refused', v, outcome: outcome ?? 'none', error: String(error) })
  }
}

/** Loses, delays, swaps and repeats what arrives, by whatever way. */
function disturbMessages(): void {
  const { receive } = Bus.prototype
  const luck = new Random(settings.seed + 1)
  Bus.prototype.receive = function (this: Bus, text) {
    counts.messages++
    if (luck.next() < settings.dropped) {
      counts.messagesDropped++
      return
    }
    if (luck.next() < settings.repeated) {
      counts.messagesRepeated++
      setTimeout(() => receive.call(this, text), luck.between(0, 200))
    }
    if (luck.next() < settings.delayed) {
      counts.messagesDelayed++
      setTimeout(() => receive.call(this, text), luck.between(0, 120))
    } else receive.call(this, text)
  }
}

/** Holds answers of both servers on their way, so that changes are announced between a read and its arrival. */
function slowDown(): void {
  const luck = new Random(settings.seed + 2)
  const hold = () => (luck.next() < settings.held ? sleep(luck.between(0, settings.heldMs)) : undefined)
  const { run } = GuardedReads.prototype
  GuardedReads.prototype.run = async function (this: GuardedReads, query) {
    const answer = await run.call(this, query)
    await hold()
    return answer as never
  }
  const { get, getMany } = RedisTier.prototype
  RedisTier.prototype.get = async function (this: RedisTier, scope) {
    const answer = await get.call(this, scope)
    await hold()
    return answer
  }
  RedisTier.prototype.getMany = async function (this: RedisTier, scopes) {
    const answers = await getMany.call(this, scopes)
    await hold()
    return answers
  }
}
