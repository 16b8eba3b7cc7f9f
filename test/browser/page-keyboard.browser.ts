import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openChromium } from './open-chromium.js'
import { fill, fillLater } from './support/fill.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, show, Tabs, WAIT } from './support/tabs.js'

// Everything by the keyboard alone.

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost()])
  tabs = new Tabs(browser, host)
  await fill(host)
  await fillLater(host)
})

afterEach(() => tabs.close())

afterAll(async () => {
  await browser?.close()
  await host?.close()
})

/** What Tab is to reach, by what one would call it; numbered, so that two of one name are two. */
const TABBABLE = `(() => {
  const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])')
  const can = (one) => !one.disabled && one.tabIndex >= 0 && !one.closest('[inert]') && one.checkVisibility({ visibilityProperty: true })
  globalThis.tabbable = [...all].filter(can)
  return tabbable.map((one, place) => place + ' ' + (one.getAttribute('aria-label') || one.textContent.trim() || one.id || one.tagName).slice(0, 40))
})()`
/** Where the focus is, and what is wrong with how it shows: no outline, out of sight, or below something else. */
const FOCUSED = `(() => {
  const one = document.activeElement
  if (one === document.body || one.id === 'main') return undefined
  const { outlineStyle, outlineWidth } = getComputedStyle(one)
  const { left, top, width, height } = one.getBoundingClientRect()
  const [x, y] = [Math.min(Math.max(left + width / 2, 0), innerWidth - 1), Math.min(Math.max(top + height / 2, 0), innerHeight - 1)]
  const over = document.elementFromPoint(x, y)
  const faults = []
  if (outlineStyle === 'none' || outlineWidth === '0px') faults.push('has no outline')
  if (top + height <= 0 || top >= innerHeight || left + width <= 0 || left >= innerWidth) faults.push('is out of sight')
  else if (!one.contains(over) && !over?.contains(one) && !over?.closest('label')?.contains(one)) faults.push('is covered by ' + over?.outerHTML.slice(0, 80))
  return { place: tabbable.indexOf(one), faults }
})()`

/** Goes through the page by Tab, from its beginning until the focus leaves it. */
async function walk(
  page: Page,
): Promise<{ readonly wanted: readonly string[]; readonly reached: readonly string[]; readonly faults: readonly string[] }> {
  await page.evaluate('document.activeElement.blur(), getSelection().removeAllRanges(), scrollTo(0, 0)')
  // From the beginning, wherever the focus was before.
  await page.evaluate('document.body.tabIndex = -1, document.body.focus(), document.body.removeAttribute("tabindex")')
  const wanted = (await page.evaluate(TABBABLE)) as string[]
  const reached: string[] = []
  const faults: string[] = []
  for (let presses = 0; presses < wanted.length + 2; presses++) {
    await page.keyboard.press('Tab')
    const focused = (await page.evaluate(FOCUSED)) as { place: number; faults: string[] } | undefined
    if (!focused) break
    const name = wanted[focused.place] ?? 'something else'
    if (reached.includes(name)) break
    reached.push(name)
    faults.push(...focused.faults.map((fault) => `${name} ${fault}`))
  }
  return { wanted, reached, faults }
}

const VIEWS = [
  'prompts',
  'prompts/triage',
  'prompts/triage?tab=compare',
  'prompts/triage?tab=rollout',
  'prompts/triage?tab=history',
  'prompts/triage?tab=use',
  'prompts/triage/edit',
  'prompts/triage/try',
  'new/prompts',
  'flags/new-checkout/edit',
  'tools/search/edit',
  'models/default/edit',
  'rollouts',
  'changelog',
  'health',
  'bundle',
]

describe.each([1440, 320])('Tab, at %i pixels', (width) => {
  it('reaches everything once, in the order in which it stands, and one sees where it is', async () => {
    const page = await tabs.open('prompts', { viewport: { width, height: 700 }, reducedMotion: 'reduce' })
    for (const view of VIEWS) {
      await show(page, view)
      await page.locator('.loading').waitFor({ ...WAIT, state: 'detached' })
      const { wanted, reached, faults } = await walk(page)

      expect(wanted.length, view).toBeGreaterThan(5)
      expect(reached, view).toEqual(wanted)
      expect(faults, view).toEqual([])
    }
  })
})

/** Presses Tab until what has that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    const found = await page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")
    if (found === name) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach "${name}".`)
}

it('a version is found, promoted and taken back without a mouse', async () => {
  const page = await tabs.open('prompts')
  const isOn = (version: string) => page.locator('.rail a', { hasText: version }).getByText('production').waitFor(WAIT)
  await page.keyboard.press('/')
  await page.keyboard.type('extraction')
  await page.getByRole('dialog').getByRole('option').first().waitFor(WAIT)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'parameter_extraction' }).waitFor(WAIT)
  await isOn('v1')
  await tabTo(page, 'Promote v2…')
  await page.keyboard.press('Enter')
  await page.locator('.staged').waitFor(WAIT)
  await tabTo(page, 'Apply')
  await shot(page, 'keyboard-staged')
  await page.keyboard.press('Enter')
  await isOn('v2')
  await tabTo(page, 'Undo')
  await page.keyboard.press('Enter')
  await isOn('v1')
})

it('a menu opens by Enter, has its actions next, and closes by Escape with the focus where it was', async () => {
  const page = await tabs.open('prompts/triage')
  await tabTo(page, 'More')
  await page.keyboard.press('Enter')
  await page.locator('.menu .items').waitFor(WAIT)
  await page.keyboard.press('Tab')
  expect(await page.evaluate("document.activeElement.closest('.items') !== null")).toBe(true)
  await page.keyboard.press('Escape')
  await page.locator('.menu .items').waitFor({ ...WAIT, state: 'detached' })

  expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('More')
})

it('without JavaScript it says what it needs, and does not wait', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(`${host.origin}/config/admin/`)

  expect(await page.locator('.noscript').isVisible()).toBe(true)
  expect(await page.getByText('Loading').isVisible()).toBe(false)
  await shot(page, 'without-javascript')
  await context.close()
})
