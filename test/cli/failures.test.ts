import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { useRoles } from '../store/test-role.js'
import { unprivilegedUser } from '../support/services/server-user.js'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { type Outcome, runCli } from './command-line.js'
import { folderText } from './folder-text.js'

let database: TestDatabase
let manager: ConfigurationManager
let folder: string
const roleIn = useRoles()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())
let count = 0
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-cli-'))
  manager = createConfigManager({ database: database.url, redis: false, listen: false, project: `f${++count}` })
  await manager.prompts.create({ name: 'stored', template: 'one', labels: ['production'] })
  write('agent-config/prompts/greeting.prompt', '---\n---\nHello {name}\n')
  write('bundle.json', JSON.stringify({ format: 'agent-config bundle 1', project: 'p', entities: [] }))
  return async () => {
    await manager.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
})

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function run(line: string, url = database.url): Promise<Outcome> {
  return runCli([...line.split(' '), '--project', manager.project], { env: { DATABASE_URL: url }, cwd: folder })
}

const revisions = async () => (await manager.changelog.list({ project: manager.project })).items.map(({ revision }) => revision)

/** What went wrong, in one line, of a command that left everything as it was. */
function expectRefused({ code, stdout, stderr }: Outcome, failureCode: number, message: RegExp): void {
  expect({ code, stdout }).toEqual({ code: failureCode, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr).toMatch(/^[^\n]+\n$/)
  expect(stderr).not.toContain('hunter2')
}

/** Each command that works on files and a database, with the exit code of one that cannot. */
const EACH: readonly (readonly [line: string, failureCode: number])[] = [
  ['push', 1],
  ['push --dry-run', 1],
  ['pull', 1],
  ['pull --dry-run', 1],
  ['diff', 2],
  ['check --drift', 1],
  ['types --from database', 1],
  ['export', 1],
  ['import bundle.json', 1],
  ['import bundle.json --dry-run', 1],
]

describe.each(EACH)('agent-config %s', (line, failureCode) => {
  it('says in one line that no database is named, cannot be reached, or has no tables, and changes nothing', async () => {
    const empty = await createEmptyDatabase()
    const before = folderText(folder)

    expectRefused(await run(line, ''), failureCode, /DATABASE_URL/)
    expectRefused(await run(line, 'postgresql://ada:hunter2@127.0.0.1:1/none'), failureCode, /cannot be reached|ECONNREFUSED|PostgreSQL/)
    expectRefused(await run(line, empty.url), failureCode, /migrate/)

    expect(folderText(folder)).toEqual(before)
    await empty.drop()
  })

  it('says in one line that it is not permitted, and changes nothing', async () => {
    const { url } = await roleIn(database.url)
    const [before, written] = [folderText(folder), await revisions()]

    expectRefused(await run(line, url), failureCode, /permission|permit|privilege/i)

    expect(folderText(folder)).toEqual(before)
    expect(await revisions()).toEqual(written)
  })
})

it.each([['push'], ['import bundle.json'], ['promote stored --version 1 --label live']])(
  'agent-config %s with a role that may only read says so, and changes nothing',
  async (line) => {
    const { url } = await roleIn(
      database.url,
      (role) => `grant usage on schema agent_config to ${role}; grant select on all tables in schema agent_config to ${role}`,
    )
    const version = { version: 1, content: { value: true }, isActive: true }
    const entities = [{ kind: 'flag', name: 'on', versions: [version], labels: {} }]
    write('bundle.json', JSON.stringify({ format: 'agent-config bundle 1', project: 'p', entities }))
    const [before, written] = [folderText(folder), await revisions()]

    expectRefused(await run(line, url), 1, /permission|permit|privilege/i)

    expect(folderText(folder)).toEqual(before)
    expect(await revisions()).toEqual(written)
  },
)

/** Root may write everywhere: what has to be refused runs as somebody else. */
async function unprivileged<Value>(work: () => Promise<Value>): Promise<Value> {
  const user = unprivilegedUser()
  if (!user) return work()
  for (const path of [folder, ...Object.keys(folderText(folder)).map((file) => join(folder, file))]) chownSync(path, user.uid, user.gid)
  process.setegid?.(user.gid)
  process.seteuid?.(user.uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

describe('a folder that cannot be written', () => {
  beforeEach(async () => {
    // Imports that happen on first use need rights that are gone afterwards.
    await run('push --dry-run')
    for (const path of ['agent-config/prompts', 'agent-config', '.']) chmodSync(join(folder, path), 0o555)
    return () => {
      for (const path of ['.', 'agent-config', 'agent-config/prompts']) chmodSync(join(folder, path), 0o755)
    }
  })

  it.each([
    ['push', /^directory must be writable: lock\.json cannot be written \(EACCES\)/],
    ['pull', /prompts\/stored\.prompt cannot be written \(EACCES\)/],
    ['types', /EACCES.*agent-config\.gen\.ts/],
    ['snapshot --out snapshot', /EACCES.*snapshot/],
  ])('is named by %s, and neither it nor the database is changed', async (line, message) => {
    const [before, written] = [folderText(folder), await revisions()]

    const refused = await unprivileged(() => run(line))

    expectRefused(refused, 1, message)
    expect(folderText(folder)).toEqual(before)
    expect(await revisions()).toEqual(written)
  })

  it('is enough for push --dry-run, diff, check and pull --dry-run', async () => {
    for (const [line, code] of [
      ['push --dry-run', 0],
      ['diff', 1],
      ['check', 0],
      ['pull --dry-run', 0],
    ] as const) {
      const outcome = await unprivileged(() =>
        runCli([...line.split(' '), ...(line === 'check' ? [] : ['--project', manager.project])], {
          env: { DATABASE_URL: database.url },
          cwd: folder,
        }),
      )
      expect(outcome, line).toMatchObject({ code, stderr: '' })
    }
  })
})
