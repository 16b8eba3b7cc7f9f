import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openChromium } from './open-chromium.js'
import { fill, fillLater } from './support/fill.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, show, Tabs, WAIT } from './support/tabs.js'

// Where the colours of the system replace all others, as with the high contrast of Windows.

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

/** What an element looks like, as far as forced colours leave it a choice. */
const LOOK = `(element) => {
  const { backgroundColor, borderLeftColor, borderTopStyle, outlineStyle, color } = getComputedStyle(element)
  return { backgroundColor, borderLeftColor, borderTopStyle, outlineStyle, color }
}`
type Look = Record<'backgroundColor' | 'borderLeftColor' | 'borderTopStyle' | 'outlineStyle' | 'color', string>
/** The least contrast of an element's texts with what they stand on, by WCAG 2.2. */
const CONTRAST = `(element) => {
  const numbers = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number)
  const groundOf = (one) => {
    const color = getComputedStyle(one).backgroundColor
    return (numbers(color)[3] ?? 1) === 0 && one.parentElement ? groundOf(one.parentElement) : color
  }
  const luminance = (color) => {
    const [red, green, blue] = numbers(color).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const withText = [element, ...element.querySelectorAll('*')].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  return Math.min(...withText.map((one) => {
    const [low, high] = [luminance(getComputedStyle(one).color), luminance(groundOf(one))].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }))
}`
const contrastsOf = (page: Page, selector: string): Promise<readonly number[]> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map(${CONTRAST})`)
const looksOf = (page: Page, selector: string): Promise<readonly Look[]> =>
  page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map(${LOOK})`)

describe.each(['light', 'dark'] as const)('with forced colours, %s', (colorScheme) => {
  const open = (view: string) =>
    tabs.open(view, { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', forcedColors: 'active', colorScheme })

  it('what is chosen differs from what is not, in the header, the versions, the tabs, switches and the search', async () => {
    const page = await open('prompts/triage')
    const differs = async (chosen: string, others: string) => {
      const [[one], rest] = [await looksOf(page, chosen), await looksOf(page, others)]
      expect(rest.length, others).toBeGreaterThan(0)
      for (const look of rest) expect(look.backgroundColor, chosen).not.toBe(one!.backgroundColor)
      for (const contrast of await contrastsOf(page, chosen)) expect(contrast, chosen).toBeGreaterThan(4.5)
    }
    await differs('.top nav a[aria-current]', '.top nav a:not([aria-current])')
    await differs('.rail a[aria-current]', '.rail a:not([aria-current])')
    await differs('.tabs a[aria-current]', '.tabs a:not([aria-current])')
    await shot(page, `forced-prompt-${colorScheme}`)

    await show(page, 'flags/new-checkout/edit')
    await differs('.switch [aria-pressed=true]', '.switch [aria-pressed=false]')
    await page.getByRole('heading', { name: 'New version' }).click()
    await page.keyboard.press('/')
    await page.getByRole('dialog').getByRole('combobox').fill('e')
    await page.getByRole('dialog').getByRole('option').first().waitFor(WAIT)
    await differs('[role=option][aria-selected=true]', '[role=option][aria-selected=false]')
    await shot(page, `forced-search-${colorScheme}`)
  })

  it('variables, labels and the parts of a rollout can be seen', async () => {
    const page = await open('prompts/triage')
    const [{ backgroundColor: ground } = { backgroundColor: '' }] = await looksOf(page, 'body')

    for (const contrast of await contrastsOf(page, 'mark')) expect(contrast).toBeGreaterThan(4.5)
    for (const look of await looksOf(page, '.label, mark')) expect(look.outlineStyle).toBe('solid')
    const parts = [...(await looksOf(page, '.split i')), ...(await looksOf(page, '.live i'))]
    for (const look of parts) expect(look.borderTopStyle).toBe('solid')
    expect(new Set(parts.map(({ backgroundColor }) => backgroundColor)).size).toBeGreaterThan(1)
    await show(page, 'prompts/triage?tab=compare')
    const changed = (await looksOf(page, '.diff p.changed')).map(({ borderLeftColor }) => borderLeftColor)
    for (const look of await looksOf(page, '.diff p:not(.changed)')) {
      expect(look.borderLeftColor).toBe(ground)
      expect(changed).not.toContain(look.borderLeftColor)
    }
    await shot(page, `forced-compare-${colorScheme}`)
  })
})
