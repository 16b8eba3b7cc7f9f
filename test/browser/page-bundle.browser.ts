import { readFileSync } from 'node:fs'
import { roles } from 'agent-config/http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TOKEN } from '../express-host/start-host.js'
import { openChromium } from './open-chromium.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { faultsOfLooks, HOSTILE, shot, show, Tabs, WAIT } from './support/tabs.js'

const ROLES = { mia: roles.admin, noor: roles.editor({ labels: ['staging'] }) } as const

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  const session = (request: Request) => {
    const name = /session=(mia|noor)/.exec(request.headers.get('cookie') ?? '')?.[1] as keyof typeof ROLES | undefined
    return name && { name, can: ROLES[name] }
  }
  ;[browser, host] = await Promise.all([openChromium(), startPageHost({ session })])
  tabs = new Tabs(browser, host)
  await host.call('/prompts', { name: 'greeting', template: 'One', labels: ['production'] })
  await host.call('/prompts/greeting/versions', { template: 'Two', labels: ['staging'] })
  await host.call('/prompts', { name: HOSTILE, template: 'x', template_format: 'raw', labels: ['production'] })
  await host.call('/flags', { name: 'new-checkout', value: true, labels: ['production'] })
  await host.call('/context-rules', { name: 'payments', important: 'status' })
})
afterEach(() => tabs.close())
afterAll(async () => {
  await browser?.close()
  await host?.close()
})

/** A tab of somebody who is signed in to the host, and has no token. */
async function openAs(name: keyof typeof ROLES, view: string, options: object = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  await context.addCookies([{ name: 'session', value: name, url: host.origin }])
  const page = await tabs.open(view, { in: context, signsIn: false, waits: false })
  await page.locator('.who .name').waitFor(WAIT)
  await show(page, view)
  return page
}

/** What the page exports, as a file to choose. */
async function exported(page: Page): Promise<{ name: string; text: string }> {
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export default' }).click()
  const file = await download
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') }
}

const choose = (page: Page, text: string, name = 'default.bundle.json') =>
  page.getByLabel('File').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) })
const apply = (page: Page) => page.getByRole('button', { name: 'Import', exact: true })

describe('a project', () => {
  it('goes into a file and from there into another one, after it was shown what that does', async () => {
    const page = await tabs.open('prompts')
    await page.getByRole('link', { name: 'Export and import' }).click()
    const file = await exported(page)
    expect(file.name).toBe('default.bundle.json')
    expect(JSON.parse(file.text)).toMatchObject({ project: 'default', entities: [{}, {}, {}, {}] })

    await show(page, 'bundle?project=copy')
    host.writes()
    await choose(page, file.text)
    await page.locator('.staged .sentence').waitFor(WAIT)
    expect(await page.locator('.staged .sentence').textContent()).toBe('Project default into project copy: 5 new versions, 4 labels move.')
    expect(await page.locator('.plan tbody tr').allTextContents()).toEqual([
      `${HOSTILE}promptv1 newproduction: none → v1`,
      'greetingpromptv1–v2 newproduction: none → v1staging: none → v2',
      'new-checkoutflagv1 newproduction: none → v1',
      'paymentscontext rulev1 new',
    ])
    expect((await host.call('/prompts?project=copy')).items).toEqual([])
    await shot(page, 'bundle-plan')

    await page.getByLabel('Why').fill('A copy for staging')
    await apply(page).click()
    await page.locator('.toast', { hasText: 'Imported into project copy: 5 new versions, 4 labels move.' }).waitFor(WAIT)
    expect(host.writes()).toEqual(['POST /import', 'POST /import', 'POST /import'])
    const [change] = await host.manager.prompts.history({ name: 'greeting', project: 'copy' })
    expect(change).toMatchObject({ changeSummary: 'A copy for staging' })

    await choose(page, file.text)
    await page.getByText('Project copy has all of it: 5 versions. There is nothing to import.').waitFor(WAIT)
    expect(await apply(page).count()).toBe(0)
  })

  it('that was changed since it was looked at is looked at again before anything is written', async () => {
    const page = await tabs.open('bundle')
    const { text } = await exported(page)
    await show(page, 'bundle?project=raced')
    await choose(page, text)
    await apply(page).waitFor(WAIT)
    await host.manager.prompts.create({ name: 'greeting', template: 'One', labels: ['production'], project: 'raced', changedBy: 'bob' })
    await apply(page).click()

    await page.getByText('The project was changed meanwhile, and nothing is imported yet.').waitFor(WAIT)
    expect(await page.locator('.staged .sentence').textContent()).toContain('4 new versions, 3 labels move')
    expect((await host.call('/flags?project=raced')).items).toEqual([])
    await apply(page).click()
    await page.locator('.toast', { hasText: '4 new versions' }).waitFor(WAIT)
  })

  it('refuses a file that differs, and what is no bundle, and says why', async () => {
    const page = await tabs.open('bundle')
    const { text } = await exported(page)
    await host.call('/prompts', { name: 'greeting', template: 'Else', project: 'other' })
    await show(page, 'bundle?project=other')
    const problem = page.locator('.bundle .problem')

    await choose(page, text)
    await problem.filter({ hasText: 'Version 1 of prompt "greeting" is in project "other" with other content' }).waitFor(WAIT)
    await choose(page, 'no JSON', 'notes.txt')
    await problem.filter({ hasText: 'notes.txt cannot be imported. It is no JSON.' }).waitFor(WAIT)
    await choose(page, '[]')
    await problem.filter({ hasText: 'It is no bundle: it names no project.' }).waitFor(WAIT)
    await choose(page, JSON.stringify({ ...JSON.parse(text), format: 'else' }))
    await problem.filter({ hasText: 'cannot be imported' }).waitFor(WAIT)

    expect(await apply(page).count()).toBe(0)
    await shot(page, 'bundle-refused')
    tabs.forgive(page)
  })
})

describe('a person with a session of the host', () => {
  it('is named in the header, and has nothing to sign out of here', async () => {
    const page = await openAs('mia', 'bundle')

    expect(await page.locator('.who').textContent()).toBe('mia')
    expect(await page.getByRole('button', { name: /^Sign/ }).count()).toBe(0)
    expect(await page.getByLabel('File').count()).toBe(1)
    await shot(page, 'bundle-session')
  })

  it('sees neither import nor refresh where the role has neither', async () => {
    const page = await openAs('noor', 'bundle')

    await page.getByText('Your role on this host does not allow imports into project default.').waitFor(WAIT)
    expect(await page.getByLabel('File').count()).toBe(0)
    expect(JSON.parse((await exported(page)).text)).toMatchObject({ project: 'default' })
    await show(page, 'health')
    await page.locator('.tiles').waitFor(WAIT)
    expect(await page.getByRole('button', { name: 'Refresh' }).count()).toBe(0)
  })

  it('with a token too is named by the token, and can sign out of that', async () => {
    const page = await tabs.open('prompts')

    await page.locator('.who .name', { hasText: TOKEN.name }).waitFor(WAIT)
    expect(await page.getByRole('button', { name: 'Sign out' }).count()).toBe(1)
  })
})

it('whoever is not signed in is asked to, and the file that was chosen goes on', async () => {
  const page = await tabs.open('bundle', { signsIn: false })
  const { text } = await exported(page)
  await choose(page, text)
  await page.getByRole('dialog').getByLabel('Token').fill(TOKEN.value)
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('Project default has all of it').waitFor(WAIT)
  tabs.forgive(page)
})

describe.each([1440, 320])('at %i pixels, in light and in dark', (width) => {
  it('the view is free of accessibility violations, and nothing stands beyond the edge', async () => {
    const page = await openAs('mia', 'bundle', { viewport: { width, height: 1_000 }, reducedMotion: 'reduce' })
    const { text } = await exported(page)
    await show(page, 'bundle?project=looks')
    await choose(page, text)
    await apply(page).waitFor(WAIT)

    expect(await faultsOfLooks(page, 'bundle', `bundle-${width}`)).toEqual([])
  })
})
