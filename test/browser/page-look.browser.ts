import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openChromium } from './open-chromium.js'
import { fill, fillLater } from './support/fill.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { faultsOfLooks, HOSTILE, isTooWide, shot, show, Tabs, WAIT } from './support/tabs.js'

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

/** Every state, by its address and what is done there first. */
const STATES: readonly (readonly [name: string, view: string, prepare?: (page: Page) => Promise<unknown>])[] = [
  ['list', 'prompts'],
  ['list-empty', 'prompts?search=nobody'],
  ['list-inactive', 'prompts?show=inactive'],
  ['prompt', 'prompts/triage'],
  ['prompt-inactive', 'prompts/triage?v=3'],
  ['prompt-menu', 'prompts/triage', (page) => page.getByRole('button', { name: 'More' }).click()],
  ['prompt-staged', 'prompts/triage', (page) => page.getByRole('button', { name: 'Promote v7…' }).click()],
  ['prompt-compare', 'prompts/triage?tab=compare'],
  ['prompt-rollout', 'prompts/triage?tab=rollout', (page) => page.getByRole('button', { name: 'Conclude…' }).click()],
  ['prompt-history', 'prompts/triage?tab=history'],
  ['prompt-use', 'prompts/triage?tab=use'],
  ['text', 'prompts/parameter_extraction', (page) => page.locator('.prose').waitFor(WAIT)],
  ['rollout-start', 'prompts/parameter_extraction?tab=rollout', (page) => page.getByRole('button', { name: 'Start a rollout' }).click()],
  ['edit', 'prompts/triage/edit', (page) => page.getByLabel('Message 1', { exact: true }).fill('You sort tickets.')],
  ['new', 'new/prompts'],
  ['try', 'prompts/triage/try', (page) => page.getByRole('button', { name: 'Run both' }).click()],
  ['model', 'models/default'],
  ['embedding', 'embeddings/default'],
  ['context-rule', 'context-rules/payments'],
  ['flag-edit', 'flags/new-checkout/edit'],
  ['tool-edit', 'tools/search/edit'],
  ['rollouts', 'rollouts'],
  ['changelog', 'changelog'],
  ['health', 'health'],
  ['search', 'prompts', (page) => search(page, 'ti')],
  ['help', 'prompts', (page) => page.keyboard.press('?')],
  ['nowhere', 'nowhere'],
  ['no-such-prompt', 'prompts/nobody'],
]

async function search(page: Page, text: string): Promise<void> {
  await page.keyboard.press('/')
  await page.getByRole('dialog').getByRole('combobox').fill(text)
  await page.getByRole('dialog').getByRole('option').first().waitFor(WAIT)
}

describe.each([1440, 320])('at %i pixels, in light and in dark', (width) => {
  it('every state is free of accessibility violations, and nothing stands beyond the edge', async () => {
    const page = await tabs.open('prompts', { viewport: { width, height: 900 }, reducedMotion: 'reduce' })
    const found: string[] = []
    for (const [name, view, prepare] of STATES) {
      await show(page, view)
      await prepare?.(page)
      await page.locator('.loading').waitFor({ ...WAIT, state: 'detached' })
      found.push(...(await faultsOfLooks(page, name, `${name}-${width}`)))
      await page.keyboard.press('Escape')
    }
    expect(found).toEqual([])
  })
})

it('the kinds fit beside the brand at 1280 pixels, and the actions of a prompt into one line at 360', async () => {
  const wide = await tabs.open('prompts/triage', { viewport: { width: 1280, height: 800 } })
  await wide.getByRole('link', { name: 'Policies' }).waitFor(WAIT)
  const nav = "document.querySelector('.top nav')"
  expect(await wide.evaluate(`${nav}.scrollWidth - ${nav}.clientWidth`)).toBe(0)

  const narrow = await tabs.open('prompts/triage', { viewport: { width: 360, height: 800 } })
  const actions = narrow.locator('.title .actions')
  await actions.getByRole('button', { name: 'Promote v7…' }).waitFor(WAIT)
  expect((await actions.boundingBox())!.height).toBeLessThan(44)
})

it('pictures of the documentation are taken from these states', async () => {
  const page = await tabs.open('prompts', { viewport: { width: 1200, height: 720 }, reducedMotion: 'reduce' })
  await show(page, 'prompts/triage')
  await page.locator('.messages').waitFor(WAIT)
  await shot(page, 'docs-admin-page')
  await show(page, 'prompts/triage?tab=rollout')
  await page.getByRole('slider', { name: 'Subjects taking part' }).focus()
  for (let press = 0; press < 15; press++) await page.keyboard.press('ArrowRight')
  await page.locator('.staged .sentence', { hasText: '10 % → 25 % of subjects' }).waitFor(WAIT)
  await shot(page, 'docs-admin-page-rollout')
  await show(page, 'prompts/triage/edit')
  await page
    .getByLabel('Message 1', { exact: true })
    .fill('You sort tickets of {{product}}. Ask for the order number and the name.\nAnswer with one word: billing, shipping or other.')
  await page.getByLabel('Why').fill('Two customers share a number')
  await page.locator('.review ins').first().waitFor(WAIT)
  await shot(page, 'docs-admin-page-editor')
  await show(page, 'prompts/triage/try?a=6&b=7')
  await page.getByLabel('product').fill('Atlas')
  await page.getByLabel('ticket').fill('My parcel is a week late and nobody answers the phone. Order 4471.')
  await page.locator('.side ins').waitFor(WAIT)
  await shot(page, 'docs-admin-page-playground')
})

describe('hostile text', () => {
  it('is text wherever it stands', async () => {
    const path = `/prompts/${encodeURIComponent(HOSTILE)}`
    const chat = [{ role: 'user', content: HOSTILE }]
    await host.call(`${path}/versions`, {
      template: HOSTILE,
      template_format: 'raw',
      description: HOSTILE,
      labels: ['production'],
      summary: HOSTILE,
      parameters: { [HOSTILE]: HOSTILE },
    })
    await host.call(`${path}/versions`, { template: chat, template_format: 'raw', model: HOSTILE, summary: HOSTILE })
    await host.call('/rollouts', {
      kind: 'prompt',
      name: HOSTILE,
      arms: [{ version: 2, weight: 1 }],
      coverage: 5,
      when: { [HOSTILE]: HOSTILE },
    })
    await host.call('/tools', { name: HOSTILE, content: { description: HOSTILE } })
    const page = await tabs.open('prompts')
    expect(await page.locator('.list tbody').textContent()).toContain(HOSTILE)
    await page.getByRole('link', { name: HOSTILE }).click()
    await page.locator('.messages').waitFor(WAIT)
    expect(await page.locator('h1').textContent()).toBe(HOSTILE)

    const address = `prompts/${encodeURIComponent(HOSTILE)}`
    for (const view of [
      `${address}?v=1`,
      `${address}?tab=compare`,
      `${address}?tab=rollout`,
      `${address}?tab=history`,
      `${address}?tab=use`,
      `${address}/edit`,
      `${address}/try`,
      'rollouts',
      'changelog',
      `tools/${encodeURIComponent(HOSTILE)}`,
      `tools/${encodeURIComponent(HOSTILE)}/edit`,
      `prompts?search=${encodeURIComponent(HOSTILE)}`,
      `prompts/${encodeURIComponent(`${HOSTILE}!`)}`,
    ]) {
      await show(page, view)
      await page.locator('.loading').waitFor({ ...WAIT, state: 'detached' })
      expect(await page.locator('main').evaluate('document.querySelector("main").innerHTML'), view).toContain('onload=')
      expect(await page.locator('main img, main script, main svg[onload]').count(), view).toBe(0)
    }
    expect(await page.evaluate("'hurt' in globalThis")).toBe(false)
  })
})

describe('much of everything', () => {
  it('300-character names and 20 kB texts stay in their columns, at every width', async () => {
    const project = 'long'
    for (let number = 0; number < 20; number++) {
      const name = `${'longname'.repeat(37)}-${number}`
      await host
        .call('/prompts', {
          name: name.slice(0, 255),
          project,
          template: `${'word '.repeat(60)}\n${'x'.repeat(20_000)}${number}`,
          summary: 'y'.repeat(1000),
        })
        .catch(() => {})
      await host.call('/prompts', {
        name: `${number} ${'a long name '.repeat(20)}`.slice(0, 255).trim(),
        project,
        template: 'z'.repeat(20_000),
      })
    }
    for (const width of [320, 1000, 1440]) {
      const page = await tabs.open(`prompts?project=${project}`, { viewport: { width, height: 900 } })
      expect(await isTooWide(page), `list at ${width}`).toBe(false)
      // Wide enough to be read, or, in a narrow window, the whole line.
      const names = (await page.evaluate(
        "[...document.querySelectorAll('.list td.name')].map((cell) => cell.getBoundingClientRect().width)",
      )) as number[]
      expect(Math.min(...names)).toBeGreaterThanOrEqual(192)
      await shot(page, `long-names-${width}`)
      await page.locator('.list a').first().click()
      await page.locator('.rail').waitFor(WAIT)
      expect(await isTooWide(page), `entity at ${width}`).toBe(false)
      await shot(page, `long-text-${width}`)
    }
  })

  it('a name is found by itself beside 1,006 versions of one that contains it', async () => {
    await host.manager.prompts.create({ name: 'zz', template: 'Me', changedBy: 'ada' })
    for (let start = 1; start <= 1006; start += 100) {
      const versions = Array.from({ length: Math.min(100, 1007 - start) }, (_, place) => start + place)
      await host.manager.transaction(
        async ({ prompts }) => {
          for (const version of versions) await prompts.createVersion({ name: 'aa-zz', template: `Version ${version}` })
        },
        { changedBy: 'ada' },
      )
    }

    const page = await tabs.open('prompts/zz')
    await page.getByText('Me', { exact: true }).waitFor(WAIT)
    await show(page, 'prompts/aa-zz')
    expect(await page.locator('.rail li').count()).toBe(100)
    // A person reads first: the button works once everything that was loading has been loaded, too.
    await page.waitForTimeout(1_000)
    await page.getByRole('button', { name: 'Load older' }).click()
    await page.locator('.rail li', { hasText: /^v850/ }).waitFor(WAIT)
    await show(page, 'prompts/aa-zz?v=3')
    await page.getByText('Version 3', { exact: true }).waitFor(WAIT)
    await show(page, 'prompts/aa-zz?v=1006&tab=compare&with=900')
    expect(await page.locator('.diff').textContent()).toContain('1006')
  })
})

describe('the keyboard', () => {
  it('steps through versions by j and k, edits by e, searches by / and helps by ?', async () => {
    const page = await tabs.open('prompts/triage')
    await page.keyboard.press('j')
    await page.locator('.rail a[aria-current]', { hasText: 'v6' }).waitFor(WAIT)
    await page.keyboard.press('j')
    await page.locator('.rail a[aria-current]', { hasText: 'v5' }).waitFor(WAIT)
    await page.keyboard.press('k')
    await page.locator('.rail a[aria-current]', { hasText: 'v6' }).waitFor(WAIT)
    await page.keyboard.press('e')
    await page.getByText('from v6', { exact: true }).waitFor(WAIT)

    await show(page, 'prompts')
    const second = await page.locator('.list a').nth(1).textContent()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: second! }).waitFor(WAIT)
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Search names and text').waitFor(WAIT)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ ...WAIT, state: 'detached' })
    await search(page, 'pay')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'payments' }).waitFor(WAIT)
  })

  it('finds texts as well as names, when asked to read them', async () => {
    const page = await tabs.open('prompts')
    await page.keyboard.press('/')
    await page.getByRole('dialog').getByRole('combobox').fill('order number')
    await page.getByText('No name contains that.').waitFor(WAIT)
    await page.keyboard.press('Enter')
    await page
      .getByRole('dialog')
      .getByRole('option', { name: /triage.*order number/ })
      .waitFor(WAIT)
    await shot(page, 'search-texts')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'triage' }).waitFor(WAIT)
  })

  it('writes letters where one writes, and can be switched off', async () => {
    const page = await tabs.open('prompts')
    await page.getByLabel('Filter by name').pressSequentially('je/?')
    expect(await page.getByLabel('Filter by name').inputValue()).toBe('je/?')
    expect(await page.getByRole('dialog').count()).toBe(0)

    await page.getByRole('heading', { name: 'Prompts' }).click()
    await page.keyboard.press('?')
    await page.getByLabel('Single keys do something').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('is in the view that is gone to as soon as that is shown, so that the first key is not lost', async () => {
    const page = await tabs.open('prompts')
    await page.getByRole('button', { name: 'Search' }).focus()

    const focused = await page.evaluate(`new Promise((resolve) => {
      const main = document.getElementById('main')
      new MutationObserver(() => resolve(document.activeElement === main)).observe(main, { attributes: true, attributeFilter: ['data-address'] })
      location.assign('#/changelog')
    })`)

    expect(focused).toBe(true)
  })

  it('gives the focus back when a dialog or a staged change is left', async () => {
    const page = await tabs.open('prompts/triage')
    const opener = page.getByRole('button', { name: 'Search' })
    await opener.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('combobox').waitFor(WAIT)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ ...WAIT, state: 'detached' })
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('Search')

    await page.getByRole('button', { name: 'Promote v7…' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('.staged').waitFor(WAIT)
    await page.keyboard.press('Escape')
    await page.locator('.staged').waitFor({ ...WAIT, state: 'detached' })
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Promote v7…')
  })
})
