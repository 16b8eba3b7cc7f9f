import type { Browser } from 'playwright-core'
import { openChromium } from '../browser/open-chromium.js'
import { createEmptyDatabase, createTestDatabase } from '../support/test-database.js'
import { testRedisUrl } from '../support/test-redis.js'
import { createPrompts } from './host/create-prompts.js'
import { firstVersion } from './host/first-version.js'
import { startExampleHost, startFirstVersion } from './host/servers.js'
import { type BenchRow, significant } from './support/row.js'
import { median } from './support/take-turns.js'

const PROMPTS = 300
const TEMPLATE_BYTES = 20_000
const ROUNDS = 9

/** In the page: looks at every frame; the frame after the one in which rows were found is when they have been painted. */
const ROWS_PAINTED = `new Promise((resolve) => {
  const look = () =>
    document.querySelector('tbody tr') ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look)
  look()
})`

/** When a page showed something, and when it showed rows, in milliseconds from the beginning of its navigation. */
interface Paints {
  readonly first: number
  readonly rows: number
}

/** The admin page with many prompts in Chromium, beside that of version 0.1.0, each in a browser context without a cache. */
export async function pageBench(): Promise<BenchRow[]> {
  const sources = firstVersion()
  // Version 0.1.0 does not write to tables of this one.
  const databases = [await createTestDatabase(), await createEmptyDatabase()] as const
  const ours = await startExampleHost(1, databases[0].url, testRedisUrl())
  const theirs = await startFirstVersion(sources, databases[1].url, testRedisUrl())
  const browser = await openChromium()
  try {
    for (const host of [ours, theirs]) await createPrompts(host, PROMPTS, TEMPLATE_BYTES)
    const sides = [
      { host: ours, page: '/config/admin/', paints: [] as Paints[] },
      { host: theirs, page: '/admin/', paints: [] as Paints[] },
    ] as const
    for (let round = -1; round < ROUNDS; round++) {
      // The order changes from round to round, and the first round warms up.
      for (const { host, page, paints } of round % 2 === 0 ? sides : sides.toReversed()) {
        const seen = await paintsOf(browser, new URL(page, host.url).href)
        if (round >= 0) paints.push(seen)
      }
    }
    return [rowOf('first contentful paint', 'first'), rowOf('rows of the list on the screen', 'rows')]

    function rowOf(what: string, paint: keyof Paints): BenchRow {
      const [our, their] = sides.map(({ paints }) => median(paints.map((seen) => seen[paint]))) as [number, number]
      return {
        measure: `admin page with ${PROMPTS} prompts of ${TEMPLATE_BYTES / 1_000} kB, Chromium: ${what}`,
        ours: `${significant(our)} ms`,
        beside: `page of version 0.1.0: ${significant(their)} ms`,
        ratio: our / their,
        reach: 0.7,
        atMost: true,
      }
    }
  } finally {
    await browser.close()
    await Promise.all([ours.stop(), theirs.stop()])
    for (const database of databases) await database.drop()
  }
}

async function paintsOf(browser: Browser, url: string): Promise<Paints> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.goto(url, { waitUntil: 'commit' })
  const rows = await page.evaluate<number>(ROWS_PAINTED)
  const first = await page.evaluate<number | undefined>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
  await context.close()
  if (first === undefined) throw new Error(`${url} painted nothing.`)
  return { first, rows }
}
