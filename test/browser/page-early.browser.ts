import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openChromium } from './open-chromium.js'
import { hold } from './support/hold.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { Tabs, WAIT } from './support/tabs.js'

// What changes after the page was loaded and before it hears of changes: no event tells it.

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost()])
  tabs = new Tabs(browser, host)
})

afterEach(() => tabs.close())

afterAll(async () => {
  await browser?.close()
  await host?.close()
})

const write = (name: string, template: string, more: object = {}) => host.call(`/prompts/${name}/versions`, { template, ...more })
const isLive = (page: Page) => page.locator('.live[data-state=live]').waitFor(WAIT)

/** The page at a view, with an event stream that is connected when it is let go. */
async function openUnheard(view: string): Promise<{ readonly page: Page; readonly asked: string[]; connect(): Promise<void> }> {
  const context = await browser.newContext()
  const [figures, events] = [gate(), gate()]
  const asked: string[] = []
  await context.route(/\/config\/api\//, async (route) => {
    const path = new URL(route.request().url()).pathname.replace('/config/api', '')
    asked.push(path)
    if (path === '/cache/stats') await figures.isOpen
    if (path === '/events') await events.isOpen
    await route.continue().catch(() => {})
  })
  const page = await tabs.open(view, { in: context, signsIn: false, ends: 'commit' })
  const connect = async (): Promise<void> => {
    // The revision that the figures say is known, and yet nobody has told what changed up to it.
    const told = page.waitForResponse(/\/cache\/stats/, WAIT)
    figures.open()
    await told
    events.open()
  }
  return { page, asked, connect }
}

function gate(): { readonly isOpen: Promise<void>; open(): void } {
  let open = (): void => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return { isOpen, open }
}

describe('a change before the event stream is connected', () => {
  it('comes into the list', async () => {
    await write('row', 'One', { description: 'As it was' })
    const { page, connect } = await openUnheard('prompts')
    await page.getByText('As it was').waitFor(WAIT)
    await write('row', 'Two', { description: 'As it is' })

    await connect()

    await page.getByText('As it is').waitFor(WAIT)
  })

  it('comes into the list whose answer is on its way when the stream is connected', async () => {
    await write('late', 'One', { description: 'Before' })
    const { page, connect } = await openUnheard('models')
    const list = await hold(page, /\/prompts\?.*label=/, 2)
    await page.evaluate("location.assign('#/prompts')")
    await eventually(() => list.isAsked())
    await write('late', 'Two', { description: 'Behind' })

    await connect()
    await isLive(page)
    list.release()

    await page.getByText('Behind').waitFor(WAIT)
  })

  it('comes into the versions of a name, and of a second tab that hears through the first one', async () => {
    await write('seen', 'One')
    const { page, connect } = await openUnheard('prompts/seen')
    const second = await tabs.open('prompts/seen', { in: page.context(), signsIn: false, ends: 'commit' })
    for (const tab of [page, second]) await tab.locator('.rail li', { hasText: 'v1' }).waitFor(WAIT)
    await write('seen', 'Two')

    await connect()

    for (const tab of [page, second]) await tab.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
  })

  it('is counted above the changelog', async () => {
    const { page, connect } = await openUnheard('changelog')
    await page.locator('.changes li').first().waitFor(WAIT)
    await write('logged', 'One')

    await connect()

    await page.getByRole('button', { name: '1 new change' }).waitFor(WAIT)
  })
})

describe('a page that missed nothing', () => {
  it('asks for its rows once', async () => {
    const { page, asked, connect } = await openUnheard('prompts')
    await page.locator('.list tbody tr').first().waitFor(WAIT)
    const lists = () => asked.filter((path) => path === '/prompts').length
    const first = lists()

    await connect()
    await isLive(page)
    // The next change is told by the stream and loads its row: whatever the connection itself had asked for would have come before.
    await write('next', 'One')
    await page.getByRole('link', { name: 'next', exact: true }).waitFor(WAIT)

    // One name patched: its newest version and the one in production.
    expect(lists() - first).toBe(2)
  })
})

/** In the page: event streams that say what the test lets them say, instead of the host's. */
const OWN_STREAMS = `
  const real = fetch
  globalThis.streams = []
  globalThis.fetch = (url, init) => {
    if (!String(url).endsWith('/events')) return real(url, init)
    return Promise.resolve(new Response(new ReadableStream({ start: (stream) => void streams.push(stream) }).pipeThrough(new TextEncoderStream())))
  }`
const ready = (page: Page, stream: number, revision: number) =>
  page.evaluate(`streams[${stream}].enqueue('event: ready\\ndata: {"revision":${revision}}\\n\\n')`)
const isOpen = (page: Page, stream: number) => eventually(async () => page.evaluate(`streams.length > ${stream}`) as Promise<boolean>)

describe('a connection that came back', () => {
  it('loads what is shown again when the database is an older one', async () => {
    await write('restored-to', 'One')
    const context = await browser.newContext()
    await context.addInitScript(OWN_STREAMS)
    const page = await tabs.open('prompts/restored-to', { in: context, signsIn: false, ends: 'commit' })
    await isOpen(page, 0)
    await ready(page, 0, 1_000_000)
    await isLive(page)
    await write('restored-to', 'Two')

    await page.evaluate('streams[0].close()')
    await isOpen(page, 1)
    await ready(page, 1, host.manager.stats().revision!)

    await page.locator('.rail li', { hasText: 'v2' }).waitFor(WAIT)
  })
})

describe('a page that the browser took out of its memory', () => {
  it('loads again what it shows: other tabs told it nothing meanwhile', async () => {
    await write('restored', 'One')
    const page = await tabs.open('prompts/restored')
    const versions = await hold(page, /\/prompts\?.*name=restored/)

    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    await eventually(() => versions.isAsked())
    versions.release()
  })
})
