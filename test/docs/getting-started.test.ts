import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createConfigManager } from '../../src/index.js'
import { runCli } from '../cli/command-line.js'
import { shellCommandsOf } from '../support/shell-commands.js'
import { createTestDatabase } from '../support/test-database.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLE = join(ROOT, 'examples/files/agent-config')
const page = readFileSync(join(ROOT, 'docs/getting-started.md'), 'utf8')
const section = page.slice(page.indexOf('## Keep prompts in git'))

it('shows files of the example as they are', () => {
  const shown = [...section.matchAll(/`((?:prompts|flags)\/[\w./-]+)`:\n\n```\w+\n([\s\S]*?)```/g)]

  expect(shown.map(([, path]) => path)).toEqual(['prompts/greeting.prompt', 'flags/new-answers.yaml'])
  for (const [, path = '', text] of shown) expect(text).toBe(readFileSync(join(EXAMPLE, path), 'utf8'))
})

it('publishes the example by the commands of the page', async () => {
  const database = await createTestDatabase()
  const cwd = mkdtempSync(join(tmpdir(), 'agent-config-start-'))
  cpSync(EXAMPLE, join(cwd, 'agent-config'), { recursive: true })
  const commands = shellCommandsOf('docs/getting-started.md', section).map(({ text }) => text)
  const codes: unknown[] = []

  for (const command of commands) {
    const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '').slice(2)
    const { code, stderr } = await runCli(args, { env: { DATABASE_URL: database.url }, cwd })
    codes.push([args[0], code, stderr])
  }

  expect(codes).toEqual([
    ['check', 0, ''],
    ['diff', 1, ''],
    ['push', 0, ''],
  ])
  const manager = createConfigManager({ database: database.url, redis: false, listen: false })
  expect((await manager.getPrompt('greeting'))?.compile({ name: 'Ada' })).toBe('Hello Ada, how can I help?')
  expect(await manager.getFlag('new-answers', true)).toBe(false)
  await manager.shutdown()
  rmSync(cwd, { recursive: true })
  await database.drop()
})
