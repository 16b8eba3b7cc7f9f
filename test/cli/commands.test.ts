import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CliIo } from '../../src/cli/command.js'
import { COMMANDS } from '../../src/cli/commands.js'
import { Interruptions } from '../../src/cli/interruptions.js'
import { runCommandLine } from '../../src/cli/run.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

let database: TestDatabase
let cwd: string
let project = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'agent-config-cli-'))
  project++
  return () => rmSync(cwd, { recursive: true, force: true })
})

function write(path: string, text: string): void {
  const file = join(cwd, 'agent-config', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

async function run(line: string, more: Partial<CliIo> & { url?: string } = {}) {
  const said = { stdout: '', stderr: '' }
  const interruptions = new Interruptions()
  const { url = database.url, ...rest } = more
  const io: CliIo = {
    stdout: (text) => {
      said.stdout += text
    },
    stderr: (text) => {
      said.stderr += text
    },
    stdin: async () => '',
    cwd,
    env: { DATABASE_URL: url, USER: 'ada' },
    isTerminal: false,
    confirm: async () => false,
    signal: interruptions.signal,
    uninterrupted: (work) => interruptions.uninterrupted(work),
    interruptible: (work) => interruptions.interruptible(work),
    ...rest,
  }
  const args = line.split(' ')
  const [name = ''] = args
  const knowsProjects = !['check', 'help', 'migrate', ''].includes(name) && COMMANDS.some((command) => command.name === name)
  const code = await runCommandLine(knowsProjects ? [...args, '--project', `cli${project}`] : args.filter((arg) => arg !== ''), io)
  return { code, ...said }
}

describe('the command line', () => {
  it('says alone what there is, and of each command what it takes', async () => {
    const alone = await runCommandLineAlone()
    expect(alone.code).toBe(0)
    for (const { name, summary } of COMMANDS) expect(alone.stdout).toMatch(new RegExp(`  ${name} +${summary.slice(0, 20)}`))
    for (const { name } of COMMANDS.filter((command) => !command.ownsHelp))
      expect(await run(`help ${name}`)).toMatchObject({ code: 0, stdout: expect.stringContaining(`Usage: agent-config ${name}`) })
  })

  it('leads a prompt from a file to production and back', async () => {
    write('prompts/greeting.prompt', '---\n---\nHello {name}\n')

    expect(await run('check')).toMatchObject({ code: 0, stdout: '1 files are fine\n' })
    expect(await run('diff')).toMatchObject({ code: 1, stdout: expect.stringContaining('{+Hello {name}+}') })
    expect(await run('push --dry-run')).toMatchObject({ code: 0, stdout: expect.stringContaining('would be written') })
    expect(await run('push --label production')).toMatchObject({ code: 0, stdout: expect.stringContaining('new → v1') })
    expect(await run('diff')).toMatchObject({ code: 0, stdout: '' })
    write('prompts/greeting.prompt', '---\n---\nDear {name}\n')
    expect(await run('diff')).toMatchObject({ code: 1, stdout: expect.stringContaining('[-Hello-]{+Dear+} {name}') })
    expect(await run('push --message Politer')).toMatchObject({ code: 0, stdout: expect.stringContaining('v1 → v2') })
    expect(await run('promote greeting --version 2')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('production moved from v1 to v2'),
    })
    expect(await run('rollback greeting')).toMatchObject({ code: 0, stdout: expect.stringContaining('production is back on v1') })
    const history = await run('history greeting')
    expect(history.stdout.split('\n')).toHaveLength(5)
    expect(history.stdout).toMatch(/rollback.*\n.*promote.*\n.*version.*ada +Politer\n/)
    expect(await run('check --drift')).toMatchObject({ code: 1 })
  })

  it('pulls what is stored, asks on a terminal first, and changes nothing after a no', async () => {
    write('flags/new.yaml', 'value: true\n')
    await run('push --label production')
    rmSync(join(cwd, 'agent-config'), { recursive: true })

    const refused = await run('pull', { isTerminal: true })
    const taken = await run('pull --json')

    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('flags/new.yaml') })
    expect(JSON.parse(taken.stdout)).toMatchObject({ written: [{ path: 'flags/new.yaml', version: 1 }] })
    expect(readFileSync(join(cwd, 'agent-config/flags/new.yaml'), 'utf8')).toBe('value: true\n')
  })

  it('sees no drift after a pull of a label that is not on the newest version, until another version is stored', async () => {
    const drift = () => run(`check --drift --project cli${project}`)
    write('prompts/a.prompt', '---\n---\none\n')
    await run('push --label production')
    write('prompts/a.prompt', '---\n---\ntwo\n')
    await run('push')

    expect(await run('pull')).toMatchObject({ code: 0, stdout: expect.stringContaining('prompts/a.prompt  v1') })
    expect(await drift()).toMatchObject({ code: 0 })
    expect(await run('copy a --version 1 --to a --into other')).toMatchObject({ code: 0 })
    expect(await drift()).toMatchObject({ code: 0 })
    write('prompts/a.prompt', '---\n---\nthree\n')
    expect(await drift()).toMatchObject({ code: 1, stdout: expect.stringContaining('differs from v2') })
    write('prompts/a.prompt', '---\n---\none\n')
    await run(`copy a --version 2 --into cli${project}`)
    expect(await drift()).toMatchObject({ code: 1, stdout: expect.stringContaining('differs from v3') })
  })

  it('checks in the words of GitHub, with file, line and column', async () => {
    write('prompts/a.prompt', '---\n---\nHello {name\n')

    const { code, stdout } = await run('check --format github')

    expect(code).toBe(1)
    expect(stdout).toMatch(/^::error file=agent-config\/prompts\/a\.prompt,line=3,col=7::.+\n$/)
    expect(JSON.parse((await run('check --format json')).stdout)).toMatchObject({
      ok: false,
      problems: [{ path: 'prompts/a.prompt', line: 3 }],
    })
  })

  it('writes types of files and of the database, sees when they are out of date, and leaves a file alone that it did not write', async () => {
    write('prompts/greeting.prompt', '---\nvariables: { name: string }\n---\nHello {name}\n')
    write('flags/new.yaml', 'value: true\n')

    expect(await run('types --check')).toMatchObject({ code: 1, stderr: expect.stringContaining('agent-config.gen.ts is not what') })
    expect(existsSync(join(cwd, 'agent-config.gen.ts'))).toBe(false)
    expect(await run('types --label canary')).toMatchObject({ code: 0, stdout: 'agent-config.gen.ts: 2 names, written\n' })
    const text = readFileSync(join(cwd, 'agent-config.gen.ts'), 'utf8')
    expect(text).toContain("labels: 'canary' | 'production' | 'staging'")
    expect(text).toContain('name: string')
    expect(await run('types --label canary --check')).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') })
    await run('push --label production')
    await run('promote greeting --version 1 --label beta')

    expect(JSON.parse((await run('types --from database --out stored.gen.ts --json')).stdout)).toMatchObject({ entities: 2, written: true })
    expect(readFileSync(join(cwd, 'stored.gen.ts'), 'utf8')).toBe(
      text
        .replace("'canary' | 'production'", "'beta' | 'production'")
        .replace('name: string', 'name: TemplateValue')
        .replace('export {}', "import type { TemplateValue } from 'agent-config'"),
    )

    writeFileSync(join(cwd, 'own.ts'), 'export const mine = 1\n')
    expect(await run('types --out own.ts')).toMatchObject({ code: 1, stderr: expect.stringContaining('own.ts was not written by') })
    expect(readFileSync(join(cwd, 'own.ts'), 'utf8')).toBe('export const mine = 1\n')
    expect(await run('types --out none/such.ts')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^ENOENT.*\n$/) })
    write('prompts/greeting.prompt', '---\n---\nHello {name\n')
    expect(await run('types')).toMatchObject({ code: 1, stderr: expect.stringContaining('prompts/greeting.prompt:3:7') })
  })

  it('pushes two merges in a row with the commit before each as base, as CI does', async () => {
    const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd, stdio: 'pipe' })
    git('init', '-q')
    write('prompts/a.prompt', '---\n---\none\n')
    git('add', '.')
    git('commit', '-qm', 'one')
    await run('push')
    write('prompts/a.prompt', '---\n---\ntwo\n')
    git('commit', '-qam', 'two')

    const first = await run('push --base HEAD~1')
    write('prompts/a.prompt', '---\n---\nthree\n')
    git('commit', '-qam', 'three')
    const second = await run('push --base HEAD~1')
    const again = await run('push --base HEAD~2')

    expect(first.stdout).toContain('v1 → v2')
    expect(second.stdout).toContain('v2 → v3')
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('0 versions written') })
    expect(await run('push --base nowhere')).toMatchObject({ code: 1, stderr: expect.stringContaining('nowhere') })
  })

  it('says one line and a way out where it cannot do what it was asked', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    const away = 'postgresql://me:s3cr3t@127.0.0.1:9/none'
    const failures = [
      await run('push', { url: away }),
      await run('pull', { url: away }),
      await run('history a', { url: away }),
      await run('push', { url: '' }),
      await run('push --lable x'),
      await run('promote a'),
      await run('check --format xml'),
      await run('push --dir nowhere'),
    ]

    expect(failures.map(({ code }) => code)).toEqual(failures.map(() => 1))
    for (const { stderr } of failures) expect(stderr).toMatch(/^[^\n]+\n$/)
    expect(JSON.stringify(failures)).not.toContain('s3cr3t')
    expect(await run('diff', { url: away })).toMatchObject({ code: 2 })
  })
})

describe('SIGINT', () => {
  it('ends a command at once, and a push when nothing of it is half done', async () => {
    const interruptions = new Interruptions()
    const waiting = interruptions.interruptible(new Promise(() => {}))
    interruptions.stop()
    await expect(waiting).rejects.toThrow()

    const other = new Interruptions()
    let end = () => {}
    const pushing = other.interruptible(other.uninterrupted(() => new Promise<string>((resolve) => (end = () => resolve('committed')))))
    other.stop()
    end()
    expect(await pushing).toBe('committed')
  })

  it('during a push leaves no version', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    const stopping = new AbortController()
    stopping.abort()

    const stopped = await run('push', { signal: stopping.signal, uninterrupted: (work) => work() })

    expect(stopped).toMatchObject({ code: 130, stderr: 'push: stopped. Nothing was changed.\n' })
    expect((await run('history a')).code).toBe(1)
  })
})

const runCommandLineAlone = () => run('')
