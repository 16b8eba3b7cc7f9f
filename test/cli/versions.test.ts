import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import * as v from 'valibot'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, defineKind } from '../../src/index.js'
import { useRoles } from '../store/test-role.js'
import { eventually } from '../support/eventually.js'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { runCli, startCli } from './command-line.js'

const TOOL = defineKind({ kind: 'tool', schema: v.object({ description: v.string() }) })

let database: TestDatabase
let manager: ConfigurationManager
let folder: string
const roleIn = useRoles()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())
let count = 0
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-cli-'))
  manager = createConfigManager({ database: database.url, redis: false, project: `p${++count}` })
  await manager.prompts.create({ name: 'support/triage', template: 'one', labels: ['production'] })
  await manager.prompts.createVersion({ name: 'support/triage', template: 'two', labels: [] })
  return async () => {
    await manager.shutdown()
    rmSync(folder, { recursive: true })
  }
})

function run(args: readonly string[], answer?: boolean) {
  const env = { DATABASE_URL: database.url }
  return runCli([...args, '--project', manager.project], { env, cwd: folder, ...(answer !== undefined && { answer }) })
}

const productionOf = async (name = 'support/triage') => (await manager.prompts.find({ name, label: 'production' }))?.version

describe('agent-config', () => {
  it('alone says what there is', async () => {
    const { code, stdout } = await runCli([])

    expect(code).toBe(0)
    for (const name of ['promote', 'rollback', 'history', 'copy', 'purge', 'snapshot', 'migrate', 'settings']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} +[A-Z]`, 'm'))
      expect((await runCli([name, '--help'])).stdout).toMatch(new RegExp(`^Usage: agent-config.* ${name}`))
    }
  })
})

describe('promote and rollback', () => {
  it('move a label and take it back, with author and reason in the history', async () => {
    const promoted = await run(['promote', 'support/triage', '--version', 'v2', '--message', 'Reads dates'])
    expect(promoted).toMatchObject({ code: 0, stderr: '' })
    expect(promoted.stdout).toMatch(/^prompt "support\/triage": production moved from v1 to v2 \(revision \d+\)\n$/)
    expect(await productionOf()).toBe(2)

    const back = await run(['rollback', 'support/triage', '--json'])
    expect(JSON.parse(back.stdout)).toMatchObject({ kind: 'prompt', name: 'support/triage', label: 'production', to: 1 })
    expect(await productionOf()).toBe(1)

    const history = await run(['history', 'support/triage'])
    expect(history.stdout.split('\n')[0]).toMatch(/^r\d+ +20\d\d-\d\d-\d\d .*rollback +ada +Rolled production back to v1$/)
    expect(history.stdout).toContain('Reads dates')
  })

  it('work for every kind, also for one that a host declared', async () => {
    const tools = manager.of(TOOL)
    await tools.create({ name: 'search', content: { description: 'a' }, labels: ['production'] })
    await tools.createVersion({ name: 'search', content: { description: 'b' } })
    await manager.flags.create({ name: 'on', value: false, labels: ['live'] })
    await manager.flags.createVersion({ name: 'on', value: true })

    const tool = await run(['promote', 'search', '--kind', 'tool', '--version', '2'])
    const flag = await run(['promote', 'on', '--kind', 'flag', '--version', '2', '--label', 'live'])
    const history = await run(['history', 'search', '--kind', 'tool', '--json'])

    expect([tool.code, flag.code, history.code]).toEqual([0, 0, 0])
    expect((await tools.find({ name: 'search', label: 'production' }))?.version).toBe(2)
    expect((await manager.flags.find({ name: 'on', label: 'live' }))?.value).toBe(true)
    expect(JSON.parse(history.stdout)[0]).toMatchObject({ changeType: 'promote', changedBy: 'ada' })
  })

  it('ask on a terminal, unless --yes is there', async () => {
    const refused = await run(['promote', 'support/triage', '--version', '2'], false)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toMatch(/^Moves production of prompt "support\/triage" .* from v1 to v2\.\nNothing was changed\.\n$/)
    expect(await productionOf()).toBe(1)

    expect((await run(['promote', 'support/triage', '--version', '2'], true)).code).toBe(0)
    expect((await run(['rollback', 'support/triage', '--yes'], false)).code).toBe(0)
    expect(await productionOf()).toBe(1)
  })

  it.each([
    [['promote', 'support/triage'], /needs --version N; agent-config history/],
    [['promote', '--version', '2'], /takes a name/],
    [['promote', 'a', 'b', '--version', '2'], /one name, got "a" and "b"/],
    [['promote', 'support/triage', '--version', 'two'], /--version must be a whole number/],
    [['promote', 'support/triage', '--version', '9'], /no version 9 of prompt "support\/triage"/],
    [['promote', 'support/triage', '--version', '2', '--expected', '2'], /Label "production" .* is on version 1, not on 2/],
    [['promote', 'support/triage', '--version', '2', '--label', 'Not A Label'], /label/],
    [['promote', 'support/triage', '--version', '2', '--kind', 'Tools'], /kind/],
    [['promote', 'support/triage', '--versoin', '2'], /--versoin/],
    [['rollback', 'support/triage'], /nothing to go back to/],
    [['history', 'nobody'], /There is no prompt "nobody"/],
    [['copy', 'support/triage'], /--to NAME, --into PROJECT/],
    [['purge', 'support/triage', '--version', '2'], /needs --message WHY/],
    [['purge', 'support/triage', '--version', '1', '--message', 'x'], /label "production" points at/],
    [['snapshot'], /--out FILE/],
  ])('say what is wrong with %j in one line', async (args, message) => {
    const { code, stdout, stderr } = await run(args)

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(await productionOf()).toBe(1)
  })
})

describe('copy, purge and snapshot', () => {
  it('copy a version under another name or into another project', async () => {
    const named = await run(['copy', 'support/triage', '--version', '1', '--to', 'billing', '--label', 'production', '--label', 'dev'])
    const into = await run(['copy', 'support/triage', '--into', `${manager.project}-eu`, '--json'])

    expect(named.stdout).toMatch(/^prompt "billing" \(project "p\d+"\) has v1, dev, production \(revision \d+\)\n$/)
    expect(JSON.parse(into.stdout)).toMatchObject({ name: 'support/triage', project: `${manager.project}-eu`, version: 1 })
    expect((await manager.prompts.find({ name: 'support/triage', project: `${manager.project}-eu` }))?.template).toBe('two')
  })

  it('purge a version, and keep who asked and why', async () => {
    const { code, stdout } = await run(['purge', 'support/triage', '--version', '2', '--message', 'Held a token', '--by', 'eve'])

    expect(code).toBe(0)
    expect(stdout).toMatch(/^purged v2 of prompt "support\/triage"/)
    const [change] = await manager.prompts.history({ name: 'support/triage' })
    expect(change).toMatchObject({ changeType: 'purge', changedBy: 'eve', changeSummary: 'Held a token' })
  })

  it('write a snapshot that a service starts from, in place of whatever was there', async () => {
    const tools = manager.of(TOOL)
    await tools.create({ name: 'search', content: { description: 'a' }, labels: ['production'] })
    writeFileSync(join(folder, 'snapshot'), 'of another day')

    const { code, stdout } = await run(['snapshot', '--out', 'snapshot'])

    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^snapshot: 3 documents, \d+ bytes\n$/) })
    expect(readdirSync(folder)).toEqual(['snapshot'])
    const away = createConfigManager({
      database: 'postgresql://nobody@127.0.0.1:1/none',
      redis: false,
      project: manager.project,
      snapshotFile: join(folder, 'snapshot'),
      kinds: [TOOL],
    })
    expect(await away.getPrompt('support/triage')).toMatchObject({ template: 'one', source: 'snapshot' })
    expect((await away.of(TOOL).get('search'))?.content).toEqual({ description: 'a' })
    await away.shutdown()
  })

  it('leave the old snapshot where no new one can be made', async () => {
    writeFileSync(join(folder, 'snapshot'), 'of another day')

    const away = await run(['snapshot', '--out', 'snapshot', '--database', 'postgresql://nobody@127.0.0.1:1/none'])
    const nowhere = await run(['snapshot', '--out', 'missing/snapshot'])

    expect([away.code, nowhere.code]).toEqual([1, 1])
    expect(nowhere.stderr).toMatch(/missing/)
    expect(readdirSync(folder)).toEqual(['snapshot'])
    expect(readFileSync(join(folder, 'snapshot'), 'utf8')).toBe('of another day')
  })
})

/** One call of each command, in an order in which each finds what it needs. */
const EACH = [
  ['promote', 'support/triage', '--version', '2'],
  ['rollback', 'support/triage'],
  ['history', 'support/triage'],
  ['copy', 'support/triage', '--to', 'other'],
  ['purge', 'support/triage', '--version', '2', '--message', 'x'],
  ['snapshot', '--out', 'snapshot'],
]

describe('every command', () => {
  it.each(EACH)('%s says in one line that no database is named, cannot be reached, or has no tables', async (...args) => {
    const empty = await createEmptyDatabase()

    const unnamed = await runCli(args, { cwd: folder })
    const away = await run([...args, '--database', 'postgresql://ada:hunter2@127.0.0.1:1/none'])
    const bare = await run([...args, '--database', empty.url])
    await empty.drop()

    expect([unnamed.code, away.code, bare.code]).toEqual([1, 1, 1])
    expect(unnamed.stderr).toMatch(/DATABASE_URL/)
    expect(away.stderr).not.toContain('hunter2')
    expect(bare.stderr).toMatch(/migrate/)
    for (const { stderr } of [unnamed, away, bare]) expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it.each(EACH)('%s says in one line that it is not permitted', async (...args) => {
    const { url } = await roleIn(database.url)

    const { code, stdout, stderr } = await run([...args, '--database', url])

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/permission|permit|privilege/i)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(await productionOf()).toBe(1)
  })
})

describe('PROTECTED_LABELS', () => {
  const bundle = (labels: object) =>
    JSON.stringify({
      format: 'agent-config bundle 1',
      project: 'p',
      entities: [{ kind: 'flag', name: 'on', versions: [{ version: 1, content: { value: true }, isActive: true }], labels }],
    })

  it.each([
    ['promote', 'support/triage', '--version', '2'],
    ['rollback', 'support/triage'],
    ['copy', 'support/triage', '--to', 'other', '--label', 'production'],
    ['push', '--label', 'production'],
    ['import', 'bundle.json'],
  ])('keeps a label from %s, and says how it is done', async (...args) => {
    mkdirSync(join(folder, 'agent-config/flags'), { recursive: true })
    writeFileSync(join(folder, 'agent-config/flags/new.yaml'), 'value: true\n')
    writeFileSync(join(folder, 'bundle.json'), bundle({ production: 1 }))
    if (args[0] === 'rollback') await manager.prompts.promote({ name: 'support/triage', version: 2 })
    const before = (await manager.changelog.list({ project: manager.project })).items.length

    const { code, stdout, stderr } = await runCli([...args, '--project', manager.project], {
      env: { DATABASE_URL: database.url, PROTECTED_LABELS: 'live, production' },
      cwd: folder,
    })

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^Label "production" is protected: "ada" may not .*PROTECTED_LABELS.*\n$/)
    expect((await manager.changelog.list({ project: manager.project })).items).toHaveLength(before)
  })

  it('leaves other labels alone', async () => {
    writeFileSync(join(folder, 'bundle.json'), bundle({ staging: 1 }))
    const env = { DATABASE_URL: database.url, PROTECTED_LABELS: 'production' }

    for (const line of ['promote support/triage --version 2 --label live', 'copy support/triage --to other', 'import bundle.json'])
      expect(await runCli([...line.split(' '), '--project', manager.project], { env, cwd: folder }), line).toMatchObject({ code: 0 })
  })
})

describe('SIGINT', () => {
  it('ends a command that waits for a server at once', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const connected = new Promise<void>((resolve) => silent.once('connection', () => resolve()))
    const { port } = silent.address() as { port: number }
    const { child, ended } = startCli(['history', 'x'], { DATABASE_URL: `postgresql://ada@127.0.0.1:${port}/x` })
    await connected

    child.kill('SIGINT')

    expect(await ended).toEqual({ code: 130, stdout: '', stderr: 'history: stopped. Nothing was changed.\n' })
    silent.close()
  })

  it('lets a write that has begun end, and says what became of it', async () => {
    const blocker = new pg.Client({ connectionString: database.url })
    await blocker.connect()
    await blocker.query('begin; select * from agent_config.config_state for update')
    const args = ['promote', 'support/triage', '--version', '2', '--project', manager.project]
    const { child, ended } = startCli(args, { DATABASE_URL: database.url })
    await eventually(async () => {
      // Within a transaction the view stays as it was first seen.
      await blocker.query('select pg_stat_clear_snapshot()')
      const { rows } = await blocker.query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
      expect(rows).toHaveLength(1)
    })

    child.kill('SIGINT')
    await blocker.query('rollback')
    await blocker.end()

    const { code, stdout } = await ended
    expect([0, 130]).toContain(code)
    expect(stdout).toContain('production moved from v1 to v2')
    expect(await productionOf()).toBe(2)
  })
})
