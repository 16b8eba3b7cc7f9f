import { join } from 'node:path'
import { spawnWorker, type Worker } from '../support/spawn-worker.js'
import { type ProxyTarget, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { type ChaosRedis, NAMESPACE } from './chaos-redis.js'
import type { ChaosHandlers, WorkerSettings } from './worker-process.js'

export interface FleetParts {
  readonly seed: number
  readonly workers: number
  readonly names: readonly string[]
  /** The folder that histories are written to. */
  readonly histories: string
  /** Where the wires to PostgreSQL lead. */
  readonly postgres: ProxyTarget
  readonly redis: ChaosRedis
  readonly readMs: number
  readonly pollMs: number
}

/** A worker's place in the fleet: its wires stay, the process on it changes. */
interface Place {
  readonly redis: TcpProxy | undefined
  readonly postgres: TcpProxy
  worker: Worker<ChaosHandlers> | undefined
  /** Names the history of the process that is there now. */
  file: string
}

/** The worker processes, each with wires of its own to the servers. */
export class Fleet {
  readonly #parts: FleetParts
  readonly #places: Place[] = []
  readonly #processes = new Map<string, { readonly place: number; isWhole: boolean }>()
  #started = 0
  #endedByThemselves = 0
  readonly #expected = new Set<number>()

  constructor(parts: FleetParts) {
    this.#parts = parts
  }

  get endedByThemselves(): number {
    return this.#endedByThemselves
  }

  get size(): number {
    return this.#parts.workers
  }

  async start(): Promise<void> {
    const { postgres, redis, workers } = this.#parts
    for (let place = 0; place < workers; place++)
      this.#places.push({
        redis: redis.server && (await startTcpProxy(redis.server)),
        postgres: await startTcpProxy(postgres),
        worker: undefined,
        file: '',
      })
    await Promise.all(this.#places.map((_, place) => this.#spawn(place)))
  }

  wires(place: number): { readonly redis: TcpProxy | undefined; readonly postgres: TcpProxy } {
    return this.#places[place] as Place
  }

  processOf(file: string): { readonly place: number; readonly isWhole: boolean } {
    return this.#processes.get(file) as { place: number; isWhole: boolean }
  }

  /** Kills the process at a place and puts another one there. */
  async replace(place: number): Promise<void> {
    const { worker, file } = this.#places[place] as Place
    const process = this.#processes.get(file)
    if (process) process.isWhole = false
    if (worker) this.#expected.add(worker.pid)
    await worker?.kill()
    await this.#spawn(place)
  }

  /** Lets the process at a place kill itself between the next COMMIT and its announcement; one that does not get there is killed. */
  async killWriter(place: number, withinMs: number): Promise<boolean> {
    const { worker } = this.#places[place] as Place
    if (!worker) return false
    this.#expected.add(worker.pid)
    await worker.ask('dieAtNextAnnouncement').catch(() => {})
    const ended = await Promise.race([
      worker.ask('ended').then(
        () => false,
        () => true,
      ),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), withinMs)),
    ])
    await this.replace(place)
    return ended
  }

  /** Hands the number of a write to a worker that has perhaps not heard of it. */
  async passToken(place: number, name: string, revision: number, history: number): Promise<void> {
    await this.#places[place]?.worker?.ask('readAt', name, revision, history).catch(() => {})
  }

  async stopWriting(): Promise<void> {
    await this.#every((worker) => timely(worker.ask('stopWriting')))
  }

  async finish(): Promise<void> {
    await this.#every(async (worker) => {
      await timely(worker.ask('finish'))
      this.#expected.add(worker.pid)
      const code = await Promise.race([worker.end(), new Promise<'stuck'>((resolve) => setTimeout(() => resolve('stuck'), 30_000))])
      if (code !== 0) this.#endedByThemselves++
    })
  }

  async kill(): Promise<void> {
    await Promise.all(
      this.#places.map(async ({ worker, redis, postgres }) => {
        if (worker) this.#expected.add(worker.pid)
        await worker?.kill()
        await Promise.all([redis?.close(), postgres.close()])
      }),
    )
  }

  async #every(ask: (worker: Worker<ChaosHandlers>) => Promise<void>): Promise<void> {
    await Promise.all(this.#places.map(async ({ worker }) => worker && ask(worker)))
  }

  async #spawn(place: number): Promise<void> {
    const { seed, names, histories, redis, readMs, pollMs } = this.#parts
    const at = this.#places[place] as Place
    const id = ++this.#started
    const file = `${place}-${id}.jsonl`
    this.#processes.set(file, { place, isWhole: true })
    at.file = file
    const settings: WorkerSettings = {
      database: `postgresql://postgres@127.0.0.1:${at.postgres.port}/postgres`,
      redis: redis.topology ?? `redis://127.0.0.1:${at.redis?.port}`,
      namespace: NAMESPACE,
      history: join(histories, file),
      seed: seed * 1_000 + id,
      id,
      names,
      readMs,
      pollMs,
      writeEveryMs: 150,
      // Fleets are mixed: some hear by Redis alone, some keep few documents, some few heads.
      listen: place % 2 === 1,
      maxEntries: [1_000, 10, 1_000, 1][place % 4] as number,
      ttlMs: [250, 60_000][place % 2] as number,
      dropped: 0.2,
      delayed: 0.25,
      repeated: 0.1,
      held: 0.5,
      heldMs: 160,
    }
    const worker = await spawnWorker<ChaosHandlers>(new URL('./worker-process.ts', import.meta.url), {
      args: [JSON.stringify(settings)],
      startsOften: true,
    })
    at.worker = worker
    worker.ask('ended').catch(() => {
      if (!this.#expected.has(worker.pid)) this.#endedByThemselves++
    })
  }
}

/** A process that does not answer is a finding of its own: its history has no end. */
async function timely(answer: Promise<void>): Promise<void> {
  await Promise.race([answer.catch(() => {}), new Promise<void>((resolve) => setTimeout(resolve, 20_000).unref())])
}
