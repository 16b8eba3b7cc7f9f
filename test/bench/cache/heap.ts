import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { TSX_LOADER } from '../../support/tsx-loader.js'
import { NAMES } from '../support/bench-prompts.js'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'

const run = promisify(execFile)

export interface HeapParts {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly namespace: string
}

/** What a process has of its own varies by a tenth from one to the next. */
const PROCESSES = 5

/** Heap of one cached prompt of 1.6 kB with everything kept for it, in processes of their own, beside the template's text alone. */
export async function heapRows(parts: HeapParts): Promise<BenchRow[]> {
  const client = new Redis(parts.redisUrl)
  const fromRedis: Measured[] = []
  const fromDatabase: Measured[] = []
  for (let turn = 0; turn < PROCESSES; turn++) {
    await client.del(await client.keys(`*${parts.namespace}*`))
    fromDatabase.push(await measure(parts))
    // That process has left its documents in Redis.
    fromRedis.push(await measure(parts))
  }
  client.disconnect()
  return [row('Redis', fromRedis), row('PostgreSQL', fromDatabase)]
}

type Source = 'Redis' | 'PostgreSQL'

interface Measured {
  readonly cached: number
  readonly bare: number
  /** How many prompts came from each. */
  readonly sources: Readonly<Record<Source, number>>
}

async function measure({ databaseUrl, redisUrl, namespace }: HeapParts): Promise<Measured> {
  const file = fileURLToPath(new URL('./heap-process.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', TSX_LOADER, file, databaseUrl, redisUrl, namespace])
  return JSON.parse(stdout) as Measured
}

function row(source: Source, measured: readonly Measured[]): BenchRow {
  const least = Math.min(...measured.map(({ sources }) => sources[source]))
  if (least < NAMES.length) throw new Error(`Only ${least} prompts came from ${source}: this measures something else.`)
  const cached = median(measured.map((one) => one.cached))
  const bare = median(measured.map((one) => one.bare))
  return {
    measure: `heap per cached prompt of 1.6 kB, read from ${source}`,
    ours: `${significant(cached)} B`,
    beside: `its template alone: ${significant(bare)} B`,
    ratio: cached / bare,
    reach: 2.2,
    atMost: true,
  }
}
