import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
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

const FIRST_PAINT = `new Promise((resolve) => new PerformanceObserver((list) => {
  for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') resolve(startTime)
}).observe({ type: 'paint', buffered: true }))`

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
  const oneLine = await serveOneLine()
  const leastFirst: number[] = []
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
      const least = await inNewContext(browser, addressOf(oneLine), (tab) => tab.evaluate<number>(FIRST_PAINT))
      if (round >= 0) leastFirst.push(least)
    }
    const floor = `; one line of text under the same opener policy: ${significant(median(leastFirst))} ms`
    return [rowOf('first contentful paint', 'first', floor), rowOf('rows of the list on the screen', 'rows')]

    function rowOf(what: string, paint: keyof Paints, note = ''): BenchRow {
      const [our, their] = sides.map(({ paints }) => median(paints.map((seen) => seen[paint]))) as [number, number]
      return {
        measure: `admin page with ${PROMPTS} prompts of ${TEMPLATE_BYTES / 1_000} kB, Chromium: ${what}`,
        ours: `${significant(our)} ms${note}`,
        beside: `page of version 0.1.0: ${significant(their)} ms`,
        ratio: our / their,
        reach: 0.7,
        atMost: true,
      }
    }
  } finally {
    await browser.close()
    oneLine.close()
    await Promise.all([ours.stop(), theirs.stop()])
    for (const database of databases) await database.drop()
  }
}

function paintsOf(browser: Browser, url: string): Promise<Paints> {
  return inNewContext(browser, url, async (tab) => {
    const rows = await tab.evaluate<number>(ROWS_PAINTED)
    return { first: await tab.evaluate<number>(FIRST_PAINT), rows }
  })
}

async function inNewContext<Value>(browser: Browser, url: string, look: (tab: Page) => Promise<Value>): Promise<Value> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const tab = await context.newPage()
  await tab.goto(url, { waitUntil: 'commit' })
  const seen = await look(tab)
  await context.close()
  return seen
}

/** The least that can be painted, with the header that both pages have: Chromium takes a process of its own for it. */
async function serveOneLine(): Promise<Server> {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cross-origin-opener-policy': 'same-origin' }
  const server = createServer((_request, response) => response.writeHead(200, headers).end('<!doctype html><p>One line'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
