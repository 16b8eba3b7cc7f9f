import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type AxeResults, source as axe } from 'axe-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { TOKEN } from '../../express-host/start-host.js'
import { eventually } from '../../support/eventually.js'
import type { PageHost } from './page-host.js'

/** When to give up, in milliseconds. A limit for a broken run: on a machine that others use a page may need seconds for what takes milliseconds. */
export const WAIT = { timeout: 30_000 }
/** Screenshots of the run, for people to look at. */
const SHOTS = join(import.meta.dirname, '../../../.cache/screenshots')

/** Text that would hurt where it is read as anything but text. */
export const HOSTILE = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>"'><svg onload=window.hurt=1>{{javascript:alert(1)}}`

export interface OpenOptions extends BrowserContextOptions {
  /** Beside the tabs of the same person. */
  readonly in?: BrowserContext
  /** @default true */
  readonly signsIn?: boolean
  /** Whether the browser has Web Locks, as it has not over plain HTTP from elsewhere. @default true */
  readonly hasLocks?: boolean
  /** Whether the view is waited for. @default true */
  readonly waits?: boolean
  /** When the page counts as opened: with everything it asks for at once, or with its first bytes. @default 'load' */
  readonly ends?: 'load' | 'commit'
  /** Complaints that the test brings about, whenever they come. */
  readonly forgives?: RegExp
}

interface Opened {
  readonly page: Page
  readonly complaints: string[]
}

/** Tabs of the page. What a page complains about, or asks of other hosts, fails the test at its end. */
export class Tabs {
  readonly #browser: Browser
  readonly #host: PageHost
  #opened: Opened[] = []

  constructor(browser: Browser, host: PageHost) {
    this.#browser = browser
    this.#host = host
  }

  /** A tab of a person of its own, signed in. */
  async open(view: string, options: OpenOptions = {}): Promise<Page> {
    const { in: beside, signsIn = true, hasLocks = true, waits = true, ends = 'load', forgives, ...rest } = options
    const page = await (beside ?? (await this.#browser.newContext({ locale: 'en-GB', ...rest }))).newPage()
    if (!hasLocks) await page.addInitScript("Object.defineProperty(navigator, 'locks', { value: undefined })")
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && !forgives?.test(message.text()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => new URL(request.url()).origin !== this.#host.origin && complaints.push(`asks ${request.url()}`))
    this.#opened.push({ page, complaints })
    const token = signsIn ? `#token=${encodeURIComponent(TOKEN.value)}` : `#/${view}`
    await page.goto(`${this.#host.origin}/config/admin/${token}`, { waitUntil: ends })
    if (signsIn) await page.locator('.live[data-state=live]').waitFor(WAIT)
    if (waits) await show(page, view)
    return page
  }

  /** Refusals of the API stand in the console of the browser; a test that brings one about says so. */
  forgive(page: Page): void {
    const { complaints } = this.#opened.find((opened) => opened.page === page)!
    complaints.length = 0
  }

  /** Closes all of them, and expects no complaint. */
  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = []
    await Promise.all([...new Set(opened.map(({ page }) => page.context()))].map((context) => context.close()))
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([])
  }
}

/** Goes to a view, as a link of the page would, and waits until it shows what it loads first. */
export async function show(page: Page, view: string): Promise<void> {
  // Text, because this project's types know no browser.
  await page.evaluate(`location.assign(${JSON.stringify(`#/${view}`)})`)
  // The address first: until the page has heard of it, the heading is that of the view before.
  await eventually(async () => (await page.locator('main').getAttribute('data-address')) === `#/${view}`)
  await page
    .locator('main .loading')
    .first()
    .waitFor({ ...WAIT, state: 'detached' })
  await page.locator('main h1').first().waitFor(WAIT)
}

/**
 * What is wrong with a state, in light and in dark: accessibility violations, and what stands beyond the edge. Leaves a picture of each.
 *
 * Only the colours depend on the scheme, by CSS alone, so the state stands while the scheme is changed.
 */
export async function faultsOfLooks(page: Page, state: string, picture: string): Promise<readonly string[]> {
  const faults: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    faults.push(...(await violations(page)).map((violation) => `${state} in ${colorScheme}: ${violation}`))
    if (await isTooWide(page)) faults.push(`${state} in ${colorScheme} is too wide`)
    await shot(page, `${picture}-${colorScheme}`)
  }
  return faults
}

async function violations(page: Page): Promise<readonly string[]> {
  // Its half a megabyte is read once for each document; a change of view keeps the document.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(`${axe};void 0`)
  const found = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults
  return found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html} ${violation.nodes[0]?.failureSummary}`)
}

export async function isTooWide(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) as boolean
}

export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: join(SHOTS, `${name}.png`) })
}
