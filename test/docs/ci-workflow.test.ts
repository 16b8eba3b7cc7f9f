import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { TSX_LOADER } from '../support/tsx-loader.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly jobs: Readonly<Record<string, Job>>
}
interface Job {
  readonly if: string
  readonly env?: Readonly<Record<string, string>>
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[]
}

/** The workflow as the page shows it. */
const [, source = ''] = /```yaml\n([\s\S]+?)```/.exec(readFileSync(join(ROOT, 'docs/ci.md'), 'utf8')) ?? []
const workflow = parse(source) as Workflow

let database: TestDatabase
let manager: ConfigurationManager
/** Holds a bare repository, the clone of a person who commits, and a folder of programs. */
let place: string

beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false, listen: false })
  place = mkdtempSync(join(tmpdir(), 'agent-config-ci-'))
  mkdirSync(join(place, 'bin'))
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" --import "${TSX_LOADER}" "${join(ROOT, 'src/cli.ts')}" "$@"\n`
  writeFileSync(join(place, 'bin/npx'), npx)
  chmodSync(join(place, 'bin/npx'), 0o755)
  execFileSync('git', ['init', '-q', '--bare', '--initial-branch=main', join(place, 'origin.git')])
  execFileSync('git', ['clone', '-q', join(place, 'origin.git'), join(place, 'desk')], { stdio: 'pipe' })
  execFileSync('git', ['checkout', '-q', '-b', 'main'], { cwd: join(place, 'desk') })
})
afterAll(async () => {
  await manager?.shutdown()
  await database?.drop()
  rmSync(place, { recursive: true, force: true })
})

const git = (cwd: string, ...args: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...args], { cwd, encoding: 'utf8', stdio: 'pipe' }).trim()
const desk = () => join(place, 'desk')
const atDesk = (path: string) => join(desk(), 'agent-config', path)

/** Commits what is at the desk and sends it: a merge. */
function merge(message: string): string {
  git(desk(), 'add', '-A')
  git(desk(), 'commit', '-q', '--allow-empty', '-m', message)
  git(desk(), 'push', '-q', 'origin', 'main')
  return git(desk(), 'rev-parse', 'HEAD')
}

let runs = 0

/** Runs the jobs of an event as GitHub does: a fresh clone, each `run` in bash, until one fails. */
function runEvent(event: {
  readonly name: string
  readonly before?: string
  readonly sha: string
  readonly inputs?: Readonly<Record<string, string>>
}) {
  const values: Readonly<Record<string, string | undefined>> = {
    'github.event_name': event.name,
    'github.event.before': event.before,
    'github.sha': event.sha,
    'secrets.DATABASE_URL': database.url,
    ...Object.fromEntries(Object.entries(event.inputs ?? {}).map(([name, value]) => [`inputs.${name}`, value])),
  }
  const filled = (text: string) => text.replaceAll(/\$\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => String(values[name]))
  const clone = join(place, `run${++runs}`)
  git(place, 'clone', '-q', join(place, 'origin.git'), clone)
  git(clone, 'checkout', '-q', event.sha)
  const said: string[] = []
  const jobs = Object.values(workflow.jobs).filter((job) => job.if === `github.event_name == '${event.name}'`)
  expect(jobs).toHaveLength(1)
  for (const { run } of jobs[0]?.steps ?? []) {
    if (run === undefined || run === 'npm ci') continue
    const env = Object.fromEntries(Object.entries(jobs[0]?.env ?? {}).map(([name, value]) => [name, filled(value)]))
    const done = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', filled(run)], {
      cwd: clone,
      encoding: 'utf8',
      env: { PATH: `${join(place, 'bin')}:${process.env.PATH}`, HOME: place, GITHUB_ACTOR: 'ada', ...env },
    })
    said.push(done.stdout + done.stderr)
    if (done.status !== 0) return { ok: false, text: said.join('') }
  }
  return { ok: true, text: said.join('') }
}

const templateOf = async (name: string, label = 'latest') => (await manager.prompts.find({ name, label }))?.template
const ZEROS = '0'.repeat(40)

it('the workflow of the page checks pull requests, pushes merges, makes up for a run that failed, and promotes', {
  timeout: 240_000,
}, async () => {
  expect(Object.keys(workflow.on)).toEqual(['pull_request', 'push', 'workflow_dispatch'])
  cpSync(join(ROOT, 'examples/files/agent-config'), join(desk(), 'agent-config'), { recursive: true })
  const first = merge('The example')

  expect(runEvent({ name: 'pull_request', sha: first })).toEqual({ ok: true, text: '' })
  expect(runEvent({ name: 'push', before: ZEROS, sha: first })).toMatchObject({
    ok: true,
    text: expect.stringContaining('5 versions written'),
  })
  expect(await templateOf('greeting', 'staging')).toBe('Hello {name}, how can I help?')
  expect((await manager.prompts.history({ name: 'greeting' })).at(-1)).toMatchObject({ changedBy: 'ada', changeSummary: first })

  writeFileSync(atDesk('prompts/greeting.prompt'), '---\n---\nHello {name\n')
  const broken = merge('Broken')
  expect(runEvent({ name: 'pull_request', sha: broken })).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^::error file=agent-config\/prompts\/greeting\.prompt,line=3,col=7::/),
  })
  writeFileSync(atDesk('prompts/greeting.prompt'), '---\n---\nDear {name}\n')
  merge('Its run is dropped')
  writeFileSync(atDesk('models/default.yaml'), 'provider: ollama\nmodel: qwen3\n')
  const second = merge('The next one')
  expect(runEvent({ name: 'push', before: broken, sha: second })).toMatchObject({
    ok: true,
    text: expect.stringContaining('2 versions written'),
  })
  expect(await templateOf('greeting')).toBe('Dear {name}')

  expect(runEvent({ name: 'push', before: ZEROS, sha: first }).ok).toBe(false)
  expect(await templateOf('greeting')).toBe('Dear {name}')

  const promoted = runEvent({ name: 'workflow_dispatch', sha: second, inputs: { prompt: 'greeting', version: '2' } })
  expect(promoted).toMatchObject({ ok: true, text: expect.stringContaining('production moved from no version to v2') })
  expect(await templateOf('greeting', 'production')).toBe('Dear {name}')

  await manager.prompts.createVersion({ name: 'greeting', template: 'Theirs {name}', labels: [] })
  writeFileSync(atDesk('prompts/greeting.prompt'), '---\n---\nOurs {name}\n')
  const ours = merge('Ours')
  const refused = runEvent({ name: 'push', before: second, sha: ours })
  expect(refused).toMatchObject({ ok: false, text: expect.stringContaining('v3 is stored') })

  const pulled = spawnSync(join(place, 'bin/npx'), ['agent-config', 'pull', 'greeting', '--label', 'latest', '--force'], {
    cwd: desk(),
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: database.url },
  })
  expect(pulled.stderr).toBe('')
  writeFileSync(atDesk('prompts/greeting.prompt'), '---\n---\nTheirs and ours {name}\n')
  const merged = merge('Both')
  expect(runEvent({ name: 'push', before: ours, sha: merged })).toMatchObject({ ok: true, text: expect.stringContaining('v3 → v4') })
  expect(await templateOf('greeting')).toBe('Theirs and ours {name}')
})
