import { setTimeout as sleep } from 'node:timers/promises'
import { createConfigManager } from '../../src/manager/global-manager.js'
import { eventually } from '../support/eventually.js'
import { startRestorablePostgres } from '../support/private-postgres.js'
import type { PostgresServer } from '../support/services/postgres-server.js'
import { runStatement } from '../support/services/template-database.js'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { DECLARED, kindOf, LABELLED_SQL, WRITES_SQL } from './chaos-kinds.js'
import { type Loss, monotonicMs, type Outage, type Truth, type Write } from './history.js'
import { Random } from './random.js'

/** Fewer lost commits than this say little; they are waited for, within reason. */
const LOST_AT_LEAST = 2
const WAIT_FOR_COMMITS_MS = 3_000
/** How many commits the new primary makes, compared with how many were lost. As many is the hardest to notice, so it comes first. */
const MADE_MORE = [0, -1, 1] as const

/** The PostgreSQL of a run: one server behind a gate that all workers' wires lead to, so that its data can be exchanged unseen. */
export class ChaosPostgres {
  readonly server: PostgresServer
  /** Where workers' wires lead. */
  readonly gate: TcpProxy
  /** What was lost so far, in order. */
  readonly losses: Loss[] = []
  readonly #names: readonly string[]
  readonly #random: Random
  #isLosing = false
  #failovers = 0

  constructor(server: PostgresServer, gate: TcpProxy, names: readonly string[], seed: number) {
    this.server = server
    this.gate = gate
    this.#names = names
    this.#random = new Random(seed)
  }

  get url(): string {
    return this.server.url
  }

  /** Whether the data is being exchanged now, so that nobody can say which history a number belongs to. */
  get isLosing(): boolean {
    return this.#isLosing
  }

  /** Brings a backup back: the log ends where it ended when the backup was taken, some time ago. */
  restore(ms: number): Promise<readonly Outage[]> {
    return this.#lose(ms, () => 0)
  }

  /**
   * Puts a server in its place that had not received the last commits, and that was written to before any worker reaches it: under the
   * numbers of the lost commits stand others. Their writer has no Redis and tells nobody.
   */
  failover(ms: number): Promise<readonly Outage[]> {
    const more = MADE_MORE[this.#failovers++ % MADE_MORE.length] as number
    return this.#lose(ms, (lost) => Math.max(1, lost + more))
  }

  /** What the tables and the changelog say now, and what was lost before. */
  async truth(): Promise<Truth> {
    const labelled = await runStatement(this.url, LABELLED_SQL)
    return {
      writes: await this.#writes(),
      losses: this.losses,
      labelled: Object.fromEntries(labelled.map(({ name, v }) => [name, v])) as Record<string, string>,
    }
  }

  async stop(): Promise<void> {
    await this.gate.close()
    await this.server.stop()
  }

  async #lose(ms: number, made: (lost: number) => number): Promise<readonly Outage[]> {
    const backUpFrom = monotonicMs()
    const bringBack = await this.server.backUp()
    const backUpTo = monotonicMs()
    const first = await this.#newest()
    await sleep(ms)
    await eventually(async () => (await this.#newest()) >= first + LOST_AT_LEAST, { timeoutMs: WAIT_FOR_COMMITS_MS }).catch(() => {})
    this.#isLosing = true
    const from = monotonicMs()
    await this.gate.refuse()
    // What has arrived of a COMMIT is carried out; after that nobody adds to what is about to be lost.
    await eventually(() => this.#isAlone())
    const before = await this.#writes()
    await bringBack()
    const kept = await this.#newest()
    const lost = before.filter(({ revision }) => revision > kept)
    await this.#writeElsewhere(made(new Set(lost.map(({ revision }) => revision)).size))
    const to = monotonicMs()
    this.losses.push({ from, to, kept, lost })
    await this.gate.accept()
    this.#isLosing = false
    return [
      { from: backUpFrom, to: backUpTo, worker: 'all' },
      { from, to: monotonicMs(), worker: 'all' },
    ]
  }

  async #writeElsewhere(commits: number): Promise<void> {
    if (commits === 0) return
    const manager = createConfigManager({ database: this.url, redis: false, listen: false, kinds: DECLARED })
    for (let made = 1; made <= commits; made++) {
      const name = this.#names[this.#random.below(this.#names.length)] as string
      await manager.transaction((repositories) => kindOf(name).write(repositories, name, `made-${this.losses.length}-${made}`))
    }
    await manager.shutdown()
  }

  async #newest(): Promise<number> {
    const [state] = await runStatement(this.url, 'select revision from agent_config.config_state where id = 1')
    return Number(state?.revision)
  }

  async #isAlone(): Promise<boolean> {
    const others = await runStatement(
      this.url,
      `select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    )
    return others.length === 0
  }

  async #writes(): Promise<readonly Write[]> {
    const rows = await runStatement(this.url, WRITES_SQL)
    return rows.map(({ revision, name, v }) => ({ revision: Number(revision), name: `${name}`, v: `${v}` }))
  }
}

/** Starts PostgreSQL as production runs it: commits wait for the disk. */
export async function startChaosPostgres(names: readonly string[], seed: number): Promise<ChaosPostgres> {
  const server = await startRestorablePostgres({ fsync: true, settings: { synchronous_commit: true } })
  return new ChaosPostgres(server, await startTcpProxy(server), names, seed)
}
