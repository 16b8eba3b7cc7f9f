import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { serveRequests } from '../support/serve-requests.js'

// A process of shutdown.test.ts: its manager is shut down at the worst of times, and it has to end by itself afterwards.

let manager: ConfigurationManager
/** What is asked for and not waited for. */
let underWay: Promise<unknown>[] = []

const handlers = {
  open: (options: ConfigManagerOptions) => {
    manager = createConfigManager(options)
    underWay = []
  },
  ready: () => manager.ready(),
  create: async () => void (await manager.prompts.create({ name: 'p', template: 'x', labels: ['production'] })),
  /** Calls of every sort, all of them begun when this returns. */
  call: () => {
    for (const call of [
      () => manager.ready(),
      () => manager.getPrompt('p'),
      () => manager.getPrompt('absent'),
      () => manager.prompts.createVersion({ name: 'p', template: 'y', labels: ['production'], waitForWorkers: 20_000 }),
      () => manager.prompts.find({ name: 'p' }),
      () => manager.catchUp(),
      () => manager.verify(),
      () => manager.health(),
      () => manager.publishInvalidation('all'),
    ])
      underWay.push(call().catch((error: unknown) => error))
  },
  /** Resolves with how long it took, in milliseconds. */
  shutdown: async () => {
    const began = performance.now()
    await Promise.all([manager.shutdown(), manager.shutdown()])
    return performance.now() - began
  },
  /** Resolves when every call has ended, with those that did so with something other than an answer or a typed error. */
  ended: async () => {
    const ends = await Promise.all(underWay)
    return ends.filter((end) => end instanceof Error && !/^E_/.test(`${(end as { code?: unknown }).code}`)).map(String)
  },
  /** What keeps the process alive besides this conversation. */
  resources: async () => {
    await sleep(0)
    return process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|Immediate)$/.test(name))
  },
}

export type ShutdownHandlers = typeof handlers
serveRequests(handlers)
