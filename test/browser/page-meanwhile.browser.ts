import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openChromium } from './open-chromium.js'
import { hold } from './support/hold.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, Tabs, WAIT } from './support/tabs.js'

// What changes between a question and its answer: an answer that is late must not take the place of what is newer.

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

describe('a staged change of traffic', () => {
  it('writes what was touched, and leaves what another person changes meanwhile', async () => {
    await write('divided', 'One', { labels: ['production'] })
    await write('divided', 'Two')
    const arms = [1, 2].map((version) => ({ version, weight: 1 }))
    const { id } = await host.call('/rollouts', { kind: 'prompt', name: 'divided', arms, coverage: 10 })
    const page = await tabs.open('prompts/divided?tab=rollout')
    await page.getByRole('slider', { name: 'Subjects taking part' }).focus()
    await page.keyboard.press('End')
    await page.locator('.staged .sentence', { hasText: '10 % → 100 %' }).waitFor(WAIT)

    await host.call(`/rollouts/${id}/ramp`, { weights: [3, 1] })
    await eventually(async () => (await page.getByLabel('Weight of v1').inputValue()) === '3')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('.toast', { hasText: '10 % → 100 %' }).waitFor(WAIT)

    const { coverage, arms: now } = await host.call(`/rollouts/${id}`)
    expect([coverage, (now as { weight: number }[]).map(({ weight }) => weight)]).toEqual([100, [3, 1]])
  })
})

describe('an answer that is late', () => {
  it('of a list does not take the place of a row that was loaded after it', async () => {
    await write('row', 'One', { description: 'As it was' })
    const page = await tabs.open('models')
    const list = await hold(page, /\/prompts\?.*label=/, 2)
    await page.evaluate("location.assign('#/prompts')")
    await eventually(() => list.isAsked())
    await write('row', 'Two', { description: 'As it is' })
    await page.getByText('As it is').waitFor(WAIT)

    list.release()
    await page.getByRole('link', { name: 'divided' }).waitFor(WAIT)

    await page.getByText('As it is').waitFor(WAIT)
    expect(await page.getByText('As it was').count()).toBe(0)
  })

  it('of a model is not shown below a version that did not give it', async () => {
    await host.manager.models.createVersion({ name: 'default', provider: 'scripted', model: 'echo', labels: ['production'] })
    for (const text of ['One {x}', 'Two {x}', 'Three {x}']) await write('tried', text, { labels: ['production'] })
    const page = await tabs.open('prompts/tried/try')
    await page.getByLabel('x', { exact: true }).fill('!')
    host.writes()
    const answers = await hold(page, /\/playground\/run/, 2)
    await page.getByRole('button', { name: 'Run both' }).click()
    await eventually(() => answers.isAsked())

    await page.locator('.side').nth(0).getByRole('combobox').selectOption('1')
    answers.release()

    await page
      .locator('.side')
      .nth(1)
      .getByText(/^Answer to: /)
      .waitFor(WAIT)
    await page.locator('.side').nth(0).getByText('One !').waitFor(WAIT)
    // Nobody asked the model again.
    expect(host.writes().filter((call) => call.endsWith('/playground/run'))).toHaveLength(2)
    expect(await page.locator('.side').nth(0).locator('.answer').count()).toBe(0)
  })

  it('of a search in texts is not shown below another text', async () => {
    await write('haystack', 'There is a needle in it')
    const page = await tabs.open('prompts')
    await page.keyboard.press('/')
    const field = page.getByRole('combobox', { name: 'Search names and text' })
    await field.fill('needle')
    await page.getByText('No name contains that.').waitFor(WAIT)
    const texts = await hold(page, /include=content/)
    await page.getByRole('button', { name: 'Search the texts too' }).click()
    await eventually(() => texts.isAsked())

    await field.fill('divided')
    await page.getByText('1 name.').waitFor(WAIT)
    texts.release()
    await page.waitForTimeout(500)

    expect(await page.locator('#hits').getByRole('option').allTextContents()).toEqual(['divided prompt'])
  })

  it('of the changelog does not count again what is shown already', async () => {
    const page = await tabs.open('changelog')
    await page.locator('.changes li').first().waitFor(WAIT)
    await write('logged', 'One')
    await page.getByRole('button', { name: '1 new change' }).waitFor(WAIT)
    const shown = await page.locator('.changes li').count()
    const look = await hold(page, /\/changelog\?/)
    await write('logged', 'Two')
    await eventually(() => look.isAsked())

    await page.getByRole('button', { name: '1 new change' }).click()
    expect(await page.locator('.changes li').count()).toBe(shown + 1)
    look.release()

    await page.getByRole('button', { name: '1 new change' }).click()
    expect(await page.locator('.changes li').count()).toBe(shown + 2)
  })
})

it('what is typed while a version is saved stays as a draft that goes on from it', async () => {
  await write('typed', 'One')
  const page = await tabs.open('prompts/typed/edit')
  const template = page.getByLabel('Template', { exact: true }).last()
  await template.fill('Two')
  const save = await hold(page, /\/prompts\/typed\/versions/)
  await page.getByRole('button', { name: 'Save version' }).click()
  await eventually(() => save.isAsked())
  await template.fill('Two and a half')

  save.release()
  await page.locator('.toast', { hasText: 'v2 of typed saved.' }).waitFor(WAIT)
  await page.evaluate("location.assign('#/prompts/typed/edit')")

  await page.getByRole('heading', { name: 'Changes from v2' }).waitFor(WAIT)
  expect(await template.inputValue()).toBe('Two and a half')
})

describe('a failure', () => {
  it('of the figures is told beside those that were there', async () => {
    const page = await tabs.open('health')
    await page.getByText('Documents in memory').waitFor(WAIT)
    await page.route('**/cache/stats*', (route) => route.abort())

    await page.getByRole('alert').getByText('These figures are not new any more. The host does not answer.').waitFor(WAIT)
    await shot(page, 'health-not-new')
    await page.unroute('**/cache/stats*')
    await page.getByRole('alert').waitFor({ ...WAIT, state: 'detached' })
    tabs.forgive(page)
  })

  it('to copy is told, where the browser has no clipboard', async () => {
    const page = await tabs.open('prompts/typed?tab=use')
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")

    await page.getByRole('button', { name: 'Copy' }).first().click()

    await page.locator('.toast', { hasText: 'The browser does not let this page copy.' }).waitFor(WAIT)
    expect(await page.getByRole('button', { name: 'Copied' }).count()).toBe(0)
  })
})
