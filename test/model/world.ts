import { CONFIRMATION, DATABASE, type Protocol, REDIS, REPLICA } from './protocol.js'
import { copyWorker, newWorker, type WorkerState, workerKey } from './worker-state.js'

/**
 * What surrounds the workers.
 *
 * - `any`: the most general surroundings. Redis and a replica answer with any document that was ever true, or not at all; any committed
 *   revision is heard at any time, any number of times, or never; others commit at any time. Flushed, evicting, late and lossy servers,
 *   writers that die after COMMIT and every number of other workers are all special cases of it.
 * - `servers`: a Redis with its keys, announcements that set and publish, two workers that reach each other through both.
 * - `subscription`: announcements arrive as long as the subscription stands, nothing looks at the log by the clock. For G2.
 */
export type Surroundings = 'any' | 'servers' | 'subscription'

export interface Bounds {
  readonly surroundings: Surroundings
  readonly workers: number
  /** Per revision, the scopes it changes, as a mask. */
  readonly writes: readonly number[]
  /** Most loads of one worker that are read and have not arrived, at most one a scope; others arrive at once. @default one a scope */
  readonly heldLoads?: number
  /** Whether documents also come from a replica that lags. `any` only. @default false */
  readonly replica?: boolean
  /** Whether heads may be pushed out of their table. @default false */
  readonly evictions?: boolean
}

export interface World {
  /** The newest committed revision. */
  top: number
  /** `servers`: per scope, the `asOf` of the document in Redis; -1 when there is none. */
  readonly redis: number[]
  /** `servers`: revisions whose script is on its way to Redis, and those it has published. */
  scripts: number
  published: number
  readonly workers: WorkerState[]
}

export type Emit = (action: string, world: World) => void

/** Every step that can follow. */
export class Steps {
  readonly #protocol: Protocol
  readonly #bounds: Bounds

  constructor(protocol: Protocol, bounds: Bounds) {
    this.#protocol = protocol
    this.#bounds = bounds
  }

  start(): World {
    const { workers } = this.#bounds
    const { scopes } = this.#protocol
    return {
      top: 0,
      redis: new Array<number>(scopes).fill(-1),
      scripts: 0,
      published: 0,
      workers: Array.from({ length: workers }, () => newWorker(scopes)),
    }
  }

  /** Workers are alike: which of them is in which state makes no difference. */
  key(world: World): string {
    const servers = String.fromCharCode(world.top, world.scripts, world.published, ...world.redis.map((asOf) => asOf + 2))
    return servers + world.workers.map(workerKey).sort().join('|')
  }

  from(world: World, emit: Emit): void {
    const { surroundings, writes } = this.#bounds
    if (surroundings === 'servers') this.#ofRedis(world, emit)
    else if (world.top < writes.length) emit('others commit', this.#committed(world))
    for (let place = 0; place < world.workers.length; place++) this.#ofWorker(world, place, emit)
  }

  #committed(world: World): World {
    const workers =
      this.#bounds.surroundings === 'subscription'
        ? world.workers.map((worker) =>
            worker.isSubscribed ? { ...copyWorker(worker), owed: worker.owed | (1 << (world.top + 1)) } : worker,
          )
        : world.workers
    return { ...world, top: world.top + 1, workers }
  }

  #ofRedis(world: World, emit: Emit): void {
    for (let revision = 1; revision <= this.#bounds.writes.length; revision++) {
      const bit = 1 << revision
      if (!(world.scripts & bit)) continue
      const scripts = world.scripts & ~bit
      const redis = world.redis.map((asOf, scope) => (this.#protocol.changes(revision, scope) ? Math.max(asOf, revision) : asOf))
      emit(`Redis stores and publishes ${revision}`, { ...world, scripts, redis, published: world.published | bit })
      emit(`Redis is full, and publishes ${revision}`, { ...world, scripts, published: world.published | bit })
      emit(`the announcement of ${revision} is lost`, { ...world, scripts })
    }
    if (world.redis.some((asOf) => asOf >= 0)) emit('Redis is flushed', { ...world, redis: world.redis.map(() => -1) })
  }

  #ofWorker(world: World, place: number, emit: Emit): void {
    const protocol = this.#protocol
    const before = world.workers[place] as WorkerState
    const step = (action: string, change: (worker: WorkerState) => void, after: Partial<World> = {}) => {
      const worker = copyWorker(before)
      change(worker)
      protocol.observe(worker)
      emit(`worker ${place} ${action}`, { ...world, ...after, workers: world.workers.with(place, worker) })
    }
    this.#writes(world, before, step)
    this.#messages(world, before, step)
    this.#readsOfTheLog(world, before, step)
    for (let scope = 0; scope < protocol.scopes; scope++) {
      this.#loads(world, before, scope, step)
      if (this.#bounds.evictions && before.heads[scope]! >= 0)
        step(`pushes out the head of ${scope}`, (worker) => protocol.evictHead(worker, scope))
    }
    emit(`worker ${place} dies and is replaced`, { ...world, workers: world.workers.with(place, newWorker(protocol.scopes)) })
  }

  #writes(world: World, before: WorkerState, step: Step): void {
    const { surroundings, writes } = this.#bounds
    if (surroundings === 'subscription' || before.applied < 0) return
    if (world.top < writes.length) {
      const revision = world.top + 1
      const commit = (worker: WorkerState) => {
        worker.own |= 1 << revision
      }
      step(`commits ${revision}`, commit, { top: revision })
    }
    for (let revision = 1; revision <= world.top; revision++) {
      if (before.own & (1 << revision)) {
        step(
          `announces ${revision}`,
          (worker) => {
            worker.own &= ~(1 << revision)
            this.#protocol.announce(worker, revision)
          },
          surroundings === 'servers' ? { scripts: world.scripts | (1 << revision) } : {},
        )
      }
      if (before.waiting & (1 << revision) && before.applied >= revision)
        step(`keeps what it wrote at ${revision}`, (worker) => this.#protocol.keep(worker, revision))
    }
  }

  #messages(world: World, before: WorkerState, step: Step): void {
    const { surroundings, writes } = this.#bounds
    const early = this.#protocol.isBroken('announce before commit') ? 1 : 0
    const last = Math.min(world.top + early, writes.length)
    for (let revision = 1; revision <= last; revision++) {
      const bit = 1 << revision
      // Hearing again what is known and applied changes nothing.
      if (surroundings !== 'subscription' && revision <= before.applied && this.#protocol.knows(before, revision)) continue
      const arrives =
        surroundings === 'any' ||
        (surroundings === 'servers' ? (world.published & bit) !== 0 || revision > world.top : (before.owed & bit) !== 0)
      if (arrives)
        step(`hears ${revision}`, (worker) => {
          worker.owed &= ~bit
          this.#protocol.hear(worker, revision)
        })
      if (before.half & bit) step(`hears the rest of ${revision}`, (worker) => this.#protocol.hearRest(worker, revision))
    }
    if (surroundings !== 'subscription') return
    if (before.isSubscribed) step('loses its subscription', (worker) => Object.assign(worker, { isSubscribed: 0, owed: 0 }))
    else
      step('is subscribed again', (worker) => {
        worker.isSubscribed = 1
        worker.mustCatchUp = this.#protocol.isBroken('no catchUp after a subscription') ? 0 : 1
      })
  }

  #readsOfTheLog(world: World, before: WorkerState, step: Step): void {
    const isDue = this.#bounds.surroundings !== 'subscription' || before.applied < 0 || before.ahead !== 0 || before.mustCatchUp !== 0
    if (before.page >= 0) step(`takes the log up to ${before.page}`, (worker) => this.#protocol.takeLog(worker))
    else if (isDue) step(`reads the log up to ${world.top}`, (worker) => this.#protocol.readLog(worker, world.top))
  }

  /** A load is read at one moment and arrives at another, or never. One that arrives at once can overtake it. */
  #loads(world: World, before: WorkerState, scope: number, step: Step): void {
    const protocol = this.#protocol
    const { surroundings } = this.#bounds
    const held = before.loads[scope]!
    const { heldLoads = protocol.scopes } = this.#bounds
    const mayHold = before.loads.filter((load) => load >= 0).length < heldLoads
    for (const [source, asOf] of this.#answers(world, scope)) {
      if (held < 0 && mayHold && source !== REPLICA)
        step(`reads ${scope} as of ${asOf} from ${NAMES[source]}`, (worker) => {
          worker.loads[scope] = source * 16 + asOf
          const claimed = protocol.floor(worker, scope)
          worker.claims[scope] = source === DATABASE && claimed > asOf ? claimed : 0
        })
      if (surroundings === 'any' || source === DATABASE) this.#arrives(world, before, scope, source, asOf, 'at once', step)
    }
    if (held >= 0) this.#arrives(world, before, scope, held >> 4, held & 15, 'late', step)
  }

  #answers(world: World, scope: number): [source: number, asOf: number][] {
    const answers: [number, number][] = [[DATABASE, world.top]]
    const { surroundings, replica } = this.#bounds
    if (surroundings === 'servers' && world.redis[scope]! >= 0) answers.push([REDIS, world.redis[scope]!])
    if (surroundings === 'any')
      for (let asOf = 0; asOf <= world.top; asOf++) answers.push([REDIS, asOf], ...(replica ? [[REPLICA, asOf] as [number, number]] : []))
    return answers
  }

  #arrives(world: World, before: WorkerState, scope: number, source: number, asOf: number, when: 'at once' | 'late', step: Step): void {
    const protocol = this.#protocol
    const take = (accept: (worker: WorkerState) => void) => (worker: WorkerState) => {
      if (when === 'late') worker.loads[scope] = -1
      accept(worker)
      if (when === 'late') worker.claims[scope] = 0
    }
    const action = `gets ${scope} as of ${asOf} from ${NAMES[source]}, ${when}`
    if (source === REDIS && before.applied < 0) {
      // PostgreSQL is away: what Redis has is better than nothing.
      step(
        action,
        take((worker) => void protocol.accept(worker, scope, asOf, true)),
      )
      return
    }
    if (!protocol.isReached(before, scope, asOf)) return
    if (source === CONFIRMATION) {
      const isLast = before.claims[scope] === 1
      step(
        action,
        take((worker) => protocol.takeConfirmation(worker, scope, asOf, isLast)),
      )
      return
    }
    if (source === REDIS || source === REPLICA) {
      if (protocol.isKnown(before, scope)) {
        const current = protocol.currentAsOf(before, scope, asOf)
        step(
          action,
          take((worker) => current >= 0 && protocol.accept(worker, scope, current)),
        )
      } else this.#isConfirmed(world, before, scope, source, asOf, action, take, step)
      return
    }
    const fromPrimary = take((worker) => {
      protocol.takeLoad(worker, scope, asOf, when === 'late' ? worker.claims[scope]! : protocol.floor(worker, scope))
    })
    step(action, fromPrimary)
    if (this.#bounds.surroundings !== 'servers') return
    const redis = world.redis.with(scope, Math.max(world.redis[scope]!, asOf))
    step(`${action}, and tells Redis`, fromPrimary, { redis })
  }

  /** A document whose scope's head this worker does not know: PostgreSQL is asked, and answers at once, late or not at all. */
  #isConfirmed(
    world: World,
    before: WorkerState,
    scope: number,
    source: number,
    asOf: number,
    action: string,
    take: (accept: (worker: WorkerState) => void) => (worker: WorkerState) => void,
    step: Step,
  ): void {
    const protocol = this.#protocol
    const isLast = protocol.headAt(scope, asOf) === protocol.headAt(scope, world.top)
    const isFree = before.loads.filter((load, place) => load >= 0 && place !== scope).length < (this.#bounds.heldLoads ?? protocol.scopes)
    if (protocol.isReached(before, scope, world.top))
      step(
        `${action}, and is told`,
        take((worker) => protocol.takeConfirmation(worker, scope, world.top, isLast)),
      )
    if (isFree)
      step(`${action}, and asks`, (worker) => {
        worker.loads[scope] = CONFIRMATION * 16 + world.top
        worker.claims[scope] = isLast ? 1 : 0
      })
    if (source === REDIS)
      step(
        `${action}, and is told nothing`,
        take((worker) => void protocol.accept(worker, scope, asOf, true)),
      )
  }
}

type Step = (action: string, change: (worker: WorkerState) => void, after?: Partial<World>) => void

const NAMES = ['PostgreSQL', 'the replica', 'Redis', 'a confirmation']
