import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { LabelledKind } from '../entities/config-kind.js'
import type { Rollout, RolloutStatus } from '../entities/rollout.js'
import { coverageAt } from '../rollout/choose-version.js'
import { preparePatterns } from '../rollout/conditions.js'
import { type RolloutRamp, type RolloutSettings, validateRamp, validateResume, validateStart } from '../rollout/validate-rollout.js'
import { AlreadyExistsError, InvalidArgumentError, NotFoundError } from '../shared/errors.js'
import { checkInteger, checkJson, checkLabel, checkMeta, checkProject, checkText, DEFAULT_PROJECT, LIMITS } from './arguments.js'
import { decodeCursor, type Page, pageOf } from './cursor.js'
import { type EntityState, readEntityState } from './entity-state.js'
import { KINDS } from './kinds.js'
import { moveLabels } from './labels.js'
import { MODEL_KIND } from './model-kind.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from './open-recorder.js'
import { PROMPT_KIND } from './prompt-kind.js'
import type { Recorder } from './recorder.js'
import { logRollout, type RolloutStepName } from './rollout-log.js'
import { findRollout, insertRollout, type RolloutTarget, selectRollouts, updateRollout } from './rollout-rows.js'
import { readRow } from './version-rows.js'
import type { WriteSession } from './write-session.js'
import type { WriteMeta, Written } from './written.js'

export interface RolloutStart extends RolloutSettings, WriteMeta {
  readonly kind: LabelledKind
  readonly name: string
  /** The label that is overloaded. @default 'production' */
  readonly label?: string
  /** @default the manager's project, 'default' */
  readonly project?: string
  /** Starts although an arm needs variables that the code of this process does not give. */
  readonly force?: boolean
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

/** A/B tests and gradual rollouts: labels that give some subjects other versions. */
export class RolloutRepository {
  readonly #recorder: Recorder
  readonly #project: string

  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    this.#recorder = recorderOf(database, options)
    this.#project = options.project ?? DEFAULT_PROJECT
  }

  /**
   * Starts a rollout. Callers go on asking for the label.
   *
   * @throws {AlreadyExistsError} when one is running or paused on that label
   * @throws {InvalidArgumentError} when arms, coverage, conditions or schedule are not acceptable, or an arm's version is missing or inactive
   * @throws {TemplateVariableError} when an arm needs a variable that the code of this process does not give, unless `force`
   */
  async start(start: RolloutStart): Promise<Written<Rollout>> {
    const target = this.#target(start)
    const label = checkLabel('label', start.label ?? 'production')
    checkMeta(start)
    const texts = checkedTexts(start)
    await preparePatterns(start.when)
    const split = validateStart(texts, refuse)
    await this.#permit('start', target, label, start)
    const { value, facts } = await this.#recorder.record(start, async (session) => {
      const state = await this.#state(session, target)
      const open = state.rollouts.find((rollout) => rollout.label === label)
      if (open) {
        throw new AlreadyExistsError(
          `Rollout ${open.id} is ${open.status} on label "${label}" of ${target.kind} "${target.name}". Conclude it before another one starts.`,
        )
      }
      await this.#checkArms(session, target, state, split.arms, start.force)
      const id = randomBytes(ID_BYTES).toString('hex')
      const rollout = await insertRollout(session.transaction, this.#recorder.schema, {
        ...target,
        ...split,
        id,
        label,
        createdBy: session.authorOf(start),
      })
      logRollout(session, 'start', undefined, rollout, start)
      return rollout
    })
    return Object.freeze({ ...value, ...facts })
  }

  /**
   * Changes coverage or weights of a rollout, running or paused. Ends its schedule.
   *
   * @throws {NotFoundError} when there is no such rollout, or it is concluded
   */
  async ramp(id: string, ramp: RolloutRamp & WriteMeta & { readonly force?: boolean }): Promise<Written<Rollout>> {
    return this.#change('ramp', id, ramp, async (session, rollout, state) => {
      const split = validateRamp(rollout, ramp, coverageAt(rollout, Date.now()), refuse)
      await this.#checkArms(session, rollout, state, split.arms, ramp.force)
      return updateRollout(session.transaction, this.#recorder.schema, id, { split })
    })
  }

  /** Gives everybody the label's own version again, in every worker as soon as it hears of it. */
  async pause(id: string, meta: WriteMeta = {}): Promise<Written<Rollout>> {
    return this.#change('pause', id, meta, async (session, rollout) =>
      rollout.status === 'paused' ? rollout : updateRollout(session.transaction, this.#recorder.schema, id, { status: 'paused' }),
    )
  }

  /** @throws {InvalidArgumentError} when what the rollout needs is no longer there: an arm was deactivated, say */
  async resume(id: string, meta: WriteMeta & { readonly force?: boolean } = {}): Promise<Written<Rollout>> {
    return this.#change('resume', id, meta, async (session, rollout, state) => {
      await preparePatterns(rollout.when)
      validateResume(rollout, refuse)
      await this.#checkArms(session, rollout, state, rollout.arms, meta.force)
      return rollout.status === 'running' ? rollout : updateRollout(session.transaction, this.#recorder.schema, id, { status: 'running' })
    })
  }

  /**
   * Ends a rollout; with a winner the label moves to it in the same transaction.
   *
   * @throws {InvalidArgumentError} when the winner is not an arm, or was deactivated
   */
  async conclude(id: string, conclusion: RolloutConclusion = {}): Promise<Written<Rollout>> {
    const { winner } = conclusion
    return this.#change('conclude', id, conclusion, async (session, rollout, state) => {
      const change = { status: 'concluded' as const, ...(winner !== undefined && { winner }) }
      if (winner === undefined) return updateRollout(session.transaction, this.#recorder.schema, id, change)
      const arm = rollout.arms.findIndex((candidate) => candidate.version === winner)
      if (arm < 0) refuse('winner', `must be the version of an arm: ${rollout.arms.map((candidate) => candidate.version).join(', ')}`)
      if (!state.versions.some((entry) => entry.version === winner && entry.isActive))
        refuse('winner', `names version ${winner}, which is not active`)
      await this.#checkContracts(session, rollout, [winner], conclusion.force)
      const moves = [{ label: rollout.label, from: state.labels.get(rollout.label) ?? null, to: winner }]
      await moveLabels(session, this.#labels(rollout), moves)
      const concluded = await updateRollout(session.transaction, this.#recorder.schema, id, change)
      return { concluded, moves }
    })
  }

  async find(id: string): Promise<Rollout | undefined> {
    checkText('id', id)
    return this.#recorder.read((db) => findRollout(db, this.#recorder.schema, id))
  }

  /** Newest first. */
  async list(query: RolloutListQuery = {}): Promise<Page<Rollout>> {
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
    meta: WriteMeta,
    work: (
      session: WriteSession,
      rollout: Rollout,
      state: EntityState,
    ) => Promise<Rollout | { readonly concluded: Rollout; readonly moves: Parameters<typeof moveLabels>[2] }>,
  ): Promise<Written<Rollout>> {
    checkText('id', id)
    checkMeta(meta)
    const known = await this.find(id)
    if (!known) throw new NotFoundError(`There is no rollout ${id}.`)
    await this.#permit(step, known, known.label, meta)
    const { value, facts } = await this.#recorder.record(meta, async (session) => {
      const before = await findRollout(session.transaction, this.#recorder.schema, id)
      if (!before || before.status === 'concluded') throw new NotFoundError(`Rollout ${id} is concluded: start a new one.`)
      const state = await this.#state(session, before)
      const result = await work(session, before, state)
      const { concluded: after, moves } = 'concluded' in result ? result : { concluded: result, moves: [] }
      if (after !== before) logRollout(session, step, before, after, meta, moves)
      return after
    })
    return Object.freeze({ ...value, ...facts })
  }

  async #checkArms(
    session: WriteSession,
    target: RolloutTarget,
    state: EntityState,
    arms: Rollout['arms'],
    force: boolean | undefined,
  ): Promise<void> {
    for (const [place, { version }] of arms.entries()) {
      const entry = state.versions.find((candidate) => candidate.version === version)
      if (!entry?.isActive) {
        refuse(
          `arms[${place}].version`,
          `names version ${version} of ${target.kind} "${target.name}", which ${entry ? 'was deactivated' : 'does not exist'}`,
        )
      }
    }
    await this.#checkContracts(
      session,
      target,
      arms.map((arm) => arm.version),
      force,
    )
  }

  async #checkContracts(
    session: WriteSession,
    target: RolloutTarget,
    versions: readonly number[],
    force: boolean | undefined,
  ): Promise<void> {
    const { contracts } = this.#recorder
    if (force || !contracts.has(target.kind, target.name)) return
    for (const version of versions) {
      const row = await readRow(session.transaction, this.#versions(target), version)
      if (row && target.kind === 'prompt') contracts.check(PROMPT_KIND.decode(row))
      if (row && target.kind === 'model') contracts.checkModel(MODEL_KIND.decode(row))
    }
  }

  #permit(step: RolloutStepName, target: RolloutTarget, label: string, meta: WriteMeta): Promise<void> {
    const { kind, project, name } = target
    return this.#recorder.policy.permit({ action: `rollout_${step}`, kind, project, name, actor: meta.changedBy }, [label])
  }

  #state(session: WriteSession, target: RolloutTarget): Promise<EntityState> {
    return readEntityState(session, this.#versions(target), this.#labels(target), 'highest')
  }

  #versions({ kind, project, name }: RolloutTarget) {
    return { schema: this.#recorder.schema, table: KINDS[kind].versions, nameColumn: 'name' as const, project, name }
  }

  #labels({ kind, project, name }: RolloutTarget) {
    return { schema: this.#recorder.schema, table: KINDS[kind].labels, kind, project, name }
  }

  #target({ kind, name, project }: RolloutStart): RolloutTarget {
    if (!Object.hasOwn(KINDS, kind)) throw new InvalidArgumentError('kind', `must be one of ${Object.keys(KINDS).join(', ')}`)
    return { kind, name: checkText('name', name, KINDS[kind].maxNameLength), project: checkProject(project ?? this.#project) }
  }
}

/** Part of what every bucket is computed from: short, because it is hashed at each read. */
const ID_BYTES = 6

function refuse(field: string, expectation: string): never {
  throw new InvalidArgumentError(field, expectation)
}

/** Subjects and conditions hold free text, which has to be storable. */
function checkedTexts(start: RolloutStart): RolloutStart {
  for (const field of ['forced', 'when'] as const) if (start[field] !== undefined) checkJson(field, start[field])
  return start
}
