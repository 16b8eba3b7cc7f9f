import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type ConfigurationManager, createConfigManager, setConfigManager } from '../../src/index.js'
import { doorsOf } from '../support/compile-blocks.js'
import { codeBlocksOf } from '../support/markdown-code.js'
import { startOpenAIServer } from '../support/openai-server.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BLOCKS = codeBlocksOf('docs/recipes.md', readFileSync(join(ROOT, 'docs/recipes.md'), 'utf8')).map(({ text }) => text)

let database: TestDatabase
let manager: ConfigurationManager
let server: Awaited<ReturnType<typeof startOpenAIServer>>
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false })
  setConfigManager(manager)
  server = await startOpenAIServer()
  vi.stubEnv('OPENAI_BASE_URL', `${server.url}/v1`)
  vi.stubEnv('OPENAI_API_KEY', 'test')
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  folder = mkdtempSync(join(ROOT, '.cache', 'recipes-'))
  await runBlock('prompts.create')
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  setConfigManager(undefined)
  vi.unstubAllEnvs()
  await Promise.all([manager.shutdown(), server.close()])
  await database.drop()
})

it.each([
  ['OpenAI', 'new OpenAI()'],
  ['the AI SDK', 'generateText('],
])('the recipe for %s runs: the stored prompt reaches the server, and its answer comes back', async (_name, marker) => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  const before = server.requests.length

  await runBlock(marker)

  const { body } = server.requests[before]!
  expect(JSON.stringify(body.messages)).toContain('You answer questions about parcels.')
  expect(JSON.stringify(body.messages)).toContain('Where is mine?')
  expect(said.mock.calls.flat().join(' ')).toContain('Where is mine?')
  said.mockRestore()
})

/** Runs the one block that holds a marker as a module, with the doors of this package from its sources. */
async function runBlock(marker: string): Promise<void> {
  const [block, ...others] = BLOCKS.filter((text) => text.includes(marker))
  if (block === undefined || others.length > 0) throw new Error(`There is not one block with ${marker}.`)
  const doors = Object.entries(doorsOf(ROOT))
  const text = block.replace(
    /from '(agent-config[^']*)'/g,
    (_whole, door: string) => `from '${doors.find(([name]) => name === door)![1][0]}'`,
  )
  const file = join(folder, `${marker.replace(/\W/g, '')}.ts`)
  writeFileSync(file, text)
  await import(/* @vite-ignore */ pathToFileURL(file).href)
}
