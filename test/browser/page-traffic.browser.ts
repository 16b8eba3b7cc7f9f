import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openChromium } from './open-chromium.js'
import { hold } from './support/hold.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, show, Tabs, WAIT } from './support/tabs.js'

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost({ hasRedis: true })])
  tabs = new Tabs(browser, host)
})

afterEach(() => tabs.close())

afterAll(async () => {
  await browser?.close()
  await host?.close()
})

async function prompt(name: string, ...templates: readonly string[]): Promise<void> {
  for (const [place, template] of templates.entries())
    await host.call(`/prompts/${name}/versions`, { template, labels: place === 0 ? ['production'] : [], summary: `Number ${place + 1}` })
  host.writes()
}

async function rollout(name: string, coverage: number): Promise<string> {
  await prompt(name, 'One', 'Two')
  const arms = [
    { version: 1, weight: 1 },
    { version: 2, weight: 1 },
  ]
  const { id } = await host.call('/rollouts', { kind: 'prompt', name, arms, coverage })
  host.writes()
  return String(id)
}

const card = (page: Page) => page.locator('article.rollout')
const production = async (name: string) => (await host.call(`/prompts/${name}`)).version

describe('a change of traffic', () => {
  it('is staged as a sentence, applied once, and taken back by Undo', async () => {
    await prompt('staged', 'One', 'Two')
    const page = await tabs.open('prompts/staged')

    await page.getByRole('button', { name: 'Promote v2…' }).click()
    expect(await page.locator('.staged .sentence').textContent()).toBe('production: v1 → v2')
    await shot(page, 'promotion-staged')
    expect(host.writes()).toEqual([])
    await page.getByLabel('Why').fill('Kinder')
    await page.getByRole('button', { name: 'Apply' }).click()

    await page.locator('.toast', { hasText: /production of staged: v1 → v2\. Served by 1 of 1 worker after \d+ ms\./ }).waitFor(WAIT)
    expect(await page.locator('.live').textContent()).toMatch(/1 worker · revision \d+/)
    await shot(page, 'promotion-applied')
    expect(host.writes()).toEqual(['POST /prompts/staged/promote'])
    expect(await production('staged')).toBe(2)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('.toast', { hasText: 'Undone.' }).waitFor(WAIT)
    expect(await production('staged')).toBe(1)
  })

  it('is dropped by Cancel and by Escape', async () => {
    await prompt('cancelled', 'One', 'Two')
    const page = await tabs.open('prompts/cancelled')

    await page.getByRole('button', { name: 'Promote v2…' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('.staged').waitFor({ ...WAIT, state: 'detached' })
    await page.getByRole('button', { name: 'Promote v2…' }).click()
    await page.keyboard.press('Escape')
    await page.locator('.staged').waitFor({ ...WAIT, state: 'detached' })

    expect(host.writes()).toEqual([])
  })

  it('tells a promotion that somebody else was faster, keeps what was typed, and writes nothing', async () => {
    await prompt('raced', 'One', 'Two', 'Three')
    const page = await tabs.open('prompts/raced?v=2')
    await page.getByRole('button', { name: 'Promote v2…' }).click()
    await page.getByLabel('Why').fill('My reason')
    // What the page loads when it hears of the other promotion is held back, as on a slow line.
    const news = await hold(page, /\/config\/api\/prompts\?/, Infinity)
    await host.call('/prompts/raced/promote', { version: 3 })

    await page.getByRole('button', { name: 'Apply' }).click()

    await page.locator('.staged .problem', { hasText: 'is on version 3, not on 1' }).waitFor(WAIT)
    expect(await page.getByLabel('Why').inputValue()).toBe('My reason')
    expect(await production('raced')).toBe(3)
    news.release()
    tabs.forgive(page)
  })

  it('offers to roll back only where there is something to go back to', async () => {
    await prompt('rolled', 'One', 'Two')
    const page = await tabs.open('prompts/rolled')
    await page.getByRole('button', { name: 'More' }).click()
    expect(await page.getByRole('button', { name: /Roll back/ }).count()).toBe(0)
    await page.keyboard.press('Escape')
    await host.call('/prompts/rolled/promote', { version: 2 })

    await eventually(async () => {
      await page.getByRole('button', { name: 'More' }).click()
      const isOffered = (await page.getByRole('button', { name: 'Roll back production to v1…' }).count()) > 0
      if (!isOffered) await page.keyboard.press('Escape')
      return isOffered
    })
    await page.getByRole('button', { name: 'Roll back production to v1…' }).click()
    expect(await page.locator('.staged .sentence').textContent()).toBe('production: v2 → v1')
    await page.getByRole('button', { name: 'Apply' }).click()

    await page.locator('.toast', { hasText: 'rolled back: v2 → v1' }).waitFor(WAIT)
    expect(await production('rolled')).toBe(1)
  })

  it('asks twice before it takes a labelled version out of use, and gives it back', async () => {
    await prompt('retired', 'One', 'Two')
    const page = await tabs.open('prompts/retired?v=1')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Deactivate v1…' }).click()
    expect(await page.locator('.staged.dangerous .sentence').textContent()).toContain('It is production now.')

    await page.getByRole('button', { name: 'Apply', exact: true }).click()
    await page.locator('.staged .problem', { hasText: 'carries the label "production"' }).waitFor(WAIT)
    tabs.forgive(page)
    await page.getByRole('button', { name: 'Apply anyway' }).click()

    await page.locator('.rail li.off', { hasText: 'v1' }).waitFor(WAIT)
    await page.getByRole('button', { name: 'Activate v1…' }).click()
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('.toast', { hasText: 'v1 of retired is active.' }).waitFor(WAIT)
    await page.locator('.rail li.off').waitFor({ ...WAIT, state: 'detached' })
  })

  it('takes a whole name out of use, and back by Undo', async () => {
    await host.call('/prompts/whole/versions', { template: 'One', labels: [] })
    const page = await tabs.open('prompts/whole')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Deactivate the prompt…' }).click()
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('Every version is inactive').waitFor(WAIT)

    // The way back stays as long as the pointer is on it, however long another tab takes to open.
    await page.locator('.toast').hover()
    const list = await tabs.open('prompts?show=inactive', { in: page.context() })
    await list.getByRole('link', { name: 'whole' }).waitFor(WAIT)
    await page.getByRole('button', { name: 'Undo' }).click()

    await page.getByText('Every version is inactive').waitFor({ ...WAIT, state: 'detached' })
    await list.getByText('Nothing inactive').waitFor(WAIT)
    await list.getByRole('link', { name: 'Show the active ones' }).click()
    await list.getByRole('link', { name: 'whole' }).waitFor(WAIT)
  })

  it('removes a label, and gives it back by Undo', async () => {
    await host.call('/prompts/labelled/versions', { template: 'One', labels: ['production', 'beta'] })
    const page = await tabs.open('prompts/labelled')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Remove beta…' }).click()
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('.rail .label', { hasText: 'beta' }).waitFor({ ...WAIT, state: 'detached' })

    await page.getByRole('button', { name: 'Undo' }).click()

    await page.locator('.rail .label', { hasText: 'beta' }).waitFor(WAIT)
  })
})

describe('a rollout', () => {
  it('is started as a sentence that says who gets what, and ended by Undo', async () => {
    await prompt('begun', 'One', 'Two')
    const page = await tabs.open('prompts/begun?tab=rollout')
    await page.getByRole('button', { name: 'Start a rollout' }).click()
    await page.getByLabel('Subjects, in percent').fill('20')
    expect(await page.locator('.staged .sentence').textContent()).toBe(
      'production: 20 % of subjects take part, half of them get v2. The others stay on v1.',
    )
    await shot(page, 'rollout-staged')

    await page.getByRole('button', { name: 'Start', exact: true }).click()

    await card(page).getByText('not taking part').waitFor(WAIT)
    expect(await card(page).locator('tbody').textContent()).toMatch(/v1 not taking part80 %.*v1 control10 %.*v2 10 %/)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Ended at 20 % without a winner.').waitFor(WAIT)
  })

  it('is not written while its slider is dragged; events of others do not take the slider away', async () => {
    const id = await rollout('dragged', 10)
    await prompt('elsewhere', 'One')
    const page = await tabs.open('prompts/dragged?tab=rollout')
    const slider = page.getByRole('slider', { name: 'Subjects taking part' })
    // Waits until the slider stands still: what loads above it moves it.
    await slider.hover()
    const box = (await slider.boundingBox())!
    const at = (share: number) => [box.x + 8 + (box.width - 16) * share, box.y + box.height / 2] as const

    await page.mouse.move(...at(0.1))
    await page.mouse.down()
    await page.mouse.move(...at(0.91), { steps: 5 })
    await host.call('/prompts/elsewhere/versions', { template: 'Two' })
    await host.call('/prompts/dragged/versions', { template: 'Three', labels: [] })
    await page.locator('.rail li', { hasText: 'v3' }).waitFor(WAIT)
    expect(await slider.inputValue()).toBe('91')
    await page.mouse.move(...at(0.25), { steps: 3 })
    await page.mouse.up()

    await page.locator('.staged .sentence', { hasText: 'production: 10 % → 25 % of subjects' }).waitFor(WAIT)
    await shot(page, 'slider-staged')
    expect(await host.call(`/rollouts/${id}`)).toMatchObject({ coverage: 10 })
    expect(host.writes()).not.toContain(`POST /rollouts/${id}/ramp`)
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('.toast', { hasText: '10 % → 25 % of subjects' }).waitFor(WAIT)
    expect(await host.call(`/rollouts/${id}`)).toMatchObject({ coverage: 25 })
    await page.getByRole('button', { name: 'Undo' }).click()
    await eventually(async () => (await host.call(`/rollouts/${id}`)).coverage === 10)
  })

  it('is ramped by the keyboard in one write, however many keys', async () => {
    const id = await rollout('ramped', 10)
    const page = await tabs.open('prompts/ramped?tab=rollout')

    await page.getByRole('slider', { name: 'Subjects taking part' }).focus()
    for (let press = 0; press < 8; press++) await page.keyboard.press('ArrowRight')
    await page.locator('.staged .sentence', { hasText: '10 % → 18 % of subjects' }).waitFor(WAIT)
    await page.getByRole('button', { name: 'Apply' }).focus()
    await page.keyboard.press('Enter')

    await page.locator('.toast', { hasText: '10 % → 18 %' }).waitFor(WAIT)
    expect(host.writes()).toEqual([`POST /rollouts/${id}/ramp`])
    expect(await host.call(`/rollouts/${id}`)).toMatchObject({ coverage: 18 })
  })

  it('says anew from where to where, when somebody else ramps it meanwhile', async () => {
    const id = await rollout('shared', 10)
    const page = await tabs.open('prompts/shared?tab=rollout')
    await page.getByRole('slider', { name: 'Subjects taking part' }).focus()
    await page.keyboard.press('End')
    await page.locator('.staged .sentence', { hasText: '10 % → 100 %' }).waitFor(WAIT)

    await host.call(`/rollouts/${id}/ramp`, { coverage: 30 })

    await page.locator('.staged .sentence', { hasText: '30 % → 100 %' }).waitFor(WAIT)
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await page.getByRole('slider', { name: 'Subjects taking part' }).inputValue()).toBe('30')
  })

  it('changes weights, pauses, resumes, and is concluded with a winner', async () => {
    const id = await rollout('steps', 40)
    const page = await tabs.open('prompts/steps?tab=rollout')
    await card(page).getByLabel('Weight of v2').fill('3')
    await page.locator('.staged .sentence', { hasText: 'weights 1:1 → 1:3' }).waitFor(WAIT)
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.locator('.toast', { hasText: 'weights 1:1 → 1:3' }).waitFor(WAIT)
    await card(page).getByRole('button', { name: 'Pause' }).click()
    await page.locator('article.rollout.paused').waitFor(WAIT)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('article.rollout.running').waitFor(WAIT)

    await card(page).getByRole('button', { name: 'Conclude…' }).click()
    await page.getByLabel('Winner').selectOption('2')
    expect(await page.locator('.staged .sentence').textContent()).toBe('The rollout ends. production: v1 → v2, for everybody.')
    await page.getByRole('button', { name: 'Conclude', exact: true }).click()

    await page.getByText('v2 won.').waitFor(WAIT)
    expect(await production('steps')).toBe(2)
    expect(await host.call(`/rollouts/${id}`)).toMatchObject({ status: 'concluded', winner: 2 })
  })

  it('stands in a line above every other tab, and in the list of all rollouts', async () => {
    await rollout('seen', 50)
    const page = await tabs.open('prompts/seen')
    expect(await page.locator('.rollout-line .legend').textContent()).toMatch(/v1 75 % control *v2 25 %/)

    await page.getByRole('link', { name: 'Change traffic…' }).click()
    await card(page).waitFor(WAIT)
    await show(page, 'rollouts?status=running')
    await page.getByRole('link', { name: 'seen · production' }).waitFor(WAIT)
  })
})
