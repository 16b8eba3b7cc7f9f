import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../../migrations/index.js'
import { type MigrationReport, migrateToLatest } from '../../../src/migrations.js'
import { lockFolder } from '../../../src/store/postgres/folder-lock.js'
import { type OpenDatabase, openDatabase } from '../../../src/store/postgres/open-database.js'
import { LogReader } from '../../../src/store/read/log-reader.js'
import { ConfigStore } from '../../../src/store/write/config-store.js'
import { spawnWorker } from '../../support/spawn-worker.js'
import { caught, repositoriesOn } from '../fixture.js'
import type { WriterHandlers } from '../writer-process.js'

describe('the embedded database', () => {
  let folder: string
  let database: OpenDatabase
  let beforeMigration: Error
  let report: MigrationReport

  // One folder for all: a cold start takes seconds.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'agent-config-'))
    database = openDatabase(`pglite:${folder}`, 2_000)
    beforeMigration = await caught(() => repositories().prompts.create({ name: 'a', template: 'x' }))
    await database.close()
    report = await migrateToLatest(`pglite:${folder}`)
    database = openDatabase(`pglite:${folder}`, 2_000)
  })
  afterAll(async () => {
    await database.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const storeOf = ({ db }: OpenDatabase) => new ConfigStore({ db, schema: 'agent_config', databaseMs: 2_000 })
  const repositories = () => repositoriesOn(storeOf(database))

  it('is migrated like any other, and says what to run when it is not', () => {
    expect(beforeMigration).toMatchObject({ code: 'E_MIGRATION', message: expect.stringContaining('npx agent-config migrate') })
    expect(report).toEqual({ schema: 'agent_config', applied: Object.keys(MIGRATIONS), already: [] })
  })

  it('refuses a write or a read of its own from the code of a host inside a write, instead of waiting for ever', async () => {
    const store = storeOf(database)
    const { prompts } = repositoriesOn(store)
    const errors: Error[] = []

    await store.transact({}, async () => {
      errors.push(await caught(() => prompts.create({ name: 'a', template: 'x' })), await caught(() => prompts.find({ name: 'a' })))
    })

    expect(errors).toMatchObject([
      { code: 'E_INVALID_ARGUMENT', field: 'transaction' },
      { code: 'E_INVALID_ARGUMENT', field: 'transaction' },
    ])
    expect(await prompts.create({ name: 'a', template: 'x' })).toMatchObject({ version: 1, propagated: true })
  })

  it('gives revisions and ids as numbers, beyond what an integer column holds', async () => {
    const { prompts, changelog, project } = repositories()
    const first = await prompts.create({ name: 'a', template: 'x', parameters: { k: [1, { deep: true }] } })
    await database.db
      .updateTable('agent_config.config_state' as never)
      .set({ revision: 5_000_000_000 } as never)
      .execute()

    const { revision } = await prompts.createVersion({ name: 'a', template: 'y' })

    expect([first.id, first.revision].map((value) => typeof value)).toEqual(['number', 'number'])
    expect(revision).toBe(5_000_000_001)
    const [change] = (await changelog.list({ project })).items
    expect(change).toMatchObject({ revision: 5_000_000_001, id: expect.any(Number), configId: expect.any(Number), newVersion: 2 })
    expect(await new LogReader(database.db, 'agent_config').read(5_000_000_000)).toMatchObject({
      top: 5_000_000_001,
      heads: [{ scope: `prompt:${project}:a`, revision: 5_000_000_001 }],
    })
    expect((await prompts.find({ name: 'a', version: 1 }))?.parameters).toEqual({ k: [1, { deep: true }] })
  })

  it('carries out every verb, and refuses what PostgreSQL refuses', async () => {
    const { prompts, embeddings, contextRules } = repositories()
    await prompts.create({ name: 'a', template: 'x', labels: ['production'] })
    await prompts.createVersion({ name: 'a', template: 'y' })
    await prompts.promote({ name: 'a', version: 2 })
    await prompts.rollback({ name: 'a' })
    await prompts.removeLabel({ name: 'a', label: 'staging' })
    await prompts.deactivate({ name: 'a', version: 2 })
    await prompts.activate({ name: 'a', version: 2 })
    await embeddings.create({ name: 'default', embeddingModel: 'm' })
    await contextRules.create({ context: 'c' })

    const errors = [
      await caught(() => prompts.create({ name: 'a', template: 'x' })),
      await caught(() => prompts.promote({ name: 'a', version: 9 })),
    ]

    expect(errors).toMatchObject([{ code: 'E_ALREADY_EXISTS' }, { code: 'E_NOT_FOUND' }])
    expect((await prompts.history({ name: 'a' })).map((change) => change.changeType)).toEqual([
      'activate',
      'deactivate',
      'remove_label',
      'rollback',
      'promote',
      'version',
      'create',
    ])
    expect((await prompts.list({ label: 'production' })).items.map((item) => item.version)).toEqual([1])
  })

  it('lets writes and reads that come at once take turns', async () => {
    const { prompts } = repositories()

    const written = await Promise.all(
      Array.from({ length: 10 }, (_, place) =>
        place % 2 ? prompts.createVersion({ name: 'a', template: 'x' }) : prompts.find({ name: 'a' }),
      ),
    )

    expect(written.filter((_, place) => place % 2).map((entity) => entity?.version)).toEqual([1, 2, 3, 4, 5])
  })

  it('is refused to a second user of its folder in this process, and to another process', async () => {
    const second = openDatabase(`pglite:${folder}`, 2_000)
    const worker = await spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))

    const here = await caught(() => second.db.selectFrom('prompts').execute())
    const there = await caught(() => worker.ask('lock', folder))
    await worker.kill()

    expect(here).toMatchObject({ code: 'E_ALREADY_EXISTS', message: expect.stringMatching(/open in this process.*PostgreSQL server/) })
    expect(there.message).toContain(`open in process ${process.pid}`)
  })

  it('keeps what was written when it is closed and opened again', async () => {
    const { prompts, project } = repositories()
    await prompts.create({ name: 'a', template: 'kept' })

    await database.close()
    const isLocked = readdirSync(folder).includes('agent-config.lock')
    database = openDatabase(`pglite:${folder}`, 2_000)

    expect(isLocked).toBe(false)
    expect((await repositoriesOn(storeOf(database), { project }).prompts.find({ name: 'a' }))?.template).toBe('kept')
  })

  it.each(['pglite:', 7 as never, {} as never, 'postgres', ''])(
    'is not what the database option %j means, which is refused',
    async (option) => {
      expect(await caught(() => openDatabase(option, 2_000))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'database' })
    },
  )
})

describe('the lock of a folder', () => {
  let folder: string
  const file = () => join(folder, 'agent-config.lock')

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-config-'))
  })
  afterEach(() => rmSync(file(), { force: true }))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is taken over from a process that was killed', async () => {
    const worker = await spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))
    await worker.ask('lock', folder)
    const whileItRuns = await caught(() => lockFolder(folder))
    await worker.kill()

    const release = await lockFolder(folder)

    expect(whileItRuns.message).toContain(`process ${worker.pid}`)
    expect(readFileSync(file(), 'utf8')).toContain(String(process.pid))
    release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is taken over from an earlier process that had the id this one has, as in containers, where the system tells when one started', async () => {
    writeFileSync(file(), `${process.pid} 12345`)

    const locked = await lockFolder(folder).catch((error: Error) => error)

    if (process.platform === 'linux') (locked as () => void)()
    else expect(locked).toMatchObject({ message: expect.stringContaining('open in this process') })
  })

  it('is taken over by one of four processes that find a stale one at the same time', async () => {
    const workers = await Promise.all(
      Array.from({ length: 4 }, () => spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))),
    )

    for (let round = 0; round < 40; round++) {
      writeFileSync(file(), '999999999')
      const taken = await Promise.allSettled(workers.map((worker) => worker.ask('lock', folder)))
      const owners = workers.filter((_, place) => taken[place]?.status === 'fulfilled')

      expect(owners).toHaveLength(1)
      expect(readFileSync(file(), 'utf8')).toContain(String(owners[0]?.pid))
      await owners[0]?.ask('unlock')
    }
    await Promise.all(workers.map((worker) => worker.kill()))
    expect(readdirSync(folder)).toEqual([])
  })

  it.each(['', 'nonsense', '0', '-1', '999999999'])('is taken over when it says %j, which is no running process', async (text) => {
    writeFileSync(file(), text)

    const release = await lockFolder(folder)

    expect(readFileSync(file(), 'utf8')).toContain(String(process.pid))
    release()
  })

  it('is held by a process of another container, whose id says nothing here, for as long as that lives, stopped or not', async () => {
    const worker = await spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))
    await worker.ask('lock', folder)
    const [, start, , socket] = readFileSync(file(), 'utf8').split(' ')
    writeFileSync(file(), ['999999999', start, 'another-boot/pid:[1]', socket].join(' '))

    const whileItLives = await caught(() => lockFolder(folder))
    process.kill(worker.pid, 'SIGSTOP')
    const whileItIsStopped = await caught(() => lockFolder(folder))
    process.kill(worker.pid, 'SIGCONT')
    await worker.kill()
    const release = await lockFolder(folder)
    release()

    for (const error of [whileItLives, whileItIsStopped])
      expect(error).toMatchObject({ code: 'E_ALREADY_EXISTS', message: expect.stringContaining('of another container') })
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not taken over from a process of another container that nobody can ask', async () => {
    writeFileSync(file(), '7 12345 another-boot/pid:[1] -')

    const error = await caught(() => lockFolder(folder))

    expect(error).toMatchObject({ code: 'E_ALREADY_EXISTS', message: expect.stringContaining(file()) })
  })

  it('closes the folder to other users, also one that was open to them', async () => {
    chmodSync(folder, 0o755)

    const release = await lockFolder(folder)
    release()

    expect((statSync(folder).mode & 0o777).toString(8)).toBe(process.platform === 'win32' ? '666' : '700')
  })
})
