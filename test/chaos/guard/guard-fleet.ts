import type { GuardedHandlers, GuardedSettings } from '../../rollouts/guarded-process.js'
import { spawnWorker, type Worker } from '../../support/spawn-worker.js'
import { type ProxyTarget, startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js'
import type { Faults } from '../faults.js'

export interface GuardFleetParts {
  readonly workers: number
  readonly namespace: string
  readonly postgres: ProxyTarget
  readonly redis: ProxyTarget
  readonly prompts: GuardedSettings['prompts']
}

interface Place {
  readonly redis: TcpProxy
  readonly postgres: TcpProxy
  worker: Worker<GuardedHandlers> | undefined
}

/** How long a judge that is to die while it acts may take to get there. */
const ACTS_WITHIN_MS = 5_000

/** Worker processes that serve people under guarded rollouts, each with wires of its own to the servers. */
export class GuardFleet implements FaultyFleet {
  readonly #parts: GuardFleetParts
  readonly #places: Place[] = []
  readonly #expected = new Set<number>()
  #started = 0
  endedByThemselves = 0
  judgesKilled = 0

  constructor(parts: GuardFleetParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#parts.workers
  }

  async start(): Promise<void> {
    const { postgres, redis, workers } = this.#parts
    for (let place = 0; place < workers; place++)
      this.#places.push({ redis: await startTcpProxy(redis), postgres: await startTcpProxy(postgres), worker: undefined })
    await Promise.all(this.#places.map((_, place) => this.#spawn(place)))
  }

  wires(place: number): Place {
    return this.#places[place] as Place
  }

  async replace(place: number): Promise<void> {
    const { worker } = this.wires(place)
    if (worker) this.#expected.add(worker.pid)
    await worker?.kill()
    await this.#spawn(place)
  }

  /** The next judge that pauses a rollout dies: before the pause is written, or after it and before anybody is told. */
  async killWriter(): Promise<boolean> {
    const workers = this.#places.map(({ worker }) => worker as Worker<GuardedHandlers>)
    for (const { pid } of workers) this.#expected.add(pid)
    await Promise.all(workers.map((worker) => worker.ask('dieAtNextPause', true).catch(() => {})))
    const dead = await Promise.race([
      ...workers.map(async (worker, place) => worker.ask('ended').catch(() => place)),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ACTS_WITHIN_MS)),
    ])
    await Promise.all(workers.map((worker) => worker.ask('dieAtNextPause', false).catch(() => {})))
    for (const [place, { worker }] of this.#places.entries()) {
      // More than one may have got there.
      const isAlive = await worker?.ask('isAlive').catch(() => false)
      if (!isAlive) await this.replace(place)
      else if (worker && place !== dead) this.#expected.delete(worker.pid)
    }
    if (dead !== undefined) this.judgesKilled++
    return dead !== undefined
  }

  /** Workers of this fleet pass nothing on. */
  async passToken(): Promise<void> {}

  async kill(): Promise<void> {
    await Promise.all(
      this.#places.map(async ({ worker, redis, postgres }) => {
        if (worker) this.#expected.add(worker.pid)
        await worker?.kill()
        await Promise.all([redis.close(), postgres.close()])
      }),
    )
  }

  async #spawn(place: number): Promise<void> {
    const { namespace, prompts } = this.#parts
    const at = this.wires(place)
    const settings: GuardedSettings = {
      database: `postgresql://postgres@127.0.0.1:${at.postgres.port}/postgres`,
      redis: `redis://127.0.0.1:${at.redis.port}`,
      namespace,
      worker: `w${++this.#started}`,
      prompts,
      everyMs: 40,
      timeouts: { databaseMs: 1_500, readMs: 2_000 },
    }
    const worker = await spawnWorker<GuardedHandlers>(new URL('../../rollouts/guarded-process.ts', import.meta.url), {
      args: [JSON.stringify(settings)],
    })
    at.worker = worker
    worker.ask('ended').catch(() => {
      if (!this.#expected.has(worker.pid)) this.endedByThemselves++
    })
    await worker.ask('serve')
  }
}

/** What faults need of a fleet. */
type FaultyFleet = ConstructorParameters<typeof Faults>[0]['fleet']
