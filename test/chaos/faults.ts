import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Server } from '../support/services/server.js'
import type { ChaosRedis } from './chaos-redis.js'
import type { Fleet } from './fleet.js'
import type { Outage } from './history.js'
import { FAULTS, type Fault, type FaultKind, laneOf } from './schedule.js'

export interface FaultParts {
  readonly fleet: Fleet
  readonly postgres: Server
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
    if (fault.kind.startsWith('postgres')) {
      const worker = ['postgres-freeze', 'postgres-kill', 'postgres-terminate'].includes(fault.kind) ? 'all' : fault.worker
      this.outages.push({ from, to: monotonicMs() + AFTERMATH_MS, worker })
    }
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
        await postgres.freeze()
        await sleep(ms)
        await postgres.thaw()
        return true
      case 'postgres-kill':
        await postgres.kill()
        await sleep(ms / 3)
        await postgres.restart()
        return true
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
    if (this.#isPassing) return
    this.#isPassing = true
    const heads = await this.#rows(`select scope, revision from agent_config.config_heads order by revision desc limit 1`)
    const head = heads?.[0]
    const name = head?.scope?.split(':').at(-1)
    if (head && name) void this.#parts.fleet.passToken(Math.floor(Math.random() * this.#parts.fleet.size), name, Number(head.revision))
    this.#isPassing = false
  }
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
