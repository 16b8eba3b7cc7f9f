import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { type Outcome, runCli } from '../cli/command-line.js'
import { pagesOf } from '../support/markdown-code.js'
import { type ShellCommand, shellCommandsOf, wordsOf } from '../support/shell-commands.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OURS = /^npx agent-config /
/** The rollout and the database of the pages. */
const ID = '3f2a91c0d4e5'
const ADDRESS = 'postgresql://…'

/** What a reader has of a page, or does between two of its commands, before this one. */
const BETWEEN: Readonly<Record<string, (folder: string) => void>> = {
  'npx agent-config types --out app/agent-config.gen.ts': (folder) => {
    cpSync(join(ROOT, 'examples', 'files'), folder, { recursive: true })
    mkdirSync(join(folder, 'app'))
  },
  'npx agent-config import dotprompt prompts/triage.prompt prompts/answer.prompt': (folder) => {
    cpSync(join(ROOT, 'examples', 'files', 'agent-config', 'prompts', 'support'), join(folder, 'prompts'), { recursive: true })
  },
  'npx agent-config check': (folder) => {
    const file = join(folder, 'agent-config', 'prompts', 'greeting.prompt')
    writeFileSync(file, readFileSync(file, 'utf8').replace('Hello', 'Hi'))
  },
}

/** What a command ends with on its page, if not with 0. */
const ENDS: Readonly<Record<string, number>> = { 'npx agent-config diff': 1 }

/** Begins with an empty database, and has a test of its own. */
const ELSEWHERE = 'docs/getting-started.md'

const pages = pagesOf(ROOT)
  .filter((page) => page !== ELSEWHERE)
  .map((page) => shellCommandsOf(page, readFileSync(join(ROOT, page), 'utf8')).filter(({ text }) => OURS.test(text)))
  .filter((commands) => commands.length > 0)

let database: TestDatabase
let manager: ConfigurationManager
let folder: string
let rolloutId: string

beforeEach(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false })
  folder = mkdtempSync(join(tmpdir(), 'agent-config-pages-'))
  rolloutId = await fill(manager)
})
afterEach(async () => {
  await manager.shutdown()
  await database.drop()
  rmSync(folder, { recursive: true })
})

/** What the pages speak of. */
async function fill({ prompts, models, rollouts }: ConfigurationManager): Promise<string> {
  for (const name of ['greeting', 'support/triage'])
    for (const version of [1, 2, 3, 4])
      await prompts.createVersion({ name, template: `Hello ${version}`, labels: version < 4 ? ['production'] : [] })
  await prompts.create({ name: 'greeting', template: 'Bill', labels: ['production'], project: 'billing' })
  await models.create({ name: 'fast', provider: 'ollama', model: 'm', labels: ['production'] })
  for (const version of [1, 2])
    await prompts.createVersion({ name: 'split', template: `${version}`, labels: version < 2 ? ['production'] : [] })
  const arms = [1, 2].map((version) => ({ version, weight: 1 }))
  const guard = { metrics: ['error'], settleMs: 0 }
  const { id } = await rollouts.start({ kind: 'prompt', name: 'split', arms, coverage: 10, guard })
  return id
}

async function run({ text, into }: ShellCommand): Promise<Outcome> {
  const command = text.replaceAll(ID, rolloutId).replaceAll(ADDRESS, database.url)
  const outcome = await runCli(wordsOf(command).slice(2), { cwd: folder, env: { DATABASE_URL: database.url } })
  if (into !== undefined) writeFileSync(join(folder, into), outcome.stdout)
  return outcome
}

describe('the commands of this package on a page', () => {
  it.each(pages.map((commands) => [commands[0]!.page, commands] as const))(
    'are carried out one after the other: %s',
    async (_, commands) => {
      for (const command of commands) {
        BETWEEN[command.text]?.(folder)
        const { code, stderr } = await run(command)

        const { line, text } = command
        expect([line, text, code, code === 0 ? '' : stderr]).toEqual([line, text, ENDS[text] ?? 0, ''])
      }
    },
  )

  it('would fail if a page were wrong', async () => {
    const command = { page: 'a.md', line: 1, text: 'npx agent-config promote nothing --version 4' }

    expect((await run(command)).code).toBe(1)
  })
})
