import type { Guard, GuardFinding } from '../entities/guard.js'
import { isRatioOk, type JudgedMetric, judge } from '../rollout/guard.js'
import { logSampleRatioFactor, RATIO_ALARM } from '../rollout/sample-ratio.js'
import { isConfigError } from '../shared/errors.js'
import type { OpenDatabase } from '../store/postgres/open-database.js'
import { type GuardedRollout, insertVerdict, readGuarded, takeJudgesLock, type VerdictRow } from '../store/rollouts/guard-counts.js'
import { guardPause } from '../store/rollouts/guard-steps.js'
import type { ConfigStore } from '../store/write/config-store.js'

/** What a guard concluded. */
export interface GuardEvent {
  readonly kind: string
  readonly project: string
  readonly name: string
  readonly rolloutId: string
  /**
   * `paused`: the candidate is worse, and everybody gets the label's own version again. `worse`: the candidate is worse, and the guard only
   * notifies.
   * `ratio`: the arms do not get the subjects they should, so nothing is concluded. `ended`: the label left the control.
   */
  readonly what: 'paused' | 'worse' | 'ratio' | 'ended'
  /** What the guard does when the candidate is worse. */
  readonly action: Guard['action']
  /** For `paused` and `worse`: the metric in which the candidate is worse, the one with the most evidence. */
  readonly metric?: string
  /** For `paused` and `worse`: the evidence of that metric. */
  readonly evidence?: number
  /** The evidence and verdict of each metric at that moment. */
  readonly findings: readonly GuardFinding[]
}

export interface JudgeParts {
  readonly db: OpenDatabase['db']
  readonly store: ConfigStore
  readonly read: <Value>(query: () => Promise<Value>) => Promise<Value>
  readonly emit: (event: GuardEvent) => void
  readonly onError: (error: unknown, message: string) => void
}

/** Between two looks while a guarded rollout runs, in milliseconds. */
const JUDGE_EVERY_MS = 2_000

/**
 * Looks at guarded rollouts and pauses one whose candidate is worse. Every worker that served a guarded rollout has a judge. An advisory lock
 * lets one of them look at a time; it is held by the transaction, so a killed judge frees it and another goes on. A verdict is written only
 * if the rollout is still in the state that was judged, so no verdict is written twice.
 */
export class Judge {
  readonly #parts: JudgeParts
  /** Verdicts this judge already reported, so that they are not written again at each look. */
  readonly #told = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #judging: Promise<void> | undefined
  #isClosed = false
  #isFailing = false

  constructor(parts: JudgeParts) {
    this.#parts = parts
  }

  /** Starts to look, because a guarded rollout exists; ends when none runs any more. */
  wake(): void {
    if (this.#isClosed || this.#timer) return
    this.#timer = setTimeout(() => void this.#look(), JUDGE_EVERY_MS)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#judging
  }

  async #look(): Promise<void> {
    let isRunning = true
    this.#judging = this.judge().then(
      (running) => {
        isRunning = running
        this.#isFailing = false
      },
      (error: unknown) => {
        if (!this.#isFailing && !this.#isClosed) this.#parts.onError(error, 'Guarded rollouts could not be judged; it is tried again.')
        this.#isFailing = true
      },
    )
    await this.#judging
    this.#timer = undefined
    if (isRunning) this.wake()
  }

  /** Looks once. @returns whether to look again: a guarded rollout runs, or another worker is looking */
  async judge(): Promise<boolean> {
    const { db, store, read } = this.#parts
    const guarded = await read(() =>
      db.transaction().execute(async (transaction) => {
        const isMine = await takeJudgesLock(transaction, store.schema)
        return isMine ? readGuarded(transaction, store.schema, store.kinds) : undefined
      }),
    )
    if (!guarded) return true
    // One after the other, since each may be a write.
    for (const one of guarded) await this.#conclude(one)
    return guarded.some(({ rollout }) => rollout.status === 'running')
  }

  async #conclude(one: GuardedRollout): Promise<void> {
    const { rollout, counts, labelVersion } = one
    const { guard, arms } = rollout
    if (labelVersion !== arms[guard.control]?.version) return this.#tell(one, 'ended', [])
    if (rollout.status !== 'running') return
    const judged = judge(guard, arms, counts)
    if (!isRatioOk(arms, counts.exposed)) return this.#tell(one, 'ratio', judged)
    const worse = judged.filter(({ verdict }) => verdict === 'worse').toSorted((one, other) => other.logEvidence - one.logEvidence)
    if (worse.length === 0) return
    if (guard.action === 'notify') return this.#tell(one, 'worse', judged, worse)
    const { value: isPaused } = await this.#pause(one, worse)
    if (isPaused) this.#emit(one, 'paused', judged, worse[0])
  }

  async #pause({ rollout, counts }: GuardedRollout, worse: readonly JudgedMetric[]): Promise<{ readonly value: boolean }> {
    try {
      return await this.#parts.store.record({ changedBy: 'guard' }, guardPause(rollout, worse, counts))
    } catch (error) {
      // Concluded, or deleted, while it was judged.
      if (isConfigError(error, 'E_NOT_FOUND')) return { value: false }
      throw error
    }
  }

  /** Writes a verdict that pauses nothing, and emits its event if no other worker has written it before. */
  async #tell(
    one: GuardedRollout,
    what: VerdictRow['verdict'],
    judged: readonly JudgedMetric[],
    worse: readonly JudgedMetric[] = [],
  ): Promise<void> {
    const { rollout, counts } = one
    const { db, store, read } = this.#parts
    const metrics = what === 'worse' ? worse : [undefined]
    for (const metric of metrics) {
      const key = [rollout.id, rollout.guard.since, what, metric?.metric].join(' ')
      if (this.#told.has(key)) continue
      const row: VerdictRow = {
        rolloutId: rollout.id,
        since: rollout.guard.since,
        metric: metric?.metric ?? '',
        verdict: what,
        logEvidence: metric?.logEvidence ?? (what === 'ratio' ? ratioFactor(one) : 0),
        logThreshold: metric?.logThreshold ?? (what === 'ratio' ? Math.log(RATIO_ALARM) : 0),
        counts,
      }
      const isNew = await read(() => insertVerdict(db, store.schema, row))
      this.#told.add(key)
      if (isNew) this.#emit(one, what, judged, metric)
    }
  }

  #emit({ rollout }: GuardedRollout, what: GuardEvent['what'], judged: readonly JudgedMetric[], worst?: JudgedMetric): void {
    const { kind, project, name, id, guard } = rollout
    const findings = judged.map(({ metric, evidence, threshold, verdict }) => ({ metric, evidence, threshold, verdict }))
    const worse = worst && { metric: worst.metric, evidence: worst.evidence }
    this.#parts.emit({ kind, project, name, rolloutId: id, what, action: guard.action, ...worse, findings })
  }
}

function ratioFactor({ rollout: { arms }, counts }: GuardedRollout): number {
  return logSampleRatioFactor(
    counts.exposed,
    arms.map(({ weight }) => weight),
  )
}
