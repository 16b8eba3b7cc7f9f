import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { LabelledKind } from '../../entities/config-kind.js'
import type { RolloutReport } from '../../entities/guard.js'
import type { JsonObject } from '../../entities/json.js'
import type { Rollout, RolloutStatus } from '../../entities/rollout.js'
import type { WriteMeta, Written } from '../../entities/written.js'
import type { Row } from '../../kinds/row.js'
import { coverageAt } from '../../rollout/choose-version.js'
import { preparePatterns } from '../../rollout/conditions.js'
import { type GuardSettings, validateGuard } from '../../rollout/guard.js'
import { type RolloutRamp, type RolloutSettings, validateRamp, validateResume, validateStart } from '../../rollout/validate-rollout.js'
import { checkInteger, checkJson, checkLabel, checkMeta, checkProject, checkText, DEFAULT_PROJECT, LIMITS } from '../../shared/arguments.js'
import { AlreadyExistsError, InvalidArgumentError, NotFoundError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import { decodeCursor, type Page, pageOf } from '../read/cursor.js'
import { decodeRollout, findRollout, type RolloutTarget, selectRollouts } from '../read/rollout-rows.js'
import { checkAcknowledge, guardColumn, isGuarding, refuseNewWeights, resumedGuard } from '../rollouts/guard-steps.js'
import { readReport } from '../rollouts/read-report.js'
import { type RolloutStepName, rolloutStep, splitColumns, startColumns } from '../rollouts/rollout-step.js'
import { type EntityState, versionIn } from '../write/entity-state.js'
import { labelOfWrites, type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import type { Recorder } from '../write/recorder.js'
import { META_KEYS } from '../write/requests.js'

export interface RolloutStart extends RolloutSettings, WriteMeta {
  readonly kind: LabelledKind
  readonly name: string
  /** The label that is overloaded. @default the manager's label, 'production' */
  readonly label?: string
  /** @default the manager's project, 'default' */
  readonly project?: string
  /** Pauses the rollout by itself when its candidate does worse than the label's own version. Implies `recordExposures`. */
  readonly guard?: GuardSettings
  /** Starts although an arm needs variables that the code of this process does not give. */
  readonly force?: boolean
}

export interface RolloutResumption extends WriteMeta {
  readonly force?: boolean
  /**
   * Goes on although the guard has paused the rollout. The evidence begins anew, with subjects first exposed from now on, and may be a false
   * alarm with another `alpha`. @default false
   */
  readonly acknowledge?: boolean
}

export interface RolloutConclusion extends WriteMeta {
  /** The arm's version that the label points at from now on. Absent: the label stays where it is. */
  readonly winner?: number
  readonly force?: boolean
}

export interface RolloutListQuery {
  readonly kind?: LabelledKind
  readonly name?: string
  /** Absent: every project. */
  readonly project?: string
  readonly label?: string
  readonly status?: RolloutStatus
  /** 1 to 1,000. @default 50 */
  readonly limit?: number
  readonly cursor?: string
}

const START_KEYS = [
  'kind',
  'name',
  'project',
  'label',
  'arms',
  'coverage',
  'sticky',
  'forced',
  'when',
  'schedule',
  'recordExposures',
  'guard',
  'force',
  ...META_KEYS,
] as const

/** What a step changes of a rollout. */
interface RolloutChange {
  readonly columns: JsonObject
  readonly coverageBasisPoints?: number
}

/** A/B tests and gradual rollouts: labels that give some subjects other versions. */
export class RolloutRepository {
  readonly #recorder: Recorder
  readonly #project: string
  readonly #label: string | undefined

  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    this.#recorder = recorderOf(database, options)
    this.#project = options.project ?? DEFAULT_PROJECT
    this.#label = options.label
  }

  /**
   * Starts a rollout. Callers go on asking for the label.
   *
   * @throws {AlreadyExistsError} when one is running or paused on that label
   * @throws {InvalidArgumentError} when arms, coverage, conditions or schedule are not acceptable, or an arm's version is missing or inactive
   * @throws {TemplateVariableError} when an arm needs a variable that the code of this process does not give, unless `force`
   */
  async start(start: RolloutStart): Promise<Written<Rollout>> {
    checkKeys(start, START_KEYS)
    const target = this.#target(start)
    const label = checkLabel('label', start.label ?? labelOfWrites(this.#recorder.kinds.labelledKind('kind', start.kind), this.#label))
    checkMeta(start)
    const texts = checkedTexts(start)
    await preparePatterns(start.when)
    const split = validateStart(start.guard === undefined ? texts : { ...texts, recordExposures: true }, refuse)
    await this.#permit('start', target, label, start)
    const versions = split.arms.map((arm) => arm.version)
    const { value, facts } = await this.#recorder.record(start, {
      asks: [{ ...target, versions, ...this.#contractRows(target, versions) }],
      decide: ([state]) => {
        const { rollouts, labels } = state as EntityState
        const open = rollouts.find((rollout) => rollout.label === label)
        if (open) {
          throw new AlreadyExistsError(
            `Rollout ${open.id} is ${open.status} on label "${label}" of ${target.kind} "${target.name}". Conclude it before another one starts.`,
          )
        }
        this.#checkArms(target, state as EntityState, split.arms, start.force)
        const guard = start.guard === undefined ? undefined : validateGuard(start.guard, split.arms, labels.get(label), refuse)
        const id = randomBytes(ID_BYTES).toString('hex')
        return {
          steps: [
            rolloutStep('start', { id, label, ...split }, { ...startColumns({ ...target, label }, split), ...guardColumn(guard) }, start),
          ],
          answer: ([row]) => decodeRollout(row as Row),
        }
      },
    })
    return Object.freeze({ ...value, ...facts })
  }

  /**
   * Changes coverage, weights or enrolment of a rollout, running or paused. New coverage and weights end its schedule.
   *
   * @throws {NotFoundError} when there is no such rollout, or it is concluded
   */
  async ramp(id: string, ramp: RolloutRamp & WriteMeta & { readonly force?: boolean }): Promise<Written<Rollout>> {
    checkKeys(ramp, ['coverage', 'arms', 'weights', 'enrol', 'force', ...META_KEYS])
    return this.#change('ramp', id, ramp, (rollout, state) => {
      if (isGuarding(rollout, state)) refuseNewWeights(ramp)
      const split = validateRamp(rollout, ramp, coverageAt(rollout, Date.now()), refuse)
      this.#checkArms(rollout, state, split.arms, ramp.force)
      return { columns: splitColumns(split), coverageBasisPoints: split.coverageBasisPoints }
    })
  }

  /** Gives everybody the label's own version again, in every worker as soon as it hears of it. */
  async pause(id: string, meta: WriteMeta = {}): Promise<Written<Rollout>> {
    checkKeys(meta, META_KEYS)
    return this.#change('pause', id, meta, (rollout) => (rollout.status === 'paused' ? undefined : { columns: { status: 'paused' } }))
  }

  /**
   * @throws {InvalidArgumentError} when the rollout cannot go on, because an arm was deactivated for example; and without `acknowledge: true`
   *   when its guard has paused it
   */
  async resume(id: string, meta: RolloutResumption = {}): Promise<Written<Rollout>> {
    checkKeys(meta, ['force', 'acknowledge', ...META_KEYS])
    checkAcknowledge(meta.acknowledge)
    return this.#change('resume', id, meta, (rollout, state) => {
      validateResume(rollout, refuse)
      this.#checkArms(rollout, state, rollout.arms, meta.force)
      if (rollout.status === 'running') return undefined
      return { columns: { status: 'running', ...resumedGuard(rollout, meta.acknowledge) } }
    })
  }

  /**
   * Ends a rollout; with a winner the label moves to it in the same transaction.
   *
   * @throws {InvalidArgumentError} when the winner is not an arm, or was deactivated
   */
  async conclude(id: string, conclusion: RolloutConclusion = {}): Promise<Written<Rollout>> {
    checkKeys(conclusion, ['winner', 'force', ...META_KEYS])
    const { winner } = conclusion
    return this.#change('conclude', id, conclusion, (rollout, state): RolloutChange => {
      if (winner === undefined) return { columns: { status: 'concluded' } }
      const isArm = rollout.arms.some((candidate) => candidate.version === winner)
      if (!isArm) refuse('winner', `must be the version of an arm: ${rollout.arms.map((candidate) => candidate.version).join(', ')}`)
      if (!versionIn(state, winner)?.isActive) refuse('winner', `names version ${winner}, which is not active`)
      this.#checkContracts(rollout, state, [winner], conclusion.force)
      return { columns: { status: 'concluded', winner } }
    })
  }

  /**
   * What the outcomes of a rollout say so far, guarded or not, open or concluded. Reads PostgreSQL.
   *
   * @throws {NotFoundError} when there is no such rollout
   */
  async report(id: string): Promise<RolloutReport> {
    const rollout = await this.find(id)
    if (!rollout) throw new NotFoundError(`There is no rollout ${id}.`)
    return this.#recorder.read((db) => readReport(db, this.#recorder.schema, this.#recorder.kinds, rollout))
  }

  async find(id: string): Promise<Rollout | undefined> {
    checkText('id', id)
    return this.#recorder.read((db) => findRollout(db, this.#recorder.schema, id))
  }

  /** Newest first. */
  async list(query: RolloutListQuery = {}): Promise<Page<Rollout>> {
    checkKeys(query, ['kind', 'name', 'project', 'label', 'status', 'limit', 'cursor'])
    const limit = checkInteger('limit', query.limit ?? 50, { min: 1, max: LIMITS.listLimit })
    const conditions = (['kind', 'name', 'project', 'label', 'status'] as const)
      .filter((field) => query[field] !== undefined)
      .map((field) => sql`${sql.id(field)} = ${checkText(field, query[field])}::text`)
    if (query.cursor !== undefined) {
      const [createdAt, id] = decodeCursor<[string, string]>(query.cursor, ['string', 'string'])
      conditions.push(sql`(date_trunc('milliseconds', created_at), id) < (${createdAt}::timestamptz, ${id}::text)`)
    }
    const where = conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
    const found = await this.#recorder.read((db) => selectRollouts(db, this.#recorder.schema, where, limit + 1))
    return pageOf(found, limit, (rollout) => [rollout.createdAt, rollout.id])
  }

  /** One step of an open rollout. A step that changes nothing writes nothing. */
  async #change(
    step: RolloutStepName,
    id: string,
    meta: WriteMeta & { readonly force?: boolean },
    change: (rollout: Rollout, state: EntityState) => RolloutChange | undefined,
  ): Promise<Written<Rollout>> {
    checkText('id', id)
    checkMeta(meta)
    const known = await this.find(id)
    if (!known) throw new NotFoundError(`There is no rollout ${id}.`)
    await this.#permit(step, known, known.label, meta)
    await preparePatterns(known.when)
    const { kind, project, name } = known
    const { value, facts } = await this.#recorder.record(meta, {
      asks: [{ kind, project, name, ...(this.#needsContract(known) && { arms: true as const }) }],
      decide: ([state]) => {
        const before = state?.rollouts.find((rollout) => rollout.id === id)
        if (!state || !before) throw new NotFoundError(`Rollout ${id} is concluded: start a new one.`)
        const changed = change(before, state)
        if (!changed) return { steps: [], answer: () => before }
        const { columns, ...split } = changed
        return {
          steps: [rolloutStep(step, { ...before, ...split }, columns, meta)],
          answer: ([row]) => decodeRollout(row as Row),
        }
      },
    })
    return Object.freeze({ ...value, ...facts })
  }

  #checkArms(target: RolloutTarget, state: EntityState, arms: Rollout['arms'], force: boolean | undefined): void {
    for (const [place, { version }] of arms.entries()) {
      const entry = versionIn(state, version)
      if (!entry?.isActive) {
        refuse(
          `arms[${place}].version`,
          `names version ${version} of ${target.kind} "${target.name}", which ${entry ? 'was deactivated' : 'does not exist'}`,
        )
      }
    }
    this.#checkContracts(
      target,
      state,
      arms.map((arm) => arm.version),
      force,
    )
  }

  #checkContracts(target: RolloutTarget, { rows }: EntityState, versions: readonly number[], force: boolean | undefined): void {
    if (force || !this.#needsContract(target)) return
    const { contracts, kinds } = this.#recorder
    const { decode } = kinds.labelledKind('kind', target.kind)
    for (const version of versions) {
      const row = rows.get(version)
      if (row) contracts.check(target.kind, decode(row))
    }
  }

  #needsContract({ kind, name }: RolloutTarget): boolean {
    return this.#recorder.contracts.has(kind, name)
  }

  #contractRows(target: RolloutTarget, versions: readonly number[]) {
    return this.#needsContract(target) ? { rows: versions } : {}
  }

  #permit(step: RolloutStepName, target: RolloutTarget, label: string, meta: WriteMeta): Promise<void> {
    const { kind, project, name } = target
    return this.#recorder.policy.permit({ action: `rollout_${step}`, kind, project, name, actor: meta.changedBy }, [label])
  }

  #target({ kind, name, project }: RolloutStart): RolloutTarget {
    const { maxNameLength } = this.#recorder.kinds.labelledKind('kind', kind)
    return { kind, name: checkText('name', name, maxNameLength), project: checkProject(project ?? this.#project) }
  }
}

/** Every bucket is computed from this id. It is short, because it is hashed at each read. */
const ID_BYTES = 6

function refuse(field: string, expectation: string): never {
  throw new InvalidArgumentError(field, expectation)
}

/** Subjects and conditions hold free text, which has to be storable. */
function checkedTexts(start: RolloutStart): RolloutStart {
  for (const field of ['forced', 'when'] as const) if (start[field] !== undefined) checkJson(field, start[field])
  return start
}
