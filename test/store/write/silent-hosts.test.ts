import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import { ConfigStore, type ConfigStoreParts } from '../../../src/store/write/config-store.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'

// PostgreSQL ends a transaction that is idle for this long.
const DATABASE_MS = 300
const NEVER = new Promise<never>(() => {})

const fixture = useStore()

/** A store of which hooks or transactions are code of the host's that does not answer, and one that says what was written. */
function stores(hooks: ConfigStoreParts['hooks'] = {}, database: string = fixture.url) {
  const opened = openDatabase(database, DATABASE_MS)
  const store = new ConfigStore({ db: opened.db, isBatched: opened.isBatched, schema: 'agent_config', databaseMs: DATABASE_MS, hooks })
  return { store, close: opened.close, ...repositoriesOn(store) }
}

/** Whether a promise has ended within a time. */
const within = <Value>(ms: number, work: Promise<Value>): Promise<Value | 'never'> => Promise.race([work, sleep(ms, 'never' as const)])

it('a beforeCommit hook that never answers costs its own write, and the next one of this process is written', async () => {
  const { prompts, close } = stores({ beforeCommit: ({ configName }) => (configName === 'asked about' ? NEVER : undefined) })

  const error = await within(
    3_000,
    caught(() => prompts.create({ name: 'asked about', template: 'x' })),
  )
  const next = await within(3_000, prompts.create({ name: 'next', template: 'y' }))

  expect(error).toMatchObject({
    code: 'E_STORE_UNAVAILABLE',
    outcome: 'none',
    reason: 'timeout',
    message: expect.stringMatching(/beforeCommit.*Nothing was written/),
  })
  expect(next).toMatchObject({ version: 1 })
  expect(await prompts.find({ name: 'asked about' })).toBeUndefined()
  await close()
})

it('neither does a transaction whose callback never answers, whether it wrote before or not', async () => {
  const { store, prompts, project, close } = stores()

  const errors = [
    await within(
      3_000,
      caught(() => store.transact({}, () => NEVER)),
    ),
    await within(
      3_000,
      caught(() =>
        store.transact({}, async (recorder) => {
          await repositoriesOn(recorder, { project }).prompts.create({ name: 'half', template: 'x' })
          await NEVER
        }),
      ),
    ),
  ]
  const next = await within(3_000, prompts.create({ name: 'next', template: 'y' }))

  for (const error of errors)
    expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none', message: expect.stringContaining('transaction()') })
  expect(next).toMatchObject({ version: 1 })
  expect(await prompts.find({ name: 'half' })).toBeUndefined()
  await close()
})

it('a transaction that is slow, and not idle, is written however long it takes', async () => {
  const { store, prompts, project, close } = stores()

  await store.transact({}, async (recorder) => {
    const { prompts: inside } = repositoriesOn(recorder, { project })
    // Together more than a transaction may be idle, or one of its statements may take.
    for (let count = 0; count < 20; count++) {
      await inside.create({ name: `slow ${count}`, template: 'x' })
      await sleep(60)
    }
  })

  expect((await prompts.list()).items).toHaveLength(20)
  await close()
})

it('what a hook does once its write has ended is refused: it would happen inside of the next write', async () => {
  const late: Promise<unknown>[] = []
  const { prompts, close } = stores({
    beforeCommit: ({ configName }, transaction) => {
      if (configName !== 'hasty') return
      late.push(sleep(100).then(() => caught(() => sql`create table public.late (id integer)`.execute(transaction as Kysely<unknown>))))
    },
  })
  await prompts.create({ name: 'hasty', template: 'x' })
  await prompts.create({ name: 'next', template: 'x' })

  expect(await late[0]).toMatchObject({ message: expect.stringContaining('already committed') })
  expect(await fixture.sql("select to_regclass('public.late') as late")).toEqual([{ late: null }])
  await close()
})
