import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { runCli } from '../cli/command-line.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

let database: TestDatabase
let place: string

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())
let project = 0
beforeEach(() => {
  project++
  place = mkdtempSync(join(tmpdir(), 'agent-config-machines-'))
  execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', join(place, 'origin.git')])
  return () => rmSync(place, { recursive: true, force: true })
})

/** A clone of the repository, with the line ends that its machine likes. */
function machine(name: string, autocrlf: 'true' | 'false') {
  const cwd = join(place, name)
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', '-c', `core.autocrlf=${autocrlf}`, ...args], {
      cwd,
      encoding: 'utf8',
      stdio: 'pipe',
    })
  execFileSync('git', ['clone', '-q', '-c', `core.autocrlf=${autocrlf}`, join(place, 'origin.git'), cwd], { stdio: 'pipe' })
  return {
    git,
    read: (path: string) => readFileSync(join(cwd, 'agent-config', path), 'utf8'),
    write: (path: string, text: string) => {
      mkdirSync(dirname(join(cwd, 'agent-config', path)), { recursive: true })
      writeFileSync(join(cwd, 'agent-config', path), text)
    },
    run: async (line: string) => {
      const outcome = await runCli([...line.split(' '), '--project', `m${project}`], { env: { DATABASE_URL: database.url }, cwd })
      expect(outcome, line).toMatchObject({ code: 0, stderr: '' })
      return outcome.stdout
    },
    merge: () => {
      git('add', '-A')
      git('commit', '-q', '-m', 'files')
      git('push', '-q', 'origin', 'HEAD:main')
    },
    /** What git says was changed; empty when nothing was. */
    changes: () => git('diff') + git('ls-files', '--others', '--exclude-standard'),
  }
}

const FILES: Readonly<Record<string, string>> = {
  'prompts/greeting.prompt': '---\nparameters: { top_p: 0.9, a: { z: 1, b: 2 } } # tried\ndescription: First\n---\nHello {name}',
  'prompts/lines.prompt': '---\ntemplate: "one\\r\\ntwo\\n"\n---\n',
  'prompts/blank.prompt': '---\n---\n\n  {x}\n\n\n',
  'prompts/chat.prompt': '---\nmessages:\n  - content: |\n      You sort {x}.\n    role: system\n---\n',
  'models/default.yaml': '# chosen by ada\nmodel: qwen3\nprovider: ollama\nparameters: { z: 1, a: 2 }',
  'context-rules/payments.yaml': 'important: |-\n  be exact\n  be kind\n',
}

it.each([
  ['false', 'true'],
  ['true', 'false'],
  ['true', 'true'],
] as const)('after a push where core.autocrlf is %s, a pull where it is %s changes nothing for git', async (here, there) => {
  const first = machine('first', here)
  for (const [path, text] of Object.entries(FILES)) first.write(path, text)
  await first.run('push --label production')
  first.merge()
  const second = machine('second', there)

  expect(await second.run('pull')).toBe('0 written, 6 unchanged\n')
  expect(second.changes()).toBe('')
  expect(await second.run('push')).toBe('0 versions written, 6 unchanged\n')
  expect(second.changes()).toBe('')

  second.write('models/default.yaml', second.read('models/default.yaml').replace('qwen3', 'llama3.2'))
  await second.run('push --label production')
  second.merge()
  first.git('pull', '-q', 'origin', 'main')

  expect(await first.run('pull')).toBe('0 written, 6 unchanged\n')
  expect(await first.run('push')).toBe('0 versions written, 6 unchanged\n')
  expect(first.changes()).toBe('')
})

it('a pull of what another machine pushed changes its lines alone, with comments and the order of keys', async () => {
  const first = machine('first', 'false')
  for (const [path, text] of Object.entries(FILES)) first.write(path, text)
  await first.run('push --label production')
  first.merge()
  const second = machine('second', 'true')
  first.write('models/default.yaml', first.read('models/default.yaml').replace('qwen3', 'llama3.2'))
  first.write('prompts/greeting.prompt', first.read('prompts/greeting.prompt').replace('First', 'Second'))
  await first.run('push --label production')

  expect(await second.run('pull')).toContain('2 written, 4 unchanged')

  const lines = second
    .changes()
    .split('\n')
    .filter((line) => /^[-+](?![-+])/.test(line) && !/"(revision|model:default|prompt:greeting)"/.test(line))
  expect(lines).toEqual(['-model: qwen3', '+model: llama3.2', '-description: First', '+description: Second'])
})
