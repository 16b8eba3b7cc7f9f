import { setTimeout as sleep } from 'node:timers/promises'
import { BaseAgent, createConfigManager, LLMError, type RunContext } from '../../src/index.js'
import { ConfigStore } from '../../src/store/write/config-store.js'
import { FakeLLMClient } from '../../src/testing/index.js'
import { serveRequests } from '../support/serve-requests.js'

// A worker whose agents serve people with prompts under guarded rollouts. Nothing here records an outcome: agents do.

/** What the tests tell a worker, as its one argument. */
export interface GuardedSettings {
  readonly database: string
  readonly redis?: string
  readonly namespace?: string
  readonly project?: string
  /** Part of the name of everybody it serves. */
  readonly worker: string
  /** The prompts, and how often a run of each version fails: `{ triage: [0, 0.02, 0.5] }`, by the number of the version. */
  readonly prompts: Readonly<Record<string, readonly number[]>>
  /** Between two people, in milliseconds. */
  readonly everyMs: number
  readonly timeouts?: { readonly databaseMs: number; readonly readMs: number }
  /** How far the clock of this machine is off, in milliseconds. */
  readonly skewMs?: number
}

const {
  database,
  redis,
  namespace,
  project,
  worker,
  prompts,
  everyMs,
  timeouts,
  skewMs = 0,
} = JSON.parse(process.argv[2] ?? '') as GuardedSettings

if (skewMs !== 0) {
  const Right = Date
  globalThis.Date = class extends Right {
    constructor(...given: [] | [number | string]) {
      if (given.length === 0) super(Right.now() + skewMs)
      else super(...given)
    }

    static override now(): number {
      return Right.now() + skewMs
    }
  } as DateConstructor
}

const manager = createConfigManager({
  database,
  redis: redis ?? false,
  ...(namespace !== undefined && { namespace }),
  ...(project !== undefined && { project }),
  ...(timeouts && { timeouts }),
})

class Server extends BaseAgent<string, string> {
  readonly name: string
  override promptName: string
  override modelName = 'none'
  #version = 0

  constructor(prompt: string) {
    super({ manager, settings: { DEFAULT_MODEL: 'fake:m' }, llm: new FakeLLMClient(() => this.#answer()) })
    this.name = `of ${prompt}`
    this.promptName = prompt
  }

  protected override async run(_: string, context: RunContext): Promise<string> {
    // One at a time: the fake knows no other way to tell which version asks.
    this.#version = Number((await this.getPrompt({}, { context })).slice(1))
    return (await this.chat({ messages: [] }, context)).text
  }

  #answer(): string | Error {
    const isBad = Math.random() < (prompts[this.promptName]?.[this.#version] ?? 0)
    if (isBad && this.#version === 2) counts.failedOfCandidate++
    return isBad ? new LLMError('no answer', { reason: 'server', provider: 'fake', model: 'm' }) : 'billing'
  }
}

const counts = { people: 0, failedOfCandidate: 0, unhandled: 0 }
let isServing = false
let isDying = false

process.on('unhandledRejection', () => counts.unhandled++)
// A judge that dies while it acts: before the pause is written, or after it and before anybody is told.
const { record } = ConfigStore.prototype
ConfigStore.prototype.record = async function (this: ConfigStore, meta, write) {
  if (!isDying || meta.changedBy !== 'guard') return record.call(this, meta, write) as never
  if (Math.random() < 0.5) process.kill(process.pid, 'SIGKILL')
  await record.call(this, meta, write)
  process.kill(process.pid, 'SIGKILL')
  return new Promise<never>(() => {})
}

async function serve(): Promise<void> {
  const agents = Object.keys(prompts).map((prompt) => new Server(prompt))
  for (let person = 0; isServing; person++) {
    counts.people++
    for (const agent of agents) await agent.execute('?', { subject: `${worker}-${person}` }).catch(() => {})
    await sleep(everyMs)
  }
}

const handlers = {
  serve: () => {
    isServing = true
    void serve()
  },
  stop: async () => {
    isServing = false
    await manager.outcomes.flush()
    return counts
  },
  dieAtNextPause: (dies: boolean) => {
    isDying = dies
  },
  isAlive: () => true,
  now: () => Date.now(),
  /** @returns the version that it got */
  see: async (prompt: string, subject: string) => (await manager.getPrompt(prompt, { subject }))?.version,
  record: (subject: string) => manager.outcomes.record({ subject, metric: 'error', bad: true }),
  flush: () => manager.outcomes.flush(),
  ended: () => new Promise<never>(() => {}),
  finish: () => manager.shutdown(),
}
export type GuardedHandlers = typeof handlers

await manager.ready().catch(() => {})
serveRequests(handlers)
