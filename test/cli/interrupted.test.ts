import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { Interruptions } from '../../src/cli/interruptions.js'
import { exportBundle, pushFiles, readConfigFiles } from '../../src/files/index.js'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { type Outcome, runCli, startCli } from './command-line.js'
import { folderText } from './folder-text.js'

const FILES = 60
/** A process takes its time to start on a busy machine. */
const PATIENT = { timeoutMs: 45_000 }
/** Processes that are stopped, each at another moment. */
const MOMENTS = 5

/** Commands, each of which reads before it writes. */
const WAITING = [
  'pull --label latest',
  'push',
  'push --dry-run',
  'diff',
  'check --drift',
  'types --from database',
  'export',
  'history p0',
  'snapshot --out snapshot',
  'promote p0 --version 1',
  'rollback p0',
  'copy p0 --into other',
  'purge p0 --version 1 --message leaked',
  'rollout report nowhere',
  'rollout pause nowhere',
  'rollout resume nowhere',
  'rollout ramp nowhere --coverage 50',
  'migrate',
  'migrate --status',
]

let database: TestDatabase
let manager: ConfigurationManager
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())
let count = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-cli-'))
  manager = createConfigManager({ database: database.url, redis: false, listen: false, project: `i${++count}` })
  return async () => {
    await manager.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
})

function writeFiles(text: string): void {
  mkdirSync(join(folder, 'prompts'), { recursive: true })
  for (let index = 0; index < FILES; index++) writeFileSync(join(folder, `prompts/p${index}.prompt`), `---\n---\n${text} ${index}\n`)
}

const stored = async () => {
  const { items } = await manager.prompts.list({ project: manager.project, label: 'latest', limit: 200 })
  return new Set(items.map(({ template }) => String(template).split(' ')[0]))
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  return client
}

/** Runs a command in a process and stops it once it is connected, after a part of the time that it takes when left alone. */
async function interrupted(args: readonly string[], share: number, usualMs: number): Promise<Outcome & { readonly isDone: boolean }> {
  const { child, ended } = startCli([...args, '--dir', folder, '--project', manager.project], { DATABASE_URL: database.url })
  await Promise.race([sleep(share * usualMs), ended])
  child.kill('SIGINT')
  const outcome = await ended
  // Before the program has begun, and once Node takes its process down, SIGINT ends it as it ends every other, without a code.
  expect([0, 130, null], JSON.stringify(outcome)).toContain(outcome.code)
  expect(outcome.stderr).toMatch(/^([^\n]+\n)?$/)
  return { ...outcome, isDone: outcome.code === 0 || (outcome.code === null && outcome.stdout !== '') }
}

async function usualTime(args: readonly string[]): Promise<number> {
  const before = performance.now()
  const { ended } = startCli([...args, '--dir', folder, '--project', manager.project], { DATABASE_URL: database.url })
  expect((await ended).code).toBe(0)
  return performance.now() - before
}

/** Later moments more often: at the beginning a process only loads its code. */
const shares = Array.from({ length: MOMENTS }, (_, index) => 0.3 + (0.75 * (index + Math.random())) / MOMENTS)

it('SIGINT at any moment of a push leaves all of its versions and their lock, or none', { timeout: 240_000 }, async () => {
  writeFiles('first')
  const usualMs = await usualTime(['push'])
  let current = 'first'

  for (const [index, share] of shares.entries()) {
    const next = `text${index}`
    writeFiles(next)
    const lock = folderText(folder)['lock.json']

    const { code, isDone } = await interrupted(['push'], share, usualMs)

    const after = await stored()
    const about = `stopped at ${share} of ${usualMs} ms, exit code ${code}`
    expect([...after], about).toEqual([isDone ? next : current])
    expect(folderText(folder)['lock.json'] !== lock, about).toBe(after.has(next))
    expect(Object.keys(folderText(folder)), about).toHaveLength(FILES + 1)
    current = [...after][0] as string
  }
  writeFiles('last')
  await pushFiles(manager, readConfigFiles(folder))
  expect([...(await stored())]).toEqual(['last'])
})

it('SIGINT at any moment of a pull leaves the folder as it was, or as it is to be', { timeout: 240_000 }, async () => {
  writeFiles('first')
  await pushFiles(manager, readConfigFiles(folder))
  const usualMs = await usualTime(['pull', '--label', 'latest'])

  for (const [index, share] of shares.entries()) {
    const next = `text${index}`
    await manager.transaction(async ({ prompts }) => {
      for (let place = 0; place < FILES; place++)
        await prompts.createVersion({ name: `p${place}`, template: `${next} ${place}`, labels: [] })
    })
    const before = folderText(folder)

    const { code, isDone } = await interrupted(['pull', '--label', 'latest'], share, usualMs)

    const after = folderText(folder)
    const about = `stopped at ${share} of ${usualMs} ms, exit code ${code}`
    expect(Object.keys(after), about).toEqual(Object.keys(before))
    const isNew = after['prompts/p0.prompt']?.includes(next)
    expect(isNew, about).toBe(isDone)
    if (isNew) for (const [path, text] of Object.entries(after)) if (path !== 'lock.json') expect(text, about).toContain(next)
    if (!isNew) expect(after, about).toEqual(before)
  }
})

it('SIGINT while a snapshot is made leaves no draft behind', async () => {
  const watcher = await connected()
  // Its documents are kept from it, so that it waits with its draft.
  onTestFinished(() => watcher.end())
  await watcher.query('begin; lock table agent_config.prompts in access exclusive mode')
  const out = join(folder, 'snapshot')
  const { child, ended } = startCli(['snapshot', '--out', out, '--project', manager.project], { DATABASE_URL: database.url })
  await eventually(() => expect(readdirSync(folder)).toHaveLength(1), PATIENT)

  child.kill('SIGINT')

  expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: 'snapshot: stopped. The file was left as it was.\n' })
  expect(readdirSync(folder)).toEqual([])
})

/** Commits of a table's rows take their time from now on. @returns what waits until one is under way */
async function slowCommits(table: string): Promise<() => Promise<void>> {
  const watcher = await connected()
  await watcher.query(`
    create function slow_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(3.0 / ${FILES}); return null; end $$;
    create constraint trigger slow_commit after insert or update on agent_config.${table} deferrable initially deferred
      for each row execute function slow_commit()`)
  onTestFinished(() => watcher.query('drop function slow_commit cascade').then(() => watcher.end()))
  return () =>
    eventually(async () => {
      const { rows } = await watcher.query("select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
      expect(rows).toHaveLength(1)
    }, PATIENT)
}

it('SIGINT while a command waits for the database ends it at once, with one line, and nothing is changed', {
  timeout: 240_000,
}, async () => {
  writeFiles('first')
  await pushFiles(manager, readConfigFiles(folder))
  const before = { files: folderText(folder), revisions: await manager.changelog.list({ project: manager.project, limit: 200 }) }
  // It would wait for the tables, too.
  await manager.shutdown()
  // Within a transaction PostgreSQL goes on to show the activity that it showed first.
  const [holder, watcher] = [await connected(), await connected()]
  onTestFinished(() => Promise.all([holder.end(), watcher.end()]).then(() => {}))
  await holder.query(`begin; do $$ declare one record; begin
    for one in select relname from pg_class where relnamespace = 'agent_config'::regnamespace and relkind = 'r' loop
      execute format('lock table agent_config.%I in access exclusive mode', one.relname);
    end loop; end $$`)
  const waiting = async () => {
    const { rows } = await watcher.query("select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
    return rows.map(({ pid }) => pid as number)
  }

  for (const line of WAITING) {
    const others = await waiting()
    const needs = line.startsWith('migrate') ? [] : ['--project', manager.project]
    const files = /^(pull|diff|check|push)/.test(line) ? ['--dir', folder] : []
    const { child, ended } = startCli([...line.split(' '), ...needs, ...files], { DATABASE_URL: database.url }, folder)
    // Those of commands that were stopped may wait on.
    await eventually(async () => (await waiting()).some((pid) => !others.includes(pid)), PATIENT)

    child.kill('SIGINT')

    const { code, stdout, stderr } = await ended
    expect({ code, stdout }, line).toEqual({ code: 130, stdout: '' })
    expect(stderr, line).toMatch(new RegExp(`^${line.split(' ')[0]}: stopped\\. [^\\n]+\\n$`))
  }
  await holder.query('rollback')
  manager = createConfigManager({ database: database.url, redis: false, listen: false, project: manager.project })
  expect(folderText(folder)).toEqual(before.files)
  expect(await manager.changelog.list({ project: manager.project, limit: 200 })).toEqual(before.revisions)
})

describe('SIGINT once a command writes', () => {
  const afterAWrite = async (write: () => Promise<string>) => {
    const interruptions = new Interruptions()
    const command = async () => {
      try {
        return await interruptions.uninterrupted(async () => {
          interruptions.stop()
          return write()
        })
      } finally {
        // Connections take their time to close.
        await sleep(20)
      }
    }
    return interruptions.interruptible(command())
  }

  it('does not hide what it wrote', async () => {
    expect(await afterAWrite(async () => 'written')).toBe('written')
  })

  it('does not hide why it could not', async () => {
    await expect(afterAWrite(() => Promise.reject(new Error('the disk is full')))).rejects.toThrow('the disk is full')
  })
})

it('SIGINT while a push commits lets it end, with its lock, and it says what it wrote', async () => {
  writeFiles('first')
  const underWay = await slowCommits('prompts')
  const { child, ended } = startCli(['push', '--dir', folder, '--project', manager.project], { DATABASE_URL: database.url })
  await underWay()

  child.kill('SIGINT')

  expect(await ended).toEqual({ code: 0, stdout: expect.stringContaining(`\n${FILES} versions written`), stderr: '' })
  expect([...(await stored())]).toEqual(['first'])
  expect(Object.keys(folderText(folder))).toContain('lock.json')
})

it('SIGINT while an import commits lets it end, and it says what it wrote', async () => {
  writeFiles('first')
  await pushFiles(manager, readConfigFiles(folder))
  const bundle = join(folder, 'bundle.json')
  writeFileSync(bundle, JSON.stringify(await exportBundle(manager)))
  const underWay = await slowCommits('prompts')
  const into = `${manager.project}-copy`
  const { child, ended } = startCli(['import', bundle, '--into', into], { DATABASE_URL: database.url })
  await underWay()

  child.kill('SIGINT')

  expect(await ended).toEqual({ code: 0, stdout: expect.stringContaining(`project "${into}": wrote ${FILES} versions`), stderr: '' })
  expect((await manager.prompts.list({ project: into, limit: 200 })).items).toHaveLength(FILES)
})

it('SIGINT while a label moves lets it move, and it says so', async () => {
  await manager.prompts.create({ name: 'greeting', template: 'Hello', labels: [] })
  const underWay = await slowCommits('prompt_labels')
  const { child, ended } = startCli(['promote', 'greeting', '--version', '1', '--project', manager.project], { DATABASE_URL: database.url })
  await underWay()

  child.kill('SIGINT')

  expect(await ended).toEqual({ code: 0, stdout: expect.stringContaining('production moved from no version to v1'), stderr: '' })
  expect((await manager.prompts.find({ name: 'greeting' }))?.labels).toEqual(['production'])
})

it('SIGINT while a push waits for workers ends the wait: its versions and its lock are there, and it says so', async () => {
  writeFiles('first')
  const channel = uniqueNamespace()
  // A worker that hears announcements, and never says that it serves them.
  const deaf = new Redis(testRedisUrl())
  onTestFinished(() => void deaf.disconnect())
  await deaf.subscribe(channel)
  const { child, ended } = startCli(['push', '--wait', '60000', '--dir', folder, '--project', manager.project], {
    DATABASE_URL: database.url,
    REDIS_URL: testRedisUrl(),
    REDIS_CONFIG_CHANNEL: channel,
  })
  await eventually(async () => expect(Object.keys(folderText(folder))).toContain('lock.json'), PATIENT)
  expect([...(await stored())]).toEqual(['first'])
  await sleep(200)
  expect(child.exitCode).toBeNull()

  child.kill('SIGINT')

  const { code, stdout, stderr } = await ended
  expect(code).toBe(130)
  expect(stdout).toContain(`\n${FILES} versions written`)
  expect(stdout).toMatch(/1 of 2 workers serve it, after \d/)
  expect(stderr).toBe('push: stopped while it waited for workers. Everything was written.\n')
  expect(await pushFiles(manager, readConfigFiles(folder))).toMatchObject({ written: [] })
})

it('a push that is stopped between any two of its files writes none', async () => {
  writeFiles('first')
  const set = readConfigFiles(folder)

  for (let moment = 1; moment <= FILES + 1; moment += 6) {
    let looks = 0
    const signal = {
      throwIfAborted: () => {
        if (++looks === moment) throw new Error('stopped')
      },
    } as AbortSignal
    await expect(pushFiles(manager, set, { signal })).rejects.toThrow('stopped')
    expect(await stored()).toEqual(new Set())
  }
  expect(folderText(folder)['lock.json']).toBeUndefined()
  expect((await runCli(['push', '--dir', folder, '--project', manager.project], { env: { DATABASE_URL: database.url } })).code).toBe(0)
})
