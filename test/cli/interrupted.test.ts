import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { pushFiles, readConfigFiles } from '../../src/files/index.js'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { eventually } from '../support/eventually.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { type Outcome, runCli, startCli } from './command-line.js'
import { folderText } from './folder-text.js'

const FILES = 60
/** A process takes its time to start on a busy machine. */
const PATIENT = { timeoutMs: 45_000 }
/** Processes that are stopped, each at another moment. */
const MOMENTS = 5

let database: TestDatabase
let manager: ConfigurationManager
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
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
async function interrupted(args: readonly string[], share: number, usualMs: number): Promise<Outcome> {
  const { child, ended } = startCli([...args, '--dir', folder, '--project', manager.project], { DATABASE_URL: database.url })
  await Promise.race([sleep(share * usualMs), ended])
  child.kill('SIGINT')
  const outcome = await ended
  // Before the program has begun, SIGINT ends the process as it ends every other, without a code.
  expect([0, 130, null], JSON.stringify(outcome)).toContain(outcome.code)
  expect(outcome.stderr).toMatch(/^([^\n]+\n)?$/)
  return outcome
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

    const { code } = await interrupted(['push'], share, usualMs)

    const after = await stored()
    const about = `stopped at ${share} of ${usualMs} ms, exit code ${code}`
    expect([...after], about).toEqual([code === 0 ? next : after.has(next) ? next : current])
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

    const { code } = await interrupted(['pull', '--label', 'latest'], share, usualMs)

    const after = folderText(folder)
    const about = `stopped at ${share} of ${usualMs} ms, exit code ${code}`
    expect(Object.keys(after), about).toEqual(Object.keys(before))
    const isNew = after['prompts/p0.prompt']?.includes(next)
    if (code === 0) expect(isNew, about).toBe(true)
    if (isNew) for (const [path, text] of Object.entries(after)) if (path !== 'lock.json') expect(text, about).toContain(next)
    if (!isNew) expect(after, about).toEqual(before)
  }
})

it('SIGINT while a snapshot is made leaves no draft behind', { timeout: 90_000 }, async () => {
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

it('SIGINT while a push commits lets it end, with its lock', { timeout: 90_000 }, async () => {
  writeFiles('first')
  const watcher = await connected()
  await watcher.query(`
    create function slow_commit() returns trigger language plpgsql as $$ begin perform pg_sleep(0.05); return null; end $$;
    create constraint trigger slow_commit after insert on agent_config.prompts deferrable initially deferred
      for each row execute function slow_commit()`)
  onTestFinished(() => watcher.query('drop trigger slow_commit on agent_config.prompts').then(() => watcher.end()))
  const { child, ended } = startCli(['push', '--dir', folder, '--project', manager.project], { DATABASE_URL: database.url })
  await eventually(async () => {
    const { rows } = await watcher.query("select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
    expect(rows).toHaveLength(1)
  }, PATIENT)

  child.kill('SIGINT')

  expect([0, 130]).toContain((await ended).code)
  expect([...(await stored())]).toEqual(['first'])
  expect(Object.keys(folderText(folder))).toContain('lock.json')
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
