import { afterEach, expect, it } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import { ConfigStore } from '../../../src/store/write/config-store.js'
import { spawnWorker, type Worker } from '../../support/spawn-worker.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'
import type { WriterHandlers } from '../writer-process.js'

const store = useStore()
let worker: Worker<WriterHandlers>

afterEach(() => worker.kill())

it('does not keep others from writing for longer than its idle timeout, and learns that nothing of it was written', async () => {
  worker = await spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))
  await worker.ask('hold', store.url, 'held', 400)
  process.kill(worker.pid, 'SIGSTOP')
  const { prompts } = store.repositories({ project: 'default' })

  // Rejects after four seconds of waiting for the lock, which only the idle timeout can release.
  const written = await prompts.create({ name: 'other', template: 'x' })
  process.kill(worker.pid, 'SIGCONT')
  const outcome = await worker.ask('release')

  expect(written.revision).toBe(1)
  expect(outcome).toBe('StoreUnavailableError none')
  expect(await prompts.find({ name: 'held' })).toBeUndefined()
})

it('keeps others waiting no longer than their lock timeout while it is inside its own limits, and they say that nothing was written', async () => {
  worker = await spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))
  await worker.ask('hold', store.url, 'slow', 10_000)
  const { db, close } = openDatabase(store.url, 500)
  const { prompts } = repositoriesOn(new ConfigStore({ db, schema: 'agent_config', databaseMs: 500 }), { project: 'default' })

  const error = await caught(() => prompts.create({ name: 'impatient', template: 'x' }))
  const outcome = await worker.ask('release')

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none' })
  expect(outcome).toBe('committed')
  expect(await prompts.find({ name: 'impatient' })).toBeUndefined()
  expect(await prompts.find({ name: 'slow' })).toMatchObject({ template: 'held' })
  await close()
})

it('leaves nothing and blocks nobody when it is killed inside its transaction', async () => {
  worker = await spawnWorker<WriterHandlers>(new URL('../writer-process.ts', import.meta.url))
  await worker.ask('hold', store.url, 'killed', 10_000)
  const { prompts } = store.repositories({ project: 'default' })
  const [before] = await store.sql<{ revision: string }>('select revision from agent_config.config_state')

  await worker.kill()
  const { revision } = await prompts.create({ name: 'survivor', template: 'x' })

  expect(revision).toBe(Number(before?.revision) + 1)
  expect(await prompts.find({ name: 'killed' })).toBeUndefined()
})
