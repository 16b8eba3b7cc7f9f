import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { refusal, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

const managed = useManagers()
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

it('refuses a transaction that returns before its writes have ended, and writes nothing of it', async () => {
  const manager = await managed({ database: database.url })

  const error = await refusal(
    manager.transaction(async ({ prompts, models }) => {
      await prompts.create({ name: 'awaited', template: 'a' })
      void prompts.create({ name: 'forgotten', template: 'b' })
      void models.create({ name: 'forgotten too', provider: 'ollama', model: 'llama3' })
    }),
  )
  // Whatever they come to, nobody waits for it: an unhandled rejection would end a process, and fails this test run.
  await sleep(100)

  expect(error).toMatchObject({
    code: 'E_INVALID_ARGUMENT',
    message: expect.stringMatching(/prompts\.create, models\.create.*nothing was written/),
  })
  expect((await manager.prompts.list({ activeOnly: false })).items).toEqual([])
  expect(await runSql(database.url, 'select 1 from agent_config.config_changelog')).toEqual([])
})

it('refuses one whose forgotten call fails, or is only a read', async () => {
  const manager = await managed({ database: database.url })

  const failing = await refusal(manager.transaction(async ({ prompts }) => void prompts.promote({ name: 'nobody', version: 1 })))
  const reading = await refusal(manager.transaction(async ({ prompts }) => void prompts.list()))
  await sleep(50)

  expect([failing.code, reading.code]).toEqual(['E_INVALID_ARGUMENT', 'E_INVALID_ARGUMENT'])
})

it('says of a call that comes after the end what is wrong', async () => {
  const manager = await managed({ database: database.url })
  let late: (() => Promise<unknown>) | undefined

  await manager.transaction(async ({ prompts }) => {
    await prompts.create({ name: 'in time', template: 'a' })
    late = () => prompts.create({ name: 'late', template: 'b' })
  })
  const error = await refusal((late as () => Promise<unknown>)())

  expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', message: expect.stringContaining('Await every call') })
})

it('takes calls that are made at once and awaited together, and passes the error of one of them on', async () => {
  const manager = await managed({ database: database.url })
  const names = ['one', 'two', 'three']

  await manager.transaction(({ prompts }) => Promise.all(names.map((name) => prompts.create({ name, template: name }))))
  const error = await refusal(
    manager.transaction(({ prompts }) => Promise.all(['four', 'one'].map((name) => prompts.create({ name, template: name })))),
  )
  await sleep(50)

  expect(error.code).toBe('E_ALREADY_EXISTS')
  expect((await manager.prompts.list()).items.map(({ name }) => name)).toEqual(['in time', 'one', 'three', 'two'])
})
