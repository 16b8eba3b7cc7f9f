import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TOKEN } from '../express-host/start-host.js'
import { openChromium } from './open-chromium.js'
import { hold } from './support/hold.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, show, Tabs, WAIT } from './support/tabs.js'

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
const template = (page: Page) => page.getByRole('textbox', { name: 'Template' })

describe('what is typed', () => {
  it('is there after a reload, after Back, and on the page of its name until it is saved or discarded', async () => {
    await write('kept', 'Hello {name}')
    const page = await tabs.open('prompts/kept/edit')
    await template(page).fill('Dear {name}')
    await page.getByLabel('Why').fill('Politer')

    await page.reload()
    await page.getByRole('heading', { name: 'New version' }).waitFor(WAIT)
    expect(await template(page).inputValue()).toBe('Dear {name}')
    expect(await page.getByLabel('Why').inputValue()).toBe('Politer')
    await show(page, 'changelog')
    await page.goBack()
    await page.getByRole('heading', { name: 'New version' }).waitFor(WAIT)
    expect(await template(page).inputValue()).toBe('Dear {name}')

    await show(page, 'prompts/kept')
    await page.getByText('You have an unsaved draft').waitFor(WAIT)
    await shot(page, 'draft-kept')
    await page.getByRole('link', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Save version' }).click()
    await page.locator('.toast', { hasText: 'v2 of kept saved.' }).waitFor(WAIT)
    expect(await page.getByText('You have an unsaved draft').count()).toBe(0)
    expect((await host.call('/prompts/kept?version=2')).template).toBe('Dear {name}')
  })

  it('is there after a sign-in, which goes on with the save it interrupted', async () => {
    await write('guarded', 'One')
    const page = await tabs.open('prompts/guarded/edit', { signsIn: false })
    await template(page).fill('Two')

    await page.getByRole('button', { name: 'Save version' }).click()
    await page.getByRole('dialog').getByLabel('Token').waitFor(WAIT)
    await shot(page, 'sign-in')
    tabs.forgive(page)
    await page.getByRole('dialog').getByLabel('Token').fill(TOKEN.value)
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in', exact: true }).click()

    await page.locator('.toast', { hasText: 'v2 of guarded saved.' }).waitFor(WAIT)
    expect((await host.call('/prompts/guarded?version=2')).template).toBe('Two')
  })

  it('is there after a sign-in that was cancelled', async () => {
    await write('refused', 'One')
    const page = await tabs.open('prompts/refused/edit', { signsIn: false })
    await template(page).fill('Two')
    await page.getByRole('button', { name: 'Save version' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    tabs.forgive(page)

    await page.locator('.review .problem', { hasText: 'Sign in to do this.' }).waitFor(WAIT)
    expect(await template(page).inputValue()).toBe('Two')
  })

  it('is left alone when somebody else writes, and says so', async () => {
    await write('both', 'One')
    const page = await tabs.open('prompts/both/edit')
    await template(page).fill('Mine')
    await page.evaluate('document.activeElement.setSelectionRange(1, 3)')

    await write('both', 'Theirs')

    await page.getByText('ada wrote v2 meanwhile').waitFor(WAIT)
    await shot(page, 'written-meanwhile')
    expect(await template(page).inputValue()).toBe('Mine')
    expect(
      await page.evaluate('(({ value, selectionStart, selectionEnd }) => [value, selectionStart, selectionEnd])(document.activeElement)'),
    ).toEqual(['Mine', 1, 3])
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('button', { name: 'Save version' }).click()
    await page.locator('.toast', { hasText: 'v3 of both saved.' }).waitFor(WAIT)
  })

  it('is not thrown away by signing out, unless one says so', async () => {
    await write('leaving', 'One')
    const page = await tabs.open('prompts/leaving/edit')
    await template(page).fill('Two')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Stay' }).click()
    expect(await template(page).inputValue()).toBe('Two')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign out and discard' }).click()

    await page.getByRole('button', { name: 'Sign in' }).waitFor(WAIT)
    await show(page, 'prompts/leaving/edit')
    expect(await template(page).inputValue()).toBe('One')
  })

  it('stays in a form that the API refuses', async () => {
    const page = await tabs.open('new/prompts')
    await page.getByLabel('Name', { exact: true }).fill('taken')
    await template(page).fill('Hello')
    await write('taken', 'Somebody was faster')

    await page.getByRole('button', { name: 'Save prompt' }).click()

    await page.locator('.review .problem', { hasText: 'already exists' }).waitFor(WAIT)
    tabs.forgive(page)
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('taken')
    await page.getByRole('button', { name: 'Discard' }).click()
    await show(page, 'new/prompts')
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('')
  })
})

describe('save and promote', () => {
  it('is staged, does both, and gives the label back by Undo', async () => {
    await write('straight', 'One', { labels: ['production'] })
    const page = await tabs.open('prompts/straight/edit')
    await template(page).fill('Two')
    await page.getByRole('button', { name: 'Save and promote…' }).click()
    expect(await page.locator('.staged .sentence').textContent()).toBe('production: v1 → this version')
    expect((await host.call('/prompts/straight')).version).toBe(1)

    await page.getByRole('button', { name: 'Save and promote', exact: true }).click()

    await page.locator('.toast', { hasText: 'production of straight: v1 → v2.' }).waitFor(WAIT)
    expect((await host.call('/prompts/straight')).version).toBe(2)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('.toast', { hasText: 'Undone.' }).waitFor(WAIT)
    expect((await host.call('/prompts/straight')).version).toBe(1)
  })

  it('saves, and asks again, when somebody moved the label meanwhile', async () => {
    await write('moved', 'One', { labels: ['production'] })
    await write('moved', 'Two', { labels: [] })
    const page = await tabs.open('prompts/moved/edit')
    await template(page).fill('Three')
    await page.getByRole('button', { name: 'Save and promote…' }).click()
    // What the page loads when it hears of the other promotion is held back, as on a slow line.
    const news = await hold(page, /\/config\/api\/prompts\?/, Infinity)
    await host.call('/prompts/moved/promote', { version: 2 })
    await page.getByRole('button', { name: 'Save and promote', exact: true }).click()

    await page.locator('.toast', { hasText: 'v3 is saved, and not promoted' }).waitFor(WAIT)
    news.release()
    await page.locator('.staged').waitFor(WAIT)
    expect((await host.call('/prompts/moved')).version).toBe(2)
    tabs.forgive(page)
  })
})
