import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { TSX_LOADER } from '../../support/tsx-loader.js'
import { type BenchRow, significant } from '../support/row.js'

const run = promisify(execFile)

export interface HeapParts {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly namespace: string
}

/** Heap of one cached prompt of 1.6 kB with everything kept for it, in a process of its own, beside the template's text alone. */
export async function heapRows(parts: HeapParts): Promise<BenchRow[]> {
  const fromRedis = await measure(parts)
  const client = new Redis(parts.redisUrl)
  await client.del(await client.keys(`*${parts.namespace}*`))
  client.disconnect()
  const fromDatabase = await measure(parts)
  return [row('Redis', fromRedis), row('PostgreSQL', fromDatabase)]
}

interface Measured {
  readonly cached: number
  readonly bare: number
}

async function measure({ databaseUrl, redisUrl, namespace }: HeapParts): Promise<Measured> {
  const file = fileURLToPath(new URL('./heap-process.ts', import.meta.url))
  const { stdout } = await run(process.execPath, ['--expose-gc', '--import', TSX_LOADER, file, databaseUrl, redisUrl, namespace])
  return JSON.parse(stdout) as Measured
}

function row(source: string, { cached, bare }: Measured): BenchRow {
  return {
    measure: `heap per cached prompt of 1.6 kB, read from ${source}`,
    ours: `${significant(cached)} B`,
    beside: `its template alone: ${significant(bare)} B`,
    ratio: cached / bare,
    reach: 2.2,
    atMost: true,
  }
}
