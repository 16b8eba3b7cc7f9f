import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openChromium } from './open-chromium.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { faultsOfLooks, shot, show, Tabs, WAIT } from './support/tabs.js'

const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
]

let browser: Browser
let host: PageHost
let tabs: Tabs
let filled: Promise<void> | undefined

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost()])
  tabs = new Tabs(browser, host)
})
afterEach(() => tabs.close())
afterAll(async () => {
  await browser?.close()
  await host?.close()
})

async function prompt(name: string): Promise<void> {
  await host.call('/prompts', { name, template: 'One', labels: ['production'] })
  await host.call(`/prompts/${name}/versions`, { template: 'Two', labels: [] })
}

async function rollout(name: string, guard?: object): Promise<string> {
  await prompt(name)
  const { id } = await host.call('/rollouts', { kind: 'prompt', name, arms: ARMS, ...(guard && { guard: { settle_ms: 0, ...guard } }) })
  return String(id)
}

/** People who come and go: of each version every so many fail. */
async function people(name: string, count: number, failsEvery: readonly [number, number], from = 0): Promise<void> {
  const { manager } = host
  const seen = [0, 0]
  for (let person = from; person < from + count; person++) {
    const subject = `user-${person}`
    const version = (await manager.getPrompt(name, { subject }))?.version ?? 1
    const place = seen[version - 1]! + 1
    seen[version - 1] = place
    manager.outcomes.record({ subject, metric: 'error', bad: place % failsEvery[version - 1]! === 0 })
    manager.outcomes.record({ subject, metric: 'slow', bad: place % 9 === 0 })
    manager.outcomes.record({ subject, metric: 'cost', value: 0.02 + (place % 7) / 1_000 })
  }
  await manager.outcomes.flush()
}

const open = (name: string) => tabs.open(`prompts/${name}?tab=rollout`)
const said = (page: Page) => page.locator('.outcomes .notice')

describe('the card of a guarded rollout', () => {
  it('draws each metric with its intervals, says the verdict in words, and keeps up while it runs', async () => {
    await rollout('watched', { metrics: ['error', { name: 'slow', over_ms: 8_000 }], action: 'notify' })
    const page = await open('watched')

    await said(page).filter({ hasText: 'Too early for the guard to say anything: 0 subjects so far.' }).waitFor(WAIT)
    await people('watched', 240, [20, 20])
    await said(page).filter({ hasText: 'Nothing speaks against v2 so far.' }).waitFor(WAIT)
    const error = page.locator('.metric', { hasText: 'error' })
    expect(await error.locator('svg.interval rect').count()).toBe(2)
    expect(await error.locator('svg.evidence').count()).toBe(1)
    expect(await error.locator('.figure').first().textContent()).toMatch(/^\d+ of \d+ · [\d.]+ % \([\d.]+ to [\d.]+ %\)$/)
    expect(await page.locator('.metric', { hasText: 'cost' }).locator('.figure').first().textContent()).toMatch(/^0\.02/)
    expect(await page.locator('dl.facts').textContent()).toContain(
      'error, slow over 8 s · false alarms 5 % · outcomes settle in 0 ms · says so only',
    )
    // Weights stay while it is guarded.
    expect(await page.getByLabel(/^Weight of/).count()).toBe(0)

    await people('watched', 200, [20, 1], 1_000)
    await said(page).filter({ hasText: 'v2 does worse in error. This guard only says so.' }).waitFor(WAIT)
    expect(await page.locator('.verdict.worse').textContent()).toMatch(/^worse · evidence .* of 40$/)
  })

  it('says that the guard has paused it, and goes on only after it has said what that means', async () => {
    const id = await rollout('broken', { metrics: ['error'] })
    await people('broken', 80, [1_000, 1])
    await eventually(async () => (await host.call(`/rollouts/${id}`)).status === 'paused')
    const page = await open('broken')

    await said(page).filter({ hasText: 'The guard has paused it: v2 does worse in error.' }).waitFor(WAIT)
    host.writes()
    await page.getByRole('button', { name: 'Resume…' }).click()
    expect(await page.locator('.staged').textContent()).toContain('false alarms add up to 10 %')
    expect(host.writes()).toEqual([])
    await page.getByRole('button', { name: 'Resume all the same' }).click()
    await page.locator('.toast', { hasText: 'The rollout on production goes on.' }).waitFor(WAIT)

    expect(await host.call(`/rollouts/${id}`)).toMatchObject({ status: 'running', guard: { acknowledged: 1 } })
    await said(page).filter({ hasText: 'Too early' }).waitFor(WAIT)
  })

  it('says that the label has left the control, and nothing of a rollout that nobody watches', async () => {
    await rollout('left', { metrics: ['error'] })
    await host.call('/prompts/left/promote', { version: 2, force: true })
    await rollout('unwatched')
    const page = await open('left')

    await said(page).filter({ hasText: 'The guard has ended' }).waitFor(WAIT)
    await show(page, 'prompts/unwatched?tab=rollout')
    await page.locator('article.rollout').waitFor(WAIT)

    expect(await page.locator('.outcomes').count()).toBe(0)
  })

  it('starts with a guard when it is asked to', async () => {
    await prompt('to-start')
    const page = await open('to-start')

    await page.getByRole('button', { name: 'Start a rollout' }).click()
    await page.getByLabel(/^Pause it by itself/).check()
    await shot(page, 'guard-start')
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await page.locator('.toast', { hasText: 'started' }).waitFor(WAIT)

    const { items } = await host.call('/rollouts?name=to-start')
    expect(items).toMatchObject([{ guard: { metrics: [{ name: 'error' }, { name: 'degraded' }, { name: 'invalid_output' }] } }])
  })
})

/** Every way a card can look, and how often runs of each version fail. */
const LOOKS: Readonly<Record<string, readonly [action: 'pause' | 'notify', people: number, control: number, candidate: number]>> = {
  'looks-early': ['notify', 0, 1, 1],
  'looks-fine': ['notify', 260, 20, 24],
  'looks-worse': ['notify', 260, 20, 3],
  'looks-paused': ['pause', 80, 1_000, 1],
}

async function fill(): Promise<void> {
  for (const [name, [action, count, control, candidate]] of Object.entries(LOOKS)) {
    const id = await rollout(name, { metrics: ['error', { name: 'slow', over_ms: 8_000 }], action })
    await people(name, count, [control, candidate])
    if (action === 'pause') await eventually(async () => (await host.call(`/rollouts/${id}`)).status === 'paused')
  }
}

describe.each([1440, 320])('at %i pixels, in light and in dark', (width) => {
  it('the card is free of accessibility violations, and nothing stands beyond the edge', async () => {
    filled ??= fill()
    await filled
    const page = await tabs.open('prompts', { viewport: { width, height: 1_000 }, reducedMotion: 'reduce' })
    const found: string[] = []
    for (const name of Object.keys(LOOKS)) {
      await show(page, `prompts/${name}?tab=rollout`)
      await said(page).waitFor(WAIT)
      if (name === 'looks-paused') await page.getByRole('button', { name: 'Resume…' }).click()
      found.push(...(await faultsOfLooks(page, name, `guard-${name}-${width}`)))
      await page.keyboard.press('Escape')
    }
    expect(found).toEqual([])
  })
})
