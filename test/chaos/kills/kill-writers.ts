import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { ConfigurationManager } from '../../../src/manager/configuration-manager.js'
import { createConfigManager } from '../../../src/manager/global-manager.js'
import { type Stop, startMessageGate } from '../../support/message-gate.js'
import { spawnWorker } from '../../support/spawn-worker.js'
import { faultsOfLog, stateOf } from './database-state.js'
import { prepare, type VerbName } from './verbs.js'
import type { KilledHandlers } from './writer-process.js'

/** The servers of a run, and workers that live on beside the writers that are killed. */
export interface Surroundings {
  readonly database: string
  readonly redis: string
  readonly namespace: string
  readonly pool: pg.Pool
}

/** What became of one write. */
export interface Ending {
  readonly isAcknowledged: boolean
  /** Messages that the write took, or took until it was stopped. */
  readonly messages: number
  readonly before: string
  readonly after: string
  /** What is wrong; nothing, if all is well. */
  readonly complaints: readonly string[]
}

const WRITER = new URL('./writer-process.ts', import.meta.url)
/** As in writer-process.ts. */
const PATIENT = { databaseMs: 30_000, readMs: 40_000 }

/** Lets a process of its own make one write, in a project of its own, and kills it where it is told to. */
export async function killWriter(
  { database, redis, namespace, pool }: Surroundings,
  verb: VerbName,
  stop?: Omit<Stop, 'onStop'>,
  everyMessage = false,
): Promise<Ending> {
  const project = `k-${randomUUID()}`
  const gate = await startMessageGate({ postgres: targetOf(database), redis: targetOf(redis) }, { everyMessage })
  const args = [through(database, gate.postgresPort), through(redis, gate.redisPort), namespace, project]
  const writer = await spawnWorker<KilledHandlers>(WRITER, { args, startsOften: true })
  // They hold what the write is about to change.
  const others = [{ redis, namespace }, { redis: false as const }].map((options) =>
    createConfigManager({ database, project, listen: false, pollIntervalMs: 600_000, timeouts: PATIENT, ...options }),
  )
  try {
    const rollout = await prepare(others[0] as ConfigurationManager, verb)
    await Promise.all(others.map(async (other) => other.catchUp().then(() => served(other))))
    const before = await stateOf(pool, project)
    gate.arm(stop && { ...stop, onStop: () => void writer.kill() })
    const isAcknowledged = await writer.ask('write', verb, rollout).then(
      () => true,
      () => false,
    )
    const messages = gate.count
    await writer.kill()
    const after = await stateOf(pool, project)
    const truth = createConfigManager({ database, project, redis: false, listen: false, timeouts: PATIENT })
    const told = await served(truth)
    await truth.shutdown()
    const complaints = [...(await faultsOfLog(pool))]
    for (const [place, other] of others.entries()) {
      await other.catchUp()
      const said = await served(other)
      if (said !== told) complaints.push(`${place === 0 ? 'with' : 'without'} Redis a worker serves ${said}, the tables say ${told}`)
    }
    return { isAcknowledged, messages, before, after, complaints }
  } finally {
    await Promise.all([writer.kill(), gate.close(), ...others.map((other) => other.shutdown())])
  }
}

const SUBJECTS = Array.from({ length: 8 }, (_, place) => `user-${place}`)

async function served(manager: ConfigurationManager): Promise<string> {
  const prompts = [
    manager.getPrompt('p'),
    manager.getPrompt('p', { label: 'staging' }),
    manager.getPrompt('p', { version: 3 }),
    manager.getPrompt('new'),
    ...SUBJECTS.map((subject) => manager.getPrompt('p', { subject })),
  ].map(async (reading) => {
    const prompt = await reading
    return prompt && [prompt.version, prompt.template, prompt.labels, prompt.selection.reason]
  })
  const model = (await manager.getModelConfig('m'))?.model
  const rules = (await manager.getContextRules()).map(({ context, important }) => [context, important])
  return JSON.stringify([await Promise.all(prompts), model, rules])
}

function targetOf(url: string) {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

function through(url: string, port: number): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(port)
  return changed.href
}
