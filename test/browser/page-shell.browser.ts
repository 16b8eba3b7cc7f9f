import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openChromium } from './open-chromium.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { faultsOfLooks, isTooWide, Tabs, WAIT } from './support/tabs.js'

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost()])
  tabs = new Tabs(browser, host)
  await host.call('/prompts', { name: 'greeting', template: 'One', labels: ['production'] })
})

afterEach(() => tabs.close())

afterAll(async () => {
  await browser?.close()
  await host?.close()
})

/** The page while its script is on its way; the second value lets it arrive. */
async function openWithoutScript(options: BrowserContextOptions = {}): Promise<readonly [page: Page, arrive: () => void]> {
  const context = await browser.newContext(options)
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  await context.route('**/page.js', async (route) => {
    await arrived
    await route.continue()
  })
  const page = await tabs.open('prompts', { in: context, signsIn: false, waits: false, ends: 'commit' })
  await page.locator('main').waitFor(WAIT)
  return [page, arrive]
}

/** Where the brand and the sections of every API stand: name, left, top, width, height. */
const places = (page: Page) =>
  page.evaluate(`[...document.querySelectorAll('.brand, .top nav a')]
    .map((link) => [link.textContent.trim(), link.getAttribute('href'), ...['x', 'y', 'width', 'height'].map((side) => Math.round(link.getBoundingClientRect()[side]))])`) as Promise<
    (string | number)[][]
  >

describe.each([1440, 320])('before its script has come, at %i pixels', (width) => {
  it('the page shows its header, free of accessibility violations, in light and in dark', async () => {
    const [page, arrive] = await openWithoutScript({ viewport: { width, height: 900 }, reducedMotion: 'reduce' })

    expect(await page.locator('.top nav a').allTextContents()).toEqual([
      'Prompts',
      'Models',
      'Embeddings',
      'Context rules',
      'Rollouts',
      'Changelog',
      'Health',
    ])
    expect(await page.locator('main').textContent()).toContain('Loading')
    expect(await faultsOfLooks(page, 'shell', `shell-${width}`)).toEqual([])
    arrive()
    await page.getByRole('link', { name: 'greeting' }).waitFor(WAIT)
  })

  it('rendering takes the elements over: nothing jumps, the focus stays, and nothing is left disabled', async () => {
    const [page, arrive] = await openWithoutScript({ viewport: { width, height: 900 } })
    const before = await places(page)
    await page.locator('.brand').focus()
    await page.evaluate("document.querySelector('.brand').isTheSame = true")

    arrive()
    await page.getByRole('link', { name: 'greeting' }).waitFor(WAIT)

    const after = await places(page)
    // The kinds that only the API knows come between these.
    const links = after.map(([name, href]) => `${name} ${href}`)
    expect(links.filter((link) => before.some(([name, href]) => link === `${name} ${href}`))).toHaveLength(before.length)
    expect(after.slice(0, 5)).toEqual(before.slice(0, 5))
    expect(await page.evaluate('document.activeElement.isTheSame')).toBe(true)
    expect(await page.locator('button[disabled]').count()).toBe(0)
    expect(await page.locator('header.top, main, .skip').count()).toBe(3)
  })
})

it('is dark at once where the browser is', async () => {
  const [page, arrive] = await openWithoutScript({ colorScheme: 'dark' })

  expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(18, 20, 25)')
  arrive()
})

it('is rendered in a tab that nobody sees, which paints no frame', async () => {
  const context = await browser.newContext()
  await context.addInitScript("Object.defineProperty(document, 'hidden', { value: true }); globalThis.requestAnimationFrame = () => 0")
  const page = await tabs.open('prompts', { in: context, signsIn: false, waits: false })

  await page.getByRole('link', { name: 'greeting' }).waitFor(WAIT)
  expect(await isTooWide(page)).toBe(false)
})
