import { isConfigError } from '../../src/shared/errors.js'
import { lockFolder } from '../../src/store/postgres/folder-lock.js'
import { openDatabase } from '../../src/store/postgres/open-database.js'
import { PromptRepository } from '../../src/store/repositories/prompt-repository.js'
import { ConfigStore } from '../../src/store/write/config-store.js'
import { serveRequests } from '../support/serve-requests.js'

// The worker process of concurrency.test.ts, frozen-writer.test.ts and embedded.test.ts.

const handlers = {
  /** Writes versions and moves a label to random ones, one after the other; gives the versions it was told it wrote. */
  write: async (url: string, name: string, rounds: number) => {
    const { db, close } = openDatabase(url, 5_000)
    const recorder = new ConfigStore({ db, schema: 'agent_config', databaseMs: 5_000 })
    const prompts = new PromptRepository(recorder)
    const versions: number[] = []
    for (let round = 0; round < rounds; round++) {
      const { version } = await prompts.createVersion({
        name,
        template: `by ${process.pid}`,
        labels: ['staging'],
        changedBy: `${process.pid}`,
      })
      versions.push(version)
      await prompts.promote({ name, version: 1 + Math.floor(Math.random() * version), changedBy: `${process.pid}` })
    }
    await close()
    return versions
  },
  /** Creates a prompt that others create at the same time; tells whether it was this process that did. */
  create: async (url: string, name: string) => {
    const { db, close } = openDatabase(url, 5_000)
    try {
      await new PromptRepository(new ConfigStore({ db, schema: 'agent_config', databaseMs: 5_000 })).create({ name, template: 'x' })
      return true
    } catch (error) {
      if (isConfigError(error, 'E_ALREADY_EXISTS')) return false
      throw error
    } finally {
      await close()
    }
  },
  /** Begins a write and stays inside its transaction until it is told to go on; the answer is the write's outcome. */
  hold: (url: string, name: string, databaseMs: number) => {
    const { db } = openDatabase(url, databaseMs)
    const recorder = new ConfigStore({
      db,
      schema: 'agent_config',
      databaseMs,
      hooks: {
        beforeCommit: () => {
          begun.resolve()
          return released.promise
        },
      },
    })
    held = new PromptRepository(recorder).create({ name, template: 'held' }).then(
      () => 'committed',
      (error) => `${error.name} ${error.outcome}`,
    )
    return begun.promise
  },
  release: () => {
    released.resolve()
    return held
  },
  lock: async (folder: string) => {
    unlock = await lockFolder(folder)
  },
  unlock: () => unlock(),
}
export type WriterHandlers = typeof handlers

let held: Promise<string>
let unlock = (): void => {}
const begun = signal()
const released = signal()

function signal() {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

serveRequests(handlers)
