import { type AxeResults, source as axe } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { HostHandlers } from '../express-host/host-process.js'
import { TOKEN } from '../express-host/start-host.js'
import { eventually } from '../support/eventually.js'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { openChromium } from './open-chromium.js'

const HOSTILE = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>"'><svg onload=window.hurt=1>{{javascript:alert(1)}}`
const WAIT = { timeout: 10_000 }

let browser: Browser
let database: TestDatabase
let workers: readonly Worker<HostHandlers>[]
let one: string
let other: string
let pages: { readonly page: Page; readonly complaints: string[] }[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  const args = [database.url, testRedisUrl(), uniqueNamespace(), TOKEN.value]
  const start = () => spawnWorker<HostHandlers>(new URL('../express-host/host-process.ts', import.meta.url), { args })
  ;[browser, ...workers] = (await Promise.all([openChromium(), start(), start()])) as [Browser, ...Worker<HostHandlers>[]]
  ;[one, other] = (await Promise.all(workers.map((worker) => worker.ask('origin')))) as [string, string]
  await api('/prompts', { name: 'greeting', template: 'Hello {name}', labels: ['production'], description: 'Says hello' })
  await api('/prompts/greeting/versions', { template: 'Good morning, {name}\nHow are you?' })
  await api('/models', { name: 'default', provider: 'ollama', model_name: 'qwen3:14b', labels: ['production'] })
})

afterEach(async () => {
  const complaints = pages.flatMap((opened) => opened.complaints)
  await Promise.all(pages.map(({ page }) => page.context().close()))
  pages = []
  expect(complaints).toEqual([])
})

afterAll(async () => {
  await browser?.close()
  for (const worker of workers ?? []) {
    await worker.ask('stop')
    await worker.end()
  }
  await database?.drop()
})

/** A tab of its own, signed in. What the page complains about, or asks of other hosts, fails the test. */
async function open(view: string, options: BrowserContextOptions & { readonly origin?: string } = {}): Promise<Page> {
  const { origin = one, ...context } = options
  const page = await (await browser.newContext({ locale: 'en-GB', ...context })).newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => new URL(request.url()).origin !== origin && complaints.push(`asks ${request.url()}`))
  page.on('dialog', () => complaints.push('a dialog of the browser'))
  pages.push({ page, complaints })
  await page.goto(`${origin}/config/admin/#token=${encodeURIComponent(TOKEN.value)}`)
  await page.locator('#live[data-state=live]').waitFor(WAIT)
  await show(page, view)
  return page
}

async function show(page: Page, view: string): Promise<void> {
  // Text, because this project's types know no browser.
  await page.evaluate(`location.assign(${JSON.stringify(`#/${view}`)})`)
  await eventually(async () => (await page.locator('main').getAttribute('data-address')) === `#/${view}`)
}

async function api(path: string, body?: object, origin = one) {
  const response = await fetch(`${origin}/api/config${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${TOKEN.value}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(path.endsWith('/versions') ? { create: true, ...body } : body) }),
  })
  return (await response.json()) as Record<string, unknown>
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${axe};void 0`)
  const found = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults
  return found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`)
}

describe('the admin page', () => {
  it('shows in one tab what another one wrote, and the worker behind it serves it', async () => {
    const [writer, reader] = [await open('prompts/greeting'), await open('prompts/greeting', { origin: other })]
    expect(await reader.locator('.labels').textContent()).toContain('production on version 1')

    await writer.getByRole('button', { name: 'Promote version 2' }).click()
    await writer.getByLabel('Why').fill('Kinder')
    await writer.getByRole('button', { name: 'Promote', exact: true }).click()

    await reader.locator('.labels li', { hasText: 'production on version 2' }).waitFor(WAIT)
    expect(await api('/prompts/greeting', undefined, other)).toMatchObject({
      version: 2,
      template: expect.stringContaining('Good morning'),
    })
    await writer.getByRole('button', { name: 'Roll back production' }).click()
    await writer.getByRole('button', { name: 'Roll back', exact: true }).click()
    await reader.locator('.labels li', { hasText: 'production on version 1' }).waitFor(WAIT)
    await show(reader, 'changelog')
    expect(await reader.locator('.timeline').textContent()).toContain('Kinder')
  })

  it('tells a promotion that somebody else was faster, and writes nothing', async () => {
    await api('/prompts/raced/versions', { template: 'One', labels: ['production'] })
    await api('/prompts/raced/versions', { template: 'Two' })
    await api('/prompts/raced/versions', { template: 'Three' })
    const page = await open('prompts/raced')
    await page.getByRole('button', { name: 'Promote version 2' }).click()
    await api('/prompts/raced/promote', { version: 3 })

    await page.getByRole('button', { name: 'Promote', exact: true }).click()

    await page.locator('dialog .problem', { hasText: 'is on version 3, not on 1' }).waitFor(WAIT)
    expect(await api('/prompts/raced')).toMatchObject({ version: 3 })
    // The refusal itself is in the console, as every answer above 399 is.
    pages[0]!.complaints.length = 0
  })

  it('checks a template while it is typed, and writes the version', async () => {
    const page = await open('new-prompt/greeting')
    await page.getByLabel('Template').fill('Dear {name}, on {day')
    await page.locator('.finding.problem', { hasText: 'Line 1, column 17' }).waitFor(WAIT)
    pages[0]!.complaints.length = 0

    await page.getByLabel('Template').fill('Dear {name}, on {day}')
    await page.locator('.finding.fine', { hasText: 'day' }).waitFor(WAIT)
    await page.getByRole('button', { name: 'Write version' }).click()

    await page.getByRole('link', { name: 'Version 3' }).waitFor(WAIT)
    expect(await page.locator('pre.content').textContent()).toBe('Dear {name}, on {day}')
    expect(await page.locator('.diff .added').first().textContent()).toContain('Dear {name}')
  })

  it('starts a rollout, ramps it by the keyboard, pauses and concludes it', async () => {
    await api('/prompts/split/versions', { template: 'One', labels: ['production'] })
    await api('/prompts/split/versions', { template: 'Two' })
    const page = await open('prompts/split')
    await page.getByRole('button', { name: 'Start a rollout' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    const card = page.locator('article.rollout')
    await card.getByText('Version 2 5 %').waitFor(WAIT)

    await card.getByLabel('Subjects in the rollout').focus()
    await page.keyboard.press('ArrowRight')
    await card.getByText('Version 2 5.5 %').waitFor(WAIT)
    await card.getByRole('button', { name: 'Pause' }).click()
    await page.locator('article.rollout.paused', { hasText: 'The version of production 100 %' }).waitFor(WAIT)
    await card.getByRole('button', { name: 'Conclude' }).click()
    await page.getByLabel('Winner').selectOption('2')
    await page.locator('dialog').getByRole('button', { name: 'Conclude' }).click()

    await page.locator('.labels li', { hasText: 'production on version 2' }).waitFor(WAIT)
    expect(await api('/rollouts?name=split')).toMatchObject({ items: [{ status: 'concluded', winner: 2, coverage: 11 }] })
  })

  it('shows hostile text as text', async () => {
    const chat = [{ role: 'user', content: HOSTILE }]
    await api('/prompts', {
      name: HOSTILE,
      template: HOSTILE,
      template_format: 'raw',
      description: HOSTILE,
      labels: ['production'],
      summary: HOSTILE,
    })
    await api(`/prompts/${encodeURIComponent(HOSTILE)}/versions`, {
      template: chat,
      template_format: 'raw',
      model: HOSTILE,
      parameters: { [HOSTILE]: HOSTILE },
    })
    const page = await open('prompts')
    expect(await page.locator('tbody').textContent()).toContain(HOSTILE)

    await page.getByRole('link', { name: HOSTILE }).click()
    await page.locator('pre.content').waitFor(WAIT)
    expect(await page.locator('h1').textContent()).toBe(HOSTILE)
    expect(await page.locator('pre.content').textContent()).toContain('onerror=')
    expect(await page.locator('.diff').textContent()).toContain('<script>')
    for (const view of ['changelog', `new-prompt/${encodeURIComponent(HOSTILE)}`]) {
      await show(page, view)
      expect(await page.locator('main').textContent()).toContain('<svg onload')
    }
    expect(await page.evaluate("'hurt' in globalThis")).toBe(false)
    expect(await page.locator('main img, main script, main svg[onload]').count()).toBe(0)
  })

  it('can be used by the keyboard alone, and gives the focus back', async () => {
    const page = await open('prompts/greeting')
    const opener = page.getByRole('button', { name: 'Promote version 1' })

    await opener.focus()
    await page.keyboard.press('Enter')
    await page.locator('dialog').waitFor(WAIT)
    expect(await page.evaluate("document.activeElement.closest('dialog') !== null")).toBe(true)
    await page.keyboard.press('Escape')

    await page.locator('dialog').waitFor({ ...WAIT, state: 'detached' })
    expect(await page.evaluate('document.activeElement.id')).toBe('promote-1')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.tagName')).not.toBe('BODY')
  })

  it('says when there is nothing, when it waits, and when the host is away', async () => {
    const page = await open('prompts?search=nobody')
    expect(await page.locator('.empty').textContent()).toContain('No match')

    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/config/api/changelog*', (route) => answered.then(() => route.continue()))
    await page.evaluate("location.assign('#/changelog')")
    await page.getByText('Loading').waitFor(WAIT)
    answer()
    await page.locator('.timeline').waitFor(WAIT)

    await page.route('**/config/api/rollouts*', (route) => route.abort())
    await page.evaluate("location.assign('#/rollouts')")
    await page.getByRole('alert').getByText('No connection').waitFor(WAIT)
    await page.unroute('**/config/api/rollouts*')
    pages[0]!.complaints.length = 0
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Rollouts', exact: true }).waitFor(WAIT)
  })

  it('asks for the token when the host wants one', async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${one}/config/admin/#/prompts/greeting`)
    await page.getByRole('button', { name: 'Promote version 2' }).click()

    await page.getByRole('button', { name: 'Promote', exact: true }).click()

    await page.locator('dialog .problem', { hasText: 'Sign in to do this' }).waitFor(WAIT)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Token').fill(TOKEN.value)
    await page.locator('dialog').getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor(WAIT)
    await page.context().close()
  })

  it.each([
    ['light', 1200],
    ['dark', 1200],
    ['light', 320],
  ] as const)('has no accessibility violation in %s at %i pixels, and nothing beyond the edge', async (colorScheme, width) => {
    await api('/prompts/shown/versions', { template: 'One', labels: ['production'] })
    const { version } = await api('/prompts/shown/versions', { template: 'Two' })
    await api('/rollouts', { kind: 'prompt', name: 'shown', arms: [{ version, weight: 1 }], coverage: 20 })
    const page = await open('prompts', { colorScheme, viewport: { width, height: 800 } })

    for (const view of [
      'prompts',
      'prompts/shown',
      'models',
      'models/default',
      'new-prompt',
      'rollouts',
      'changelog',
      'caches',
      'nowhere',
    ]) {
      await show(page, view)
      expect(await violations(page), view).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${view} is too wide`).toBe(true)
    }
    await show(page, 'prompts/shown')
    await page.getByRole('button', { name: 'Start a rollout' }).click()
    expect(await violations(page), 'dialog').toEqual([])
  })
})
