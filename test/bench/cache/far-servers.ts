import pg from 'pg'
import { spawnWorker } from '../../support/spawn-worker.js'
import { createConfigManager } from '../support/built.js'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'
import type { FarHandlers } from './far-process.js'
import { visibilityRow } from './visibility.js'
import { writeRows } from './writes.js'

const QUESTIONS = 100

export interface FarParts {
  readonly databaseUrl: string
  /** Another database with the same prompts. */
  readonly byHandUrl: string
  readonly redisUrl: string
  readonly namespace: string
}

/** Writes to servers that are not on this machine, and how soon another process serves them: the same on both sides, with a network between. */
export async function farRows({ databaseUrl, byHandUrl, redisUrl, namespace }: FarParts): Promise<BenchRow[]> {
  const network = await spawnWorker<FarHandlers>(new URL('./far-process.ts', import.meta.url), { isUnbundled: true })
  const far = {
    databaseUrl: await network.ask('moveAway', databaseUrl),
    byHandUrl: await network.ask('moveAway', byHandUrl),
    redisUrl: await network.ask('moveAway', redisUrl),
  }
  const distance = `servers ${significant(await roundTripMs(far.byHandUrl))} ms away`
  const manager = createConfigManager({ database: far.databaseUrl, redis: far.redisUrl, namespace })
  const listener = createConfigManager({ database: far.databaseUrl, redis: false })
  const rows = [
    ...(await writeRows(manager, far.byHandUrl, distance)),
    await visibilityRow({ manager, ...far, namespace, distance }),
    await visibilityRow({ manager: listener, ...far, redisUrl: undefined, namespace, distance }),
  ]
  await Promise.all([manager.shutdown(), listener.shutdown()])
  await network.kill()
  return rows
}

/** How long PostgreSQL takes to answer the shortest question from there. */
async function roundTripMs(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const times: number[] = []
  for (let question = 0; question < QUESTIONS; question++) {
    const start = performance.now()
    await client.query('select 1')
    times.push(performance.now() - start)
  }
  await client.end()
  return median(times)
}
