import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { ChaosPostgres } from './chaos-postgres.js'
import type { ChaosRedis } from './chaos-redis.js'
import type { Fleet } from './fleet.js'
import { monotonicMs, type Outage } from './history.js'
import { FAULTS, type Fault, type FaultKind, laneOf } from './schedule.js'

export interface FaultParts {
  readonly fleet: Pick<Fleet, 'size' | 'wires' | 'replace' | 'killWriter' | 'passToken'>
  readonly postgres: ChaosPostgres
  readonly redis: ChaosRedis
}

/** A server that was restarted, and clients that were cut off, need this much longer before they are held to their promises. */
const AFTERMATH_MS = 1_500

/** Carries out a plan of faults. */
export class Faults {
  readonly counts = Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as Record<FaultKind, number>
  readonly outages: Outage[] = []
  readonly #parts: FaultParts

  constructor(parts: FaultParts) {
    this.#parts = parts
  }

  /** Resolves when the last fault has ended. */
  async run(plan: readonly Fault[]): Promise<void> {
    const startedAt = performance.now()
    const tokens = setInterval(() => void this.#passToken(), 100)
    // What takes longer than planned, a restart on a busy machine say, delays the next fault of the same server.
    const lanes = new Map<string, Promise<void>>()
    for (const fault of plan) {
      await sleep(Math.max(0, fault.at - (performance.now() - startedAt)))
      const lane = laneOf(fault.kind)
      const before = lane === 'wires' ? undefined : lanes.get(lane)
      const carriedOut = (before ?? Promise.resolve()).then(() => this.#carryOut(fault))
      lanes.set(
        lane,
        Promise.all([lanes.get(lane), carriedOut]).then(() => {}),
      )
    }
    await Promise.all(lanes.values())
    clearInterval(tokens)
  }

  async #carryOut(fault: Fault): Promise<void> {
    const from = monotonicMs()
    const happened = await this.#byKind(fault)
    if (happened) this.counts[fault.kind]++
    // Between a backup and its return the server works; those two say themselves when it did not.
    if (!fault.kind.startsWith('postgres') || ['postgres-restore', 'postgres-failover'].includes(fault.kind)) return
    this.#noteOutage({ from, to: monotonicMs(), worker: laneOf(fault.kind) === 'postgres' ? 'all' : fault.worker })
  }

  #noteOutage(outage: Outage): void {
    this.outages.push({ ...outage, to: outage.to + AFTERMATH_MS })
  }

  async #byKind({ kind, ms, worker }: Fault): Promise<boolean> {
    const { fleet, postgres, redis } = this.#parts
    const [server, what] = kind.split('-') as ['redis' | 'postgres', string]
    switch (kind) {
      case 'worker-kill':
        await fleet.replace(worker)
        return true
      case 'writer-kill':
        return fleet.killWriter(worker, ms)
      case 'redis-flush':
        return redis.tell((client) => client.flushall())
      case 'redis-full':
        return this.#fillRedis(ms)
      case 'postgres-terminate':
        return this.#askPostgres('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and random() < 0.7')
      case 'redis-freeze':
        return redis.freeze(ms)
      case 'redis-kill':
        return redis.kill(ms)
      case 'postgres-freeze':
        await postgres.server.freeze()
        await sleep(ms)
        await postgres.server.thaw()
        return true
      case 'postgres-kill':
        await postgres.server.kill()
        await sleep(ms / 3)
        await postgres.server.restart()
        return true
      case 'postgres-restore':
      case 'postgres-failover': {
        const outages = await (kind === 'postgres-restore' ? postgres.restore(ms) : postgres.failover(ms))
        for (const outage of outages) this.#noteOutage(outage)
        return (postgres.losses.at(-1)?.lost.length ?? 0) > 0
      }
      default: {
        const wire = fleet.wires(worker)[server]
        if (!wire) return false
        if (what === 'cut') wire.cut()
        else if (what === 'refuse') await wire.refuse()
        else if (what === 'stall') wire.stall()
        else wire.delay(ms / 20)
        await sleep(ms)
        if (what === 'refuse') await wire.accept()
        else if (what === 'stall') wire.resume()
        else if (what === 'delay') wire.delay(0)
        return true
      }
    }
  }

  /** Least-recently-used documents are pushed out, then everything is, then there is room again. */
  async #fillRedis(ms: number): Promise<boolean> {
    const isFull = await this.#parts.redis.tell(async (client) => {
      await client.config('SET', 'maxmemory-policy', ms > 800 ? 'allkeys-random' : 'noeviction')
      await client.config('SET', 'maxmemory', '1')
    })
    await sleep(ms)
    return (await this.#parts.redis.tell((client) => client.config('SET', 'maxmemory', '0'))) && isFull
  }

  /** Past the proxies. */
  async #askPostgres(query: string): Promise<boolean> {
    return (await this.#rows(query)) !== undefined
  }

  async #rows(query: string): Promise<Record<string, string>[] | undefined> {
    const client = new pg.Client({ connectionString: this.#parts.postgres.url, connectionTimeoutMillis: 1_000, query_timeout: 1_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query<Record<string, string>>(query)).rows
    } catch {
      return undefined
    } finally {
      await client.end().catch(() => {})
    }
  }

  #isPassing = false

  /** One process tells another the number of the last write, as a host would pass it on in a request. */
  async #passToken(): Promise<void> {
    const { postgres, fleet } = this.#parts
    if (this.#isPassing || postgres.isLosing) return
    this.#isPassing = true
    const history = postgres.losses.length
    const heads = await this.#rows(`select scope, revision from agent_config.config_heads order by revision desc limit 1`)
    const head = heads?.[0]
    const name = head?.scope?.split(':').at(-1)
    const isKnown = !postgres.isLosing && postgres.losses.length === history
    if (isKnown && head && name) void fleet.passToken(Math.floor(Math.random() * fleet.size), name, Number(head.revision), history)
    this.#isPassing = false
  }
}
