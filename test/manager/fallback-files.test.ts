import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigManagerOptions, type ConfigurationManager, createConfigManager, definePrompt } from '../../src/index.js'
import { FilesError, InvalidArgumentError } from '../../src/shared/errors.js'
import { NOTES } from '../kinds/a-kind.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { eventsOf, useManagers } from './managers.js'

const AWAY = 'postgresql://127.0.0.1:1/none'
const FILES = {
  'prompts/support/triage.prompt': '---\nmodel: default\n---\nSort {product}\n',
  'models/default.yaml': 'provider: ollama\nmodel: llama3\n',
  'embeddings/default.yaml': 'embeddingModel: bge-m3\n',
  'flags/new.yaml': 'value: true\n',
  'context-rules/payments.yaml': 'important: amounts\n',
  'notes/one.yaml': 'content: a note\n',
}

const start = useManagers()
const opened: ConfigurationManager[] = []
afterEach(async () => void (await Promise.all(opened.splice(0).map((manager) => manager.shutdown()))))

/** A manager that need not be able to start. */
function open(given: ConfigManagerOptions): ConfigurationManager {
  const manager = createConfigManager(given)
  opened.push(manager)
  return manager
}

function fallbacksOf(manager: ConfigurationManager) {
  const events: { readonly name: string; readonly error: unknown }[] = []
  manager.on('fallback', (event) => void events.push(event))
  return events
}
let database: TestDatabase
let folder: string
let count = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-fallback-'))
  for (const [path, text] of Object.entries(FILES)) write(path, text)
  return () => rmSync(folder, { recursive: true })
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function options(more: ConfigManagerOptions = {}): ConfigManagerOptions {
  const servers = { database: database.url, redis: false, listen: false } as const
  return { ...servers, project: `p${++count}`, kinds: [NOTES], fallbackFiles: folder, ...more }
}

describe('fallbackFiles', () => {
  it('answer where the store has nothing, until it has something', async () => {
    const manager = await start(options())
    const events = fallbacksOf(manager)

    const early = await manager.getPrompt('support/triage')
    await manager.prompts.create({ name: 'support/triage', template: 'Stored {product}', labels: ['production'] })
    const later = await manager.getPrompt('support/triage')

    expect(early).toMatchObject({ source: 'fallback', stale: false, version: 0, model: 'default', variables: ['product'], labels: [] })
    expect(early?.compile({ product: 'shoes' })).toBe('Sort shoes')
    expect(events).toEqual([{ kind: 'prompt', project: manager.project, name: 'support/triage', error: undefined }])
    expect(later).toMatchObject({ source: 'memory', template: 'Stored {product}' })
    expect(await manager.getPrompt('unknown')).toBeUndefined()
  })

  it('answer for every kind while the store is away', async () => {
    const manager = open(options({ database: AWAY }))
    const events = fallbacksOf(manager)

    expect(await manager.getPrompt('support/triage')).toMatchObject({ source: 'fallback' })
    expect(await manager.getModelConfig()).toMatchObject({ source: 'fallback', provider: 'ollama', model: 'llama3', fallbacks: [] })
    expect(await manager.getEmbeddingConfig()).toMatchObject({ source: 'fallback', embeddingModel: 'bge-m3', chunkSize: 512 })
    expect(await manager.getFlagDetails('new', false)).toMatchObject({ value: true, source: 'fallback' })
    expect(await manager.of(NOTES).get('one')).toMatchObject({ source: 'fallback', content: 'a note' })
    expect(await manager.getContextRules()).toMatchObject([{ context: 'payments', important: 'amounts', version: 0 }])
    expect(events).toHaveLength(6)
    expect(events.every(({ error }) => error instanceof Error)).toBe(true)
    await expect(manager.getPrompt('unknown')).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
    await expect(manager.getContextRules('unknown')).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
  })

  it('do not answer who asks for one version, one revision or another project', async () => {
    const manager = await start(options())

    expect(await manager.getPrompt('support/triage', { version: 1 })).toBeUndefined()
    expect(await manager.getPrompt('support/triage', { minRevision: 0 })).toBeUndefined()
    expect(await manager.getPrompt('support/triage', { project: 'another' })).toBeUndefined()
    expect(await manager.getContextRules('payments', { project: 'another' })).toEqual([])
    expect(await manager.getPrompt('support/triage', { label: 'staging' })).toMatchObject({ selection: { label: 'staging' } })
  })

  it('come before the copy that code has', async () => {
    const manager = await start(options())
    const triage = definePrompt({ name: 'support/triage', fallback: 'In code {product}' })

    expect((await manager.getPrompt(triage))?.compile({ product: 'shoes' })).toBe('Sort shoes')
    expect(await manager.getPrompt(definePrompt({ name: 'only in code', fallback: 'In code' }))).toMatchObject({ template: 'In code' })
  })

  it.each([
    ['a file that cannot be read', () => write('flags/odd.yaml', 'value: [\n'), FilesError, /flags\/odd\.yaml/],
    [
      'a folder that is none',
      () => rmSync(folder, { recursive: true }) ?? mkdirSync(dirname(folder), { recursive: true }),
      InvalidArgumentError,
      /directory/,
    ],
  ])('with %s are told of by ready() and an event, and reads go without them', async (_title, spoil, type, message) => {
    spoil()
    const manager = open(options())
    const { of } = eventsOf(manager)

    await expect(manager.ready()).rejects.toThrow(type)
    await expect(manager.ready()).rejects.toThrow(message)
    expect(await manager.getPrompt('support/triage')).toBeUndefined()
    expect(of('error').map(({ event }) => event.message)).toEqual([expect.stringContaining('fallbackFiles')])
    mkdirSync(folder, { recursive: true })
  })
})
