import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { ConfigurationManager } from '../../../src/index.js'
import { spawnWorker } from '../../support/spawn-worker.js'
import { NAMES } from '../support/bench-prompts.js'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'
import type { ReaderHandlers } from './reader-process.js'
import { promoteByHand } from './sql-by-hand.js'

const WRITES = { warmUp: 60, timed: 300 }
const FAR_WRITES = { warmUp: 20, timed: 100 }
/** Between two writes, so that none meets the echo of the one before. */
const PAUSE_MS = 3

export interface VisibilityParts {
  readonly manager: ConfigurationManager
  readonly databaseUrl: string
  /** Another database with the same prompts: writes by hand there do not disturb what is measured here. */
  readonly byHandUrl: string
  /** `undefined`: both sides announce by NOTIFY alone. */
  readonly redisUrl: string | undefined
  readonly namespace: string
  /** How far the servers are, where they are not on this machine. */
  readonly distance?: string
}

/**
 * From the start of `promote` until another process serves the new version to its own caller, beside the same SQL by hand and a bare PUBLISH or
 * NOTIFY until another process hears the message. By turns, one write at a time.
 */
export async function visibilityRow(parts: VisibilityParts): Promise<BenchRow> {
  const { manager, databaseUrl, byHandUrl, redisUrl, namespace, distance } = parts
  const writes = distance === undefined ? WRITES : FAR_WRITES
  const name = NAMES[0]!
  const pool = new pg.Pool({ connectionString: byHandUrl, max: 10, min: 1 })
  pool.on('error', () => {})
  const publisher = redisUrl === undefined ? undefined : new Redis(redisUrl)
  const args = [databaseUrl, byHandUrl, redisUrl ?? '', namespace, name]
  const reader = await spawnWorker<ReaderHandlers>(new URL('./reader-process.ts', import.meta.url), { args, isUnbundled: true })

  const timed = async (what: 'served' | 'heard', write: () => Promise<number>) => {
    const start = process.hrtime.bigint()
    const revision = await write()
    const end = await reader.ask('notedAt', what, revision)
    await sleep(PAUSE_MS)
    return Number(end - start) / 1e6
  }
  const times: { ours: number; byHand: number }[] = []
  for (let write = 0; write < writes.warmUp + writes.timed; write++) {
    const [from, to] = write % 2 === 0 ? [1, 2] : [2, 1]
    const oursMs = await timed('served', async () => (await manager.prompts.promote({ name, version: to! })).revision)
    const byHandMs = await timed('heard', async () => {
      const revision = await promoteByHand(pool, name, from!, to!)
      await publisher?.publish(`${namespace}:by-hand`, String(revision))
      return revision
    })
    if (write >= writes.warmUp) times.push({ ours: oursMs, byHand: byHandMs })
  }
  await reader.kill()
  publisher?.disconnect()
  await pool.end()
  const oursMs = times.map((time) => time.ours)
  const byHandMs = times.map((time) => time.byHand)
  return {
    measure: [
      'promote called → served by another process',
      ...(redisUrl === undefined ? ['LISTEN only'] : []),
      ...(distance === undefined ? [] : [distance]),
      'p50',
    ].join(', '),
    ours: `${significant(median(oursMs))} ms (p99 ${significant(percentile(oursMs, 0.99))})`,
    beside: `SQL by hand + \`${redisUrl === undefined ? 'NOTIFY' : 'PUBLISH'}\` → message: ${significant(median(byHandMs))} ms (p99 ${significant(percentile(byHandMs, 0.99))})`,
    ratio: median(oursMs) / median(byHandMs),
    reach: redisUrl === undefined ? 1.5 : 1.3,
    atMost: true,
  }
}

function percentile(numbers: readonly number[], share: number): number {
  return numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length * share)]!
}
