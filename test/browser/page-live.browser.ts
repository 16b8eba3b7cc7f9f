import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openChromium } from './open-chromium.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, show, Tabs, WAIT } from './support/tabs.js'

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost()])
  tabs = new Tabs(browser, host)
  for (let number = 0; number < 130; number++)
    await host.call('/prompts', { name: `many-${String(number).padStart(3, '0')}`, template: 'One' })
})

afterEach(() => tabs.close())

afterAll(async () => {
  await browser?.close()
  await host?.close()
})

const rows = (page: Page) => page.locator('.list tbody tr')
const write = (name: string, template: string, more: object = {}) => host.call(`/prompts/${name}/versions`, { template, ...more })

describe('a change elsewhere', () => {
  it('patches its row; what was loaded, the focus and the place stay', async () => {
    const page = await tabs.open('prompts')
    await page.getByRole('button', { name: 'Load more' }).click()
    await eventually(async () => (await rows(page).count()) >= 130)
    const link = page.getByRole('link', { name: 'many-120' })
    await link.focus()
    const before = await page.evaluate('[scrollY, document.activeElement.textContent]')

    await write('many-003', 'Two', { description: 'What changed elsewhere' })
    await write('aaa-new', 'A new one')

    await page.getByText('What changed elsewhere').waitFor(WAIT)
    await page.getByRole('link', { name: 'aaa-new' }).waitFor(WAIT)
    expect(await rows(page).count()).toBeGreaterThanOrEqual(131)
    expect(await page.evaluate('document.activeElement.textContent')).toBe('many-120')
    // The new row above takes its own height, and no more: nothing jumped to the top.
    const [top] = before as [number]
    expect(Math.abs(((await page.evaluate('scrollY')) as number) - top)).toBeLessThan(80)
    expect(top).toBeGreaterThan(1000)
  })

  it('that comes while more rows are on their way is shown with them, and rows that do not come are told', async () => {
    const page = await tabs.open('prompts')
    await rows(page).first().waitFor(WAIT)
    const older = /\/prompts\?.*cursor=/
    await page.route(older, (route) => route.abort())
    await page.getByRole('button', { name: 'Load more' }).click()
    await page.locator('.toast').waitFor(WAIT)
    await page.unroute(older)
    tabs.forgive(page)

    let isAsked = false
    await page.route(older, async (route) => {
      isAsked = true
      await page.getByText('What changed meanwhile').waitFor(WAIT)
      await route.continue()
    })
    await page.getByRole('button', { name: 'Load more' }).click()
    await eventually(() => isAsked)
    await write('many-004', 'Two', { description: 'What changed meanwhile' })
    await eventually(async () => (await rows(page).count()) >= 130)
    expect(await page.getByText('What changed meanwhile').count()).toBe(1)
  })

  it('shows a new version beside what one reads, without taking it away', async () => {
    await write('read', 'One')
    const page = await tabs.open('prompts/read')
    await page.locator('.prose').waitFor(WAIT)
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.prose'))")

    await write('read', 'Two', { labels: ['production'] })

    await page.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
    expect(await page.evaluate('getSelection().toString()')).toBe('')
    expect(await page.locator('.rail li').count()).toBe(2)
    await show(page, 'prompts/read?v=1')
    await page.locator('.prose', { hasText: 'One' }).waitFor(WAIT)
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.prose'))")
    await write('read', 'Three')
    await page.locator('.rail li', { hasText: 'v3' }).waitFor(WAIT)
    expect(await page.evaluate('getSelection().toString()')).toBe('One')
  })

  it('is counted above the changelog, which stays where it is', async () => {
    const page = await tabs.open('changelog')
    await page.getByRole('button', { name: 'Load more' }).click()
    await eventually(async () => (await page.locator('.changes li').count()) === 100)
    await page.evaluate('scrollTo(0, 3000)')
    const place = "document.querySelectorAll('.changes li')[60].getBoundingClientRect().top"
    const before = await page.evaluate(place)

    await write('noted', 'One')
    await write('noted', 'Two')

    await page.getByRole('button', { name: '2 new changes' }).waitFor(WAIT)
    expect(await page.locator('.changes li').count()).toBe(100)
    expect(await page.evaluate(place)).toBe(before)
    await page.getByRole('button', { name: '2 new changes' }).click()
    expect(await page.locator('.changes li').count()).toBe(102)
    await page.locator('.changes li').nth(80).scrollIntoViewIfNeeded()
    await page.getByRole('link', { name: 'Health' }).click()
    await page.getByRole('heading', { name: 'Health' }).waitFor(WAIT)
    await page.goBack()
    await page.getByRole('heading', { name: 'Changelog' }).waitFor(WAIT)
    expect(await page.locator('.changes li').count()).toBe(102)
  })
})

describe('tabs', () => {
  it('share one event stream, ten of them, and all hear of a change', async () => {
    await write('shared', 'One')
    const first = await tabs.open('prompts/shared')
    const others = []
    for (let tab = 1; tab < 10; tab++) others.push(await tabs.open('prompts/shared', { in: first.context(), signsIn: true }))

    await write('shared', 'Two')

    for (const page of [first, ...others]) await page.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
    expect(host.streams()).toBe(1)
  })

  it('do without a stream where they cannot agree on one, and hear of changes a little later', async () => {
    await write('polled', 'One')
    const first = await tabs.open('prompts/polled', { hasLocks: false })
    const second = await tabs.open('prompts/polled', { in: first.context(), hasLocks: false })

    await write('polled', 'Two')

    for (const page of [first, second]) await page.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
    expect(host.streams()).toBe(0)
  })

  it('that are not signed in leave the stream to one that is', async () => {
    const closed = await startPageHost({ isClosed: true })
    const own = new Tabs(browser, closed)
    try {
      await closed.call('/prompts/secret/versions', { template: 'One' })
      // It is refused again when it hears of the change, which may be at any time.
      const stranger = await own.open('prompts', { signsIn: false, waits: false, forgives: /status of 401/ })
      await stranger.getByRole('dialog').getByLabel('Token').waitFor(WAIT)
      await stranger.getByRole('button', { name: 'Cancel' }).click()
      await stranger.getByText('Prompts could not be loaded. Sign in to do this.').waitFor(WAIT)
      await shot(stranger, 'signed-out')
      const page = await own.open('prompts/secret', { in: stranger.context() })

      await closed.call('/prompts/secret/versions', { template: 'Two' })

      await page.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
      expect(closed.streams()).toBe(1)
      await own.close()
    } finally {
      await closed.close()
    }
  })

  it('go on when the one that holds the stream is closed', async () => {
    await write('left', 'One')
    const first = await tabs.open('prompts/left')
    const second = await tabs.open('prompts/left', { in: first.context() })

    await first.close()
    await eventually(() => host.streams() === 1)
    await write('left', 'Two')

    await second.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
  })
})

describe('a connection that is lost', () => {
  it('says so, comes back by itself, and tells what was missed', async () => {
    await write('missed', 'One')
    const page = await tabs.open('prompts/missed')
    await page.locator('.live[data-state=live]').waitFor(WAIT)
    host.goAway(true)
    await page.getByText('Not connected').waitFor(WAIT)
    await shot(page, 'not-connected')

    await host.manager.prompts.createVersion({ name: 'missed', template: 'Two', changedBy: 'grace' })
    host.goAway(false)

    await page.getByText('While not connected: 1 change of missed.').waitFor(WAIT)
    await page.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
    await shot(page, 'missed')
    await page.locator('.notice').getByRole('link', { name: 'Show' }).click()
    await page.getByRole('heading', { name: 'Changelog' }).waitFor(WAIT)
    tabs.forgive(page)
  })

  it('leaves what failed to load with its name and a way to try again', async () => {
    const page = await tabs.open('prompts')
    await page.route('**/config/api/rollouts*', (route) => route.abort())
    await page.evaluate("location.assign('#/rollouts')")
    await page.getByRole('alert').getByText('The rollouts could not be loaded. The host does not answer.').waitFor(WAIT)
    await page.unroute('**/config/api/rollouts*')
    tabs.forgive(page)

    await page.getByRole('button', { name: 'Try again' }).click()

    await page.getByRole('heading', { name: 'Rollouts', exact: true }).waitFor(WAIT)
    await show(page, 'prompts')
  })
})
