import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openChromium } from './open-chromium.js'
import { fillLater } from './support/fill.js'
import { type PageHost, startPageHost } from './support/page-host.js'
import { shot, show, Tabs, WAIT } from './support/tabs.js'

let browser: Browser
let host: PageHost
let tabs: Tabs

beforeAll(async () => {
  ;[browser, host] = await Promise.all([openChromium(), startPageHost()])
  tabs = new Tabs(browser, host)
  await fillLater(host)
})

afterEach(() => tabs.close())

afterAll(async () => {
  await browser?.close()
  await host?.close()
})

const write = (name: string, template: unknown, more: object = {}) => host.call(`/prompts/${name}/versions`, { template, ...more })
const template = (page: Page) => page.getByRole('textbox', { name: 'Template' })
/** Saves, and waits until the page says so. By number and name: the toast of the save before may still be there. */
const save = async (page: Page, saved: string, what = 'Save version') => {
  await page.getByRole('button', { name: what }).click()
  await page.locator('.toast', { hasText: `${saved} saved.` }).waitFor(WAIT)
}

describe('the editor of a prompt', () => {
  it('checks the template while it is typed, and marks words that differ before it saves', async () => {
    await write('checked', 'Answer with one word.\nBe brief.', { labels: ['production'] })
    const page = await tabs.open('prompts/checked/edit')
    await template(page).fill('Answer with {count words.')
    await page.locator('.template .problem', { hasText: 'Line 1, column 13' }).waitFor(WAIT)
    tabs.forgive(page)

    await template(page).fill('Answer with {count} short words.\nBe brief.')
    await page.locator('.template .hint', { hasText: 'Variables: count' }).waitFor(WAIT)

    const diff = page.locator('.review .diff')
    expect(await diff.locator('del').allTextContents()).toEqual(['one word'])
    expect(await diff.locator('ins').allTextContents()).toEqual(['{count} short words'])
    expect(await page.locator('.review').textContent()).toContain('staging: none → this version')
    await shot(page, 'editor-diff')
    await save(page, 'v2 of checked')
    await page.locator('.rail li', { hasText: 'v2staging' }).waitFor(WAIT)
    await show(page, 'prompts/checked?v=2&tab=compare')
    expect(await page.locator('.diff del').allTextContents()).toEqual(['one word'])
  })

  it('adds, moves, removes and takes back messages, roles and placeholders', async () => {
    await write('chat', [
      { role: 'system', content: 'You help.' },
      { role: 'user', content: '{question}' },
    ])
    const page = await tabs.open('prompts/chat/edit')

    await page.getByRole('button', { name: 'Add placeholder' }).click()
    // Long enough for the template to be checked, which has no name for it yet.
    await page.waitForTimeout(1_000)
    await page.getByLabel('Placeholder 3').fill('history')
    await page.getByRole('button', { name: 'Move message 3 up' }).click()
    // The focus goes with the message that was moved.
    await eventually(async () => (await page.evaluate('document.activeElement.getAttribute("aria-label")')) === 'Move message 2 up')
    await page.getByRole('button', { name: 'Add message' }).click()
    await page.getByLabel('Message 4', { exact: true }).fill('Think first.')
    await page.getByLabel('Role of message 4').selectOption('assistant')
    await page.getByRole('button', { name: 'Remove message 1' }).click()
    await page.getByRole('button', { name: 'Undo remove' }).click()
    await shot(page, 'editor-chat')
    await save(page, 'v2 of chat')

    expect((await host.call('/prompts/chat?version=2')).template).toEqual([
      { role: 'system', content: 'You help.' },
      { placeholder: 'history', optional: true },
      { role: 'user', content: '{question}' },
      { role: 'assistant', content: 'Think first.' },
    ])
  })

  it('goes from text to messages and back without losing a word', async () => {
    await write('switched', 'All in one')
    const page = await tabs.open('prompts/switched/edit')

    await page.getByRole('button', { name: 'Messages' }).click()
    expect(await page.getByLabel('Message 1', { exact: true }).inputValue()).toBe('All in one')
    await page.getByRole('button', { name: 'Add message' }).click()
    await page.getByLabel('Message 2', { exact: true }).fill('And more')
    await page.getByRole('button', { name: 'Text', exact: true }).click()

    expect(await template(page).inputValue()).toBe('All in one\n\nAnd more')
  })

  it('refuses parameters that are not JSON, and says where', async () => {
    await write('odd', 'One')
    const page = await tabs.open('prompts/odd/edit')
    await page.getByLabel('Parameters').fill('{ "temperature": }')

    await page.getByText('Parameters is not JSON').waitFor(WAIT)
    await page.getByRole('button', { name: 'Save version' }).click()

    expect(host.writes().filter((one) => one.includes('/odd/'))).toEqual(['POST /prompts/odd/versions'])
    await page.getByLabel('Parameters').fill('{ "temperature": 0.2 }')
    await save(page, 'v2 of odd')
    expect((await host.call('/prompts/odd?version=2')).parameters).toEqual({ temperature: 0.2 })
  })
})

describe('the other kinds', () => {
  it('have forms: a model', async () => {
    const page = await tabs.open('models')
    await page.getByText('No models yet').waitFor(WAIT)
    await shot(page, 'empty-list')
    await page.locator('.empty').getByRole('link', { name: 'New model' }).click()
    await page.getByLabel('Name', { exact: true }).fill('default')
    await page.getByLabel('Provider').fill('ollama')
    await page.getByLabel('Model', { exact: true }).fill('qwen3:14b')
    await page.getByLabel('Parameters').fill('{"temperature":0.1}')
    await page.getByLabel('Labels').fill('production')
    await save(page, 'v1 of default', 'Save model')

    expect(await host.call('/models/default')).toMatchObject({
      provider: 'ollama',
      model_name: 'qwen3:14b',
      parameters: { temperature: 0.1 },
    })
    await show(page, 'models')
    expect(await page.locator('.list tbody').textContent()).toContain('ollama:qwen3:14b')
  })

  it('an embedding, a context rule', async () => {
    const page = await tabs.open('new/embeddings')
    await page.getByLabel('Name', { exact: true }).fill('default')
    await page.getByLabel('Embedding model').fill('nomic-embed-text')
    await save(page, 'v1 of default', 'Save embedding')
    expect(await host.call('/embeddings/default')).toMatchObject({ embedding_model: 'nomic-embed-text', chunk_size: 512 })

    await show(page, 'new/context-rules')
    await page.getByLabel('Name', { exact: true }).fill('payments')
    await page.getByLabel('Important').fill('status, amount')
    await save(page, 'v1 of payments', 'Save context rule')
    expect(await page.locator('.rail').textContent()).toContain('in force')
    expect(await page.getByRole('link', { name: 'Rollout', exact: true }).count()).toBe(0)
  })

  it('a flag, switched on as a version and promoted', async () => {
    const page = await tabs.open('flags/new-checkout/edit?from=1')
    await page.getByRole('button', { name: 'On', exact: true }).click()
    await page.getByLabel('Description').fill('Checkout v2, for all')
    await shot(page, 'flag')
    await page.getByRole('button', { name: 'Save and promote…' }).click()
    await page.getByRole('button', { name: 'Save and promote', exact: true }).click()

    await page.locator('.toast', { hasText: 'production of new-checkout: v1 → v3.' }).waitFor(WAIT)
    expect(await host.call('/flags/new-checkout?version=3')).toMatchObject({ value: true, labels: ['production', 'staging'] })
    await show(page, 'new/flags')
    await page.getByLabel('Value').selectOption('text')
    await page.getByLabel('Text', { exact: true }).fill('blue')
    await page.getByLabel('Name', { exact: true }).fill('colour')
    await save(page, 'v1 of colour', 'Save flag')
    expect(await host.call('/flags/colour?version=1')).toMatchObject({ value: 'blue' })
  })

  it('a declared kind with a schema has a form, and keeps what the schema does not name', async () => {
    const page = await tabs.open('tools/search/edit')
    await page.getByLabel('description').fill('Finds orders and parcels')
    await page.getByLabel('mode').selectOption('never')
    await page.getByLabel('timeout_seconds').fill('5')
    await page.getByLabel('is_cached').selectOption('')
    await shot(page, 'declared-kind-form')
    await save(page, 'v2 of search')

    expect((await host.call('/tools/search?version=2')).content).toEqual({
      description: 'Finds orders and parcels',
      mode: 'never',
      timeout_seconds: 5,
      input_schema: { type: 'object' },
    })
  })

  it('a protected label is marked', async () => {
    const page = await tabs.open('tools/search')

    expect(await page.locator('.rail .label', { hasText: 'production' }).getAttribute('title')).toBe('production is protected')
  })

  it('a declared kind without a schema has a JSON editor', async () => {
    const page = await tabs.open('policies/refunds/edit')
    await page.getByLabel('Content').fill('{ "limit": 250, "currency": "EUR" }')
    await save(page, 'v2 of refunds')

    expect((await host.call('/policies/refunds?version=2')).content).toEqual({ limit: 250, currency: 'EUR' })
  })
})

describe('the playground', () => {
  beforeAll(async () => {
    await host.manager.models.createVersion({ name: 'default', provider: 'scripted', model: 'echo', labels: ['production'] })
  })

  const messages = (ask: string) => [
    { role: 'system', content: `You sort tickets of {product}. ${ask}` },
    { role: 'user', content: '{ticket}' },
  ]

  it('renders two versions on one input, marks what differs, runs both, and remembers the input', async () => {
    await write('sorted', messages('Keep it short.'), { labels: ['production'] })
    await write('sorted', messages('Ask for the order number first.'))
    const page = await tabs.open('prompts/sorted')
    await page.getByRole('link', { name: 'Try it' }).click()
    await page.getByLabel('product').fill('Atlas')
    await page.getByLabel('ticket').fill('My parcel is late')

    const [first, second] = [page.locator('.side').nth(0), page.locator('.side').nth(1)]
    await first.getByText('You sort tickets of Atlas.').waitFor(WAIT)
    await second.locator('ins', { hasText: 'Ask for the order number first' }).waitFor(WAIT)
    expect(await first.locator('del').allTextContents()).toEqual(['Keep it short'])
    await page.getByRole('button', { name: 'Run both' }).click()
    await second.getByText(/^Answer to: You sort tickets of Atlas\. Ask/).waitFor(WAIT)
    expect(await first.locator('.figures').textContent()).toMatch(/[\d.]+ s.*\d+ → \d+ tokens.*scripted:/)
    await shot(page, 'playground')

    await page.reload()
    await page.getByLabel('product').waitFor(WAIT)
    expect(await page.getByLabel('product').inputValue()).toBe('Atlas')
    await page.getByRole('button', { name: 'Clear' }).click()
    expect(await page.getByLabel('product').inputValue()).toBe('')
    await first.getByText('You sort tickets of .').waitFor(WAIT)
  })

  it('tries a draft that nobody has saved, and saves it as a new version', async () => {
    await write('drafted', 'Hello {name}', { labels: ['production'] })
    const page = await tabs.open('prompts/drafted/try')
    await page.getByLabel('name', { exact: true }).fill('Ada')

    await page.getByRole('button', { name: 'Edit as draft' }).nth(1).click()
    await template(page).fill('Good morning, {name}')
    await page.locator('.side').nth(1).locator('.message ins', { hasText: 'Good morning,' }).waitFor(WAIT)
    await shot(page, 'playground-draft')
    await page.getByRole('link', { name: 'Save as new version…' }).click()
    await save(page, 'v2 of drafted')

    expect((await host.call('/prompts/drafted?version=2')).template).toBe('Good morning, {name}')
  })
})

describe('an API that is older than the page', () => {
  it('has what it can, and no button for the rest', async () => {
    const old = await startPageHost({ isOld: true })
    const oldTabs = new Tabs(browser, old)
    try {
      await old.call('/prompts/plain/versions', { template: 'One', labels: ['production'] })
      await old.call('/prompts/plain/versions', { template: 'Two' })
      const page = await oldTabs.open('prompts/plain')

      await page.getByRole('button', { name: 'Promote v2…' }).waitFor(WAIT)
      expect(await page.getByRole('link', { name: 'Try it' }).count()).toBe(0)
      expect(await page.getByRole('link', { name: 'Flags' }).count()).toBe(0)
      await page.getByRole('button', { name: 'More' }).click()
      expect(await page.getByRole('button', { name: /Remove|Activate/ }).count()).toBe(0)
      await page.getByRole('button', { name: 'Promote v2…' }).click()
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.locator('.toast', { hasText: 'production of plain: v1 → v2.' }).waitFor(WAIT)
      await oldTabs.close()
    } finally {
      await old.close()
    }
  })
})
