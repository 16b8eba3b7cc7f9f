import { createTestDatabase } from '../../support/test-database.js'
import { uniqueNamespace } from '../../support/test-redis.js'
import { fillPrompts } from '../scale/fill.js'
import { createConfigManager } from '../support/built.js'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'

const MANY_SCOPES = 100_000
const FEW_SCOPES = 100
const BOOTS = 15
const WORKERS = 20
const HERDS = 9
const PAGE = 100
const LAST_PAGE = 1_000
const LOOKS = 21

/** What does not grow with the number of scopes: a start, a page of a list. And what does not grow with the number of workers: a miss. */
export async function scaleRows(redisUrl: string): Promise<BenchRow[]> {
  const [large, small] = [await createTestDatabase(), await createTestDatabase()]
  await fillPrompts(large.url, 0, MANY_SCOPES)
  await fillPrompts(small.url, 0, FEW_SCOPES)
  const rows = [await bootRow(large.url, small.url, redisUrl), await herdRow(small.url, redisUrl), ...(await listRows(large.url))]
  await Promise.all([large.drop(), small.drop()])
  return rows
}

async function bootRow(large: string, small: string, redisUrl: string): Promise<BenchRow> {
  const namespace = uniqueNamespace()
  const times = { large: [] as number[], small: [] as number[] }
  for (let boot = -2; boot < BOOTS; boot++) {
    for (const [size, url] of [
      ['large', large],
      ['small', small],
    ] as const) {
      const start = process.cpuUsage()
      const manager = createConfigManager({ database: url, redis: redisUrl, namespace: `${namespace}-${size}` })
      await manager.ready()
      const { user, system } = process.cpuUsage(start)
      if (boot >= 0) times[size].push((user + system) / 1_000)
      await manager.shutdown()
    }
  }
  const [ours, beside] = [median(times.large), median(times.small)]
  return {
    measure: 'boot with 100,000 scopes until `ready()`, processor time',
    ours: `${significant(ours)} ms`,
    beside: `with ${FEW_SCOPES} scopes: ${significant(beside)} ms`,
    ratio: ours / beside,
    reach: 1.5,
    atMost: true,
  }
}

async function herdRow(url: string, redisUrl: string): Promise<BenchRow> {
  const loads: number[] = []
  for (let herd = 0; herd < HERDS; herd++) {
    const options = { database: url, redis: redisUrl, namespace: uniqueNamespace(), listen: false }
    const workers = Array.from({ length: WORKERS }, () => createConfigManager(options))
    await Promise.all(workers.map((worker) => worker.ready()))
    await Promise.all(workers.map((worker) => worker.getPrompt('prompt-1')))
    loads.push(workers.reduce((sum, worker) => sum + worker.stats().database.loads, 0))
    await Promise.all(workers.map((worker) => worker.shutdown()))
  }
  return {
    measure: `one name missed by ${WORKERS} workers at once`,
    ours: `${median(loads)} loads, ${Math.max(...loads)} at most`,
    beside: 'one load',
    ratio: median(loads),
    reach: 2,
    atMost: true,
  }
}

async function listRows(url: string): Promise<BenchRow[]> {
  const manager = createConfigManager({ database: url, redis: false })
  let cursor: string | undefined
  for (let page = 1; page < LAST_PAGE; page++) {
    cursor = (await manager.prompts.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) })).cursor
  }
  const timed = async (list: () => Promise<{ readonly items: readonly unknown[] }>, expected: number) => {
    const start = performance.now()
    const { items } = await list()
    if (items.length !== expected) throw new Error(`A page has ${items.length} items instead of ${expected}.`)
    return performance.now() - start
  }
  const times = { first: [] as number[], last: [] as number[], search: [] as number[] }
  for (let look = 0; look < LOOKS; look++) {
    times.first.push(await timed(() => manager.prompts.list({ limit: PAGE }), PAGE))
    times.last.push(await timed(() => manager.prompts.list({ limit: PAGE, cursor: cursor as string }), PAGE))
    times.search.push(await timed(() => manager.prompts.list({ limit: PAGE, search: 'prompt-9999' }), 11))
  }
  await manager.shutdown()
  const [first, last, search] = [median(times.first), median(times.last), median(times.search)]
  const beside = `its first page: ${significant(first)} ms`
  const list = `\`list()\` of ${MANY_SCOPES.toLocaleString('en')} prompts, ${PAGE} a page`
  return [
    { measure: `${list}: page ${LAST_PAGE}`, ours: `${significant(last)} ms`, beside, ratio: last / first, reach: 2, atMost: true },
    { measure: `${list}: search by name`, ours: `${significant(search)} ms`, beside, ratio: search / first, reach: 50, atMost: true },
  ]
}
