import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigurationManager } from '../../../src/index.js'
import { eventually } from '../../support/eventually.js'
import { startPrivatePostgres } from '../../support/private-postgres.js'
import { startPrivateRedis } from '../../support/private-redis.js'
import { uniqueNamespace } from '../../support/test-redis.js'
import { NAMES, seedPrompts } from '../support/bench-prompts.js'
import { createConfigManager } from '../support/built.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { median } from '../support/take-turns.js'

const ROUNDS = 5
const WARM_UP_ROUNDS = 1
const QUIET_MS = 1_500
/** Longer than `timeouts.readMs`: reads that begin with it are given up within it. */
const FROZEN_MS = 4_000
const TURN_MS = 50
/** Of the second manager; its documents expire soon after the servers froze. */
const TTL_MS = 2_000
/** Less than its documents last. */
const FRESH_MS = 600
const MISS_EVERY_MS = 10
/** Times all names are read between two looks at timers and sockets: half a millisecond of peeks. */
const PASSES = 10

/**
 * Memory hits while PostgreSQL and Redis take connections and do not answer, beside memory hits when all is quiet, in turns.
 *
 * While they are frozen a hundred reads a second of something unknown wait for their deadlines, and the documents of a second manager expire:
 * at first it tries to confirm them, then it knows that it cannot.
 */
export async function frozenRows(): Promise<BenchRow[]> {
  const [postgres, redis] = await Promise.all([startPrivatePostgres(), startPrivateRedis()])
  const options = { database: postgres.url, redis: redis.url, namespace: uniqueNamespace() }
  const manager = createConfigManager({ ...options, autoMigrate: true })
  const expiring = createConfigManager({ ...options, ttlMs: TTL_MS })
  const rates = { peek: [], get: [], frozenPeek: [], frozenGet: [], freshGet: [], expiredGet: [], staleGet: [] } as Record<string, number[]>
  const misses = { sent: 0, refused: 0 }
  try {
    await seedPrompts(manager)
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      const note = (name: string, rate: number): void => {
        if (round >= 0) rates[name]!.push(rate)
      }
      await Promise.all([untilQuiet(manager), untilQuiet(expiring)])
      await takeTurns(QUIET_MS, async () => {
        note('peek', await peeks(manager))
        note('get', await gets(manager))
      })
      await renew(expiring)
      await takeTurns(FRESH_MS, async () => note('freshGet', await gets(expiring)))
      await Promise.all([postgres.freeze(), redis.freeze()])
      const missing = keepMissing(manager, misses)
      // Expiry is up to a tenth later than `ttlMs`, and noticed by a clock that moves every tenth.
      await sleep(TTL_MS * 1.3)
      await takeTurns(FROZEN_MS, async () => {
        note('frozenPeek', await peeks(manager))
        note('frozenGet', await gets(manager))
        await readWithoutWaiting(expiring)
        const isConfirming = expiring.peekPrompt(NAMES[0]!) !== undefined
        note(isConfirming ? 'expiredGet' : 'staleGet', await gets(expiring))
      })
      missing.stop()
      await Promise.all([postgres.thaw(), redis.thaw()])
      await missing.settled()
    }
  } finally {
    await Promise.all([postgres.thaw(), redis.thaw()])
    await Promise.all([manager.shutdown(), expiring.shutdown()])
    await Promise.all([postgres.stop(), redis.stop()])
  }
  if (misses.refused < misses.sent / 4) throw new Error(`Of ${misses.sent} reads only ${misses.refused} were refused: servers answered.`)
  const row = (measure: string, ours: string, beside: string): BenchRow => {
    const [rate, quiet] = [median(rates[ours]!), median(rates[beside]!)]
    return {
      measure: `${measure}, both servers frozen`,
      ours: perSecond(rate),
      beside: `quiet: ${perSecond(quiet)}`,
      ratio: rate / quiet,
      reach: 0.8,
    }
  }
  return [
    row('`peekPrompt`, memory hit', 'frozenPeek', 'peek'),
    row('`await getPrompt`, memory hit', 'frozenGet', 'get'),
    row('`await getPrompt`, expired and being confirmed', 'expiredGet', 'freshGet'),
    row('`await getPrompt`, expired and not to be confirmed (`stale`)', 'staleGet', 'freshGet'),
  ]
}

async function takeTurns(ms: number, turns: () => Promise<void>): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end) await turns()
}

function peeks(manager: ConfigurationManager): Promise<number> {
  return rateOf(() => {
    let sum = 0
    for (let pass = 0; pass < PASSES; pass++) for (const name of NAMES) sum += manager.peekPrompt(name)!.version
    return sum
  })
}

function gets(manager: ConfigurationManager): Promise<number> {
  return rateOf(async () => {
    let sum = 0
    for (let pass = 0; pass < PASSES; pass++) for (const name of NAMES) sum += (await manager.getPrompt(name))!.version
    return sum
  })
}

/** Throws when a read of something in memory waits for a timer or a socket, which a median would hide. */
async function readWithoutWaiting(manager: ConfigurationManager): Promise<void> {
  let isRead = false
  const reading = Promise.all(NAMES.map((name) => manager.getPrompt(name))).then(() => {
    isRead = true
  })
  // Comes after all that follows from the reads alone.
  await new Promise((resolve) => setImmediate(resolve))
  const isReadAtOnce = isRead
  await reading
  if (!isReadAtOnce) throw new Error('A read of an expired document waited for a server.')
}

/** Reads per second in one turn. Timers and sockets have their say in between, whose cost counts: it is what a frozen server causes. */
async function rateOf(read: () => number | Promise<number>): Promise<number> {
  const start = performance.now()
  let reads = 0
  do {
    const sum = read()
    if ((typeof sum === 'number' ? sum : await sum) < PASSES * NAMES.length) throw new Error('Not everything was read.')
    reads += PASSES * NAMES.length
    await new Promise((resolve) => setImmediate(resolve))
  } while (performance.now() - start < TURN_MS)
  return (reads / (performance.now() - start)) * 1_000
}

/** Resolves when a manager has its servers back, and in memory everything that is read. */
async function untilQuiet(manager: ConfigurationManager): Promise<void> {
  await eventually(
    async () => {
      const { ok, redis, subscriber } = await manager.health()
      if (!ok || redis !== 'up' || subscriber !== 'up') return false
      await Promise.all(NAMES.map((name) => manager.getPrompt(name)))
      return NAMES.every((name) => manager.peekPrompt(name) !== undefined)
    },
    { timeoutMs: 60_000, everyMs: 100 },
  )
}

/** Reads until every document has expired and was confirmed. */
async function renew(manager: ConfigurationManager): Promise<void> {
  const before = manager.stats().database.loads
  await eventually(async () => {
    for (const name of NAMES) await manager.getPrompt(name)
    return manager.stats().database.loads >= before + NAMES.length
  })
  // Behind the last of those loads, on the same server.
  await manager.health()
}

/** Reads what nobody knows, again and again, each time something else. */
function keepMissing(manager: ConfigurationManager, counts: { sent: number; refused: number }) {
  const pending = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const read = manager.getPrompt(`unknown-${counts.sent++}`).then(
      () => {},
      () => void counts.refused++,
    )
    pending.add(read)
    void read.then(() => pending.delete(read))
  }, MISS_EVERY_MS)
  return { stop: () => clearInterval(timer), settled: () => Promise.all(pending) }
}
