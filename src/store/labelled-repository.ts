import type { PendingChange } from '../entities/config-change.js'
import { AlreadyExistsError, ForbiddenError, InUseError, NotFoundError, VersionConflictError } from '../shared/errors.js'
import { checkLabel, checkLabels, checkVersion } from './arguments.js'
import { disturbedRollouts, pauseDisturbed, refuseDisturbance } from './disturbed-rollouts.js'
import { type EntityState, readEntityState } from './entity-state.js'
import type { Row, VersionContent } from './labelled-kind.js'
import { LabelledReader } from './labelled-reader.js'
import { type LabelMap, type LabelMove, labelsAfter, labelsData, moveLabels, readLabelHistory, readLabels } from './labels.js'
import type { Activation, Deactivation, LabelRemoval, Promotion, Rollback, Target } from './requests.js'
import { selectOpenRollouts } from './rollout-rows.js'
import { highest, insertRow, readRow, setActive, type VersionState } from './version-rows.js'
import type { WriteSession } from './write-session.js'
import type { WriteFacts, WriteMeta, Written } from './written.js'

/** A new version, checked and as columns. */
export interface Draft {
  readonly columns: Readonly<Record<string, unknown>>
}

const DEFAULT_LABEL = 'production'
const DEFAULT_LABELS: readonly string[] = ['staging']

/** What the three labelled kinds do alike. */
export abstract class LabelledRepository<Content extends VersionContent, Entity> extends LabelledReader<Content, Entity> {
  /**
   * Gives a label to one version and takes it from every other version of that name.
   *
   * @returns the version that now carries the label
   * @throws {NotFoundError} when that version does not exist or was deactivated
   * @throws {VersionConflictError} when the label is not on `expectedVersion`
   * @throws {InUseError} when a rollout runs on the label, unless `force`, which pauses it
   * @throws {TemplateVariableError} when a prompt needs a variable that the code of this process does not give, unless `force`
   * @throws {ForbiddenError} when the label is protected and `authorize` does not say yes
   * @see docs/decisions/0003-labels-are-pointers.md
   */
  async promote(promotion: Promotion): Promise<Written<Entity>> {
    const target = this.target(promotion)
    const version = checkVersion('version', promotion.version)
    const label = checkLabel('label', promotion.label ?? DEFAULT_LABEL)
    if (promotion.expectedVersion !== undefined) checkVersion('expectedVersion', promotion.expectedVersion)
    return this.#moveLabel('promote', target, label, promotion, version, async (_session, { labels, row }) => {
      const actual = labels.get(label)
      if (promotion.expectedVersion !== undefined && actual !== promotion.expectedVersion) {
        throw new VersionConflictError({ name: target.name, label, expected: promotion.expectedVersion, actual })
      }
      if (row && !promotion.force) this.checkContract(this.kind.decode(row))
      return version
    })
  }

  /**
   * Undoes the last change of a label; doing it twice restores it. Where the label was before comes from the changelog, and deactivated
   * versions are skipped. A rollout that runs on the label is paused, so that nobody keeps a bad arm.
   *
   * @throws {NotFoundError} when the label was on no other active version before
   */
  async rollback(rollback: Rollback): Promise<Written<Entity>> {
    const target = this.target(rollback)
    const label = checkLabel('label', rollback.label ?? DEFAULT_LABEL)
    return this.#moveLabel('rollback', target, label, rollback, 'highest', async (session, { labels, versions }) => {
      const active = new Set(versions.filter((entry) => entry.isActive).map((entry) => entry.version))
      const before = await readLabelHistory(session, this.labels(target), label)
      const version = before.find((candidate) => candidate !== labels.get(label) && active.has(candidate))
      if (version === undefined) {
        throw new NotFoundError(
          `Label "${label}" of ${this.nounOf(target)} was on no other active version before: there is nothing to go back to.`,
        )
      }
      return version
    })
  }

  /**
   * @throws {NotFoundError} when no version carries the label
   * @throws {InUseError} when a rollout runs on the label, unless `force`, which pauses it
   * @throws {ForbiddenError} when the label is protected and `authorize` does not say yes
   */
  async removeLabel(removal: LabelRemoval): Promise<WriteFacts> {
    const target = this.target(removal)
    const label = checkLabel('label', removal.label)
    await this.#permit('remove_label', target, [label], removal)
    const { facts } = await this.recorder.record(removal, async (session) => {
      const { labels, rollouts } = await this.#state(session, target)
      const disturbed = disturbedRollouts(rollouts, { labels: [label] })
      const from = labels.get(label)
      if (from === undefined) throw new NotFoundError(`${this.nounOf(target, true)} has no label "${label}".`)
      refuseDisturbance(disturbed, removal.force)
      const moves = [{ label, from, to: null }]
      await moveLabels(session, this.labels(target), moves)
      await pauseDisturbed(session, this.recorder.schema, disturbed, 'remove_label', removal)
      this.#log(session, removal, target, {
        changeType: 'remove_label',
        previousVersion: from,
        newVersion: null,
        changeSummary: `Removed ${label} from v${from}`,
        previousData: labelsData(moves, 'from'),
        newData: { ...labelsData(moves, 'to'), ...(removal.force && { force: true }) },
      })
    })
    return Object.freeze({ ...facts })
  }

  /**
   * Takes one version, or all of a name, out of use. Nothing is deleted: `activate` is the way back.
   *
   * @throws {NotFoundError} when there is no such active version
   * @throws {InUseError} when the given version carries a label, or a rollout runs on what is taken; unless `force`, which removes the
   *   labels and pauses the rollout
   * @throws {ForbiddenError} when a version carries a protected label and `authorize` does not say yes
   */
  async deactivate(deactivation: Deactivation): Promise<Written<{ readonly deactivated: number }>> {
    const target = this.target(deactivation)
    const only = deactivation.version === undefined ? undefined : checkVersion('version', deactivation.version)
    const permitted = await this.#permitDeactivation(target, only, deactivation)
    const { value, facts } = await this.recorder.record(deactivation, async (session) => {
      const { labels, versions, rollouts } = await this.#state(session, target)
      const chosen = versions.filter((entry) => entry.isActive && (only === undefined || entry.version === only))
      if (chosen.length === 0)
        throw new NotFoundError(`There is no active ${only === undefined ? 'version' : `version ${only}`} of ${this.nounOf(target)}.`)
      const moves = deactivation.force || only !== undefined ? movesAway(labels, chosen) : []
      if (moves.length > 0 && !deactivation.force) {
        throw new InUseError(
          `Version ${only} of ${this.nounOf(target)} carries the label ${moves.map((move) => `"${move.label}"`).join(', ')}. ` +
            'Promote another version first, or pass force: true to remove its labels.',
        )
      }
      const carried = movesAway(labels, chosen).map((move) => move.label)
      const disturbed = disturbedRollouts(rollouts, { labels: carried, versions: chosen.map((entry) => entry.version) })
      this.#refuseUnseen(target, [...carried, ...disturbed.map((rollout) => rollout.label)], permitted, deactivation)
      refuseDisturbance(disturbed, deactivation.force)
      await moveLabels(session, this.labels(target), moves)
      await pauseDisturbed(session, this.recorder.schema, disturbed, 'deactivate', deactivation)
      await setActive(
        session.transaction,
        this.versions(target),
        chosen.map((entry) => entry.version),
        false,
      )
      for (const { version, id } of chosen) {
        const ofVersion = moves.filter((move) => move.from === version)
        this.#log(session, deactivation, target, {
          changeType: 'deactivate',
          configId: id,
          previousVersion: version,
          newVersion: version,
          changeSummary: `Deactivated v${version}`,
          previousData: { isActive: true, ...labelsData(ofVersion, 'from') },
          newData: { isActive: false, ...labelsData(ofVersion, 'to'), ...(deactivation.force && { force: true }) },
        })
      }
      return chosen.length
    })
    return Object.freeze({ deactivated: value, ...facts })
  }

  /** @throws {NotFoundError} when the version does not exist */
  async activate(activation: Activation): Promise<Written<Entity>> {
    const target = this.target(activation)
    const version = checkVersion('version', activation.version)
    const { value, facts } = await this.recorder.record(activation, async (session) => {
      const { labels, versions, row } = await this.#state(session, target, version)
      const entry = versions.find((candidate) => candidate.version === version)
      if (!entry || !row) throw this.missing(target, version)
      if (!entry.isActive) {
        await setActive(session.transaction, this.versions(target), [version], true)
        this.#log(session, activation, target, {
          changeType: 'activate',
          configId: entry.id,
          previousVersion: version,
          newVersion: version,
          changeSummary: `Activated v${version}`,
          previousData: { isActive: false },
          newData: { isActive: true },
        })
      }
      return this.#answer(this.kind.decode(row), labelsAfter(labels, [], version))
    })
    return value(facts)
  }

  /**
   * Writes the next version of a name.
   *
   * @param draft makes the columns, given the highest version there is to inherit from
   */
  protected async writeVersion(
    mode: 'create' | 'version',
    request: Target & WriteMeta & { readonly labels?: readonly string[] },
    draft: (inherited: Content | undefined) => Draft,
  ): Promise<Written<Entity>> {
    const target = this.target(request)
    const labels = checkLabels(request.labels ?? DEFAULT_LABELS)
    // Checked before any connection is used; what a new version inherits was checked when it was written.
    if (mode === 'create') draft(undefined)
    await this.#permit(mode, target, labels, request)
    const { value, facts } = await this.recorder.record(request, async (session) => {
      const state = await this.#state(session, target)
      if (mode === 'create' && state.versions.some((entry) => entry.isActive)) {
        throw new AlreadyExistsError(`${this.nounOf(target, true)} exists already. Use createVersion() to add a version to it.`)
      }
      const previous = highest(state.versions)
      const { columns } = draft(mode === 'version' && state.row ? this.kind.decode(state.row) : undefined)
      const version = previous + 1
      const row = await insertRow(session.transaction, this.versions(target), version, columns, session.authorOf(request))
      const content = this.kind.decode(row)
      if (request.labels !== undefined && labels.length > 0) this.checkContract(content)
      refuseDisturbance(disturbedRollouts(state.rollouts, { labels }), 'never')
      const moves = labels.map((label) => ({ label, from: state.labels.get(label) ?? null, to: version }))
      await moveLabels(session, this.labels(target), moves)
      const isFirst = mode === 'create' || previous === 0
      this.#log(session, request, target, {
        changeType: isFirst ? 'create' : 'version',
        configId: content.id,
        previousVersion: previous === 0 ? null : previous,
        newVersion: version,
        changeSummary: previous === 0 ? 'Initial creation' : `New version ${version}`,
        previousData: moves.length > 0 ? labelsData(moves, 'from') : null,
        newData: { ...this.kind.describe(content), ...labelsData(moves, 'to') },
      })
      return this.#answer(content, labelsAfter(state.labels, moves, version))
    })
    return value(facts)
  }

  async #moveLabel(
    changeType: 'promote' | 'rollback',
    target: Required<Target>,
    label: string,
    options: WriteMeta & { readonly force?: boolean },
    wanted: number | 'highest',
    choose: (session: WriteSession, state: EntityState) => Promise<number>,
  ): Promise<Written<Entity>> {
    await this.#permit(changeType, target, [label], options)
    const { value, facts } = await this.recorder.record(options, async (session) => {
      const state = await this.#state(session, target, wanted)
      const version = await choose(session, state)
      const entry = state.versions.find((candidate) => candidate.version === version)
      if (!entry?.isActive) throw this.missing(target, version, entry !== undefined)
      const row = state.row?.version === version ? state.row : await readRow(session.transaction, this.versions(target), version)
      const from = state.labels.get(label) ?? null
      const moves: LabelMove[] = [{ label, from, to: version }]
      const disturbed = disturbedRollouts(state.rollouts, { labels: [label] })
      refuseDisturbance(disturbed, changeType === 'rollback' || options.force)
      await moveLabels(session, this.labels(target), moves)
      await pauseDisturbed(session, this.recorder.schema, disturbed, changeType, options)
      this.#log(session, options, target, {
        changeType,
        configId: entry.id,
        previousVersion: from,
        newVersion: version,
        changeSummary: changeType === 'promote' ? `Promoted v${version} to ${label}` : `Rolled ${label} back to v${version}`,
        previousData: labelsData(moves, 'from'),
        newData: { ...labelsData(moves, 'to'), ...(options.force && { force: true }) },
      })
      return this.#answer(this.kind.decode(row as Row), labelsAfter(state.labels, moves, version))
    })
    return value(facts)
  }

  /** Asks `authorize` about protected ones among labels. */
  protected async permit(action: string, request: Target & WriteMeta, labels: readonly string[]): Promise<void> {
    await this.#permit(action, this.target(request), checkLabels(labels), request)
  }

  /** What the code of this process requires of a version before a label is pointed at it. */
  protected checkContract(_content: Content): void {}

  async #permit(action: string, { project, name }: Required<Target>, labels: readonly string[], meta: WriteMeta): Promise<void> {
    await this.recorder.policy.permit({ action, kind: this.kind.kind, project, name, actor: meta.changedBy }, labels)
  }

  /** Which labels a deactivation takes, and which it stops a rollout on, only the database knows, and `authorize` is asked before the transaction: they are read first. */
  async #permitDeactivation(target: Required<Target>, only: number | undefined, meta: WriteMeta): Promise<readonly string[]> {
    if (!this.recorder.policy.protectsAny) return []
    const { kind } = this.kind
    const [labels, rollouts] = await this.recorder.read((db) =>
      Promise.all([readLabels(db, this.labels(target)), selectOpenRollouts(db, this.recorder.schema, { ...target, kind })]),
    )
    const carried = [...labels].filter(([, version]) => only === undefined || version === only).map(([label]) => label)
    const versions = only === undefined ? rollouts.flatMap(({ arms }) => arms.map((arm) => arm.version)) : [only]
    const paused = disturbedRollouts(rollouts, { labels: carried, versions }).map((rollout) => rollout.label)
    const taken = [...new Set([...carried, ...paused])]
    await this.#permit('deactivate', target, taken, meta)
    return taken
  }

  /** A protected label that moved here since `authorize` was asked. */
  #refuseUnseen(target: Required<Target>, carried: readonly string[], permitted: readonly string[], meta: WriteMeta): void {
    const unseen = carried.find((label) => this.recorder.policy.protects(label) && !permitted.includes(label))
    if (unseen === undefined) return
    throw new ForbiddenError(
      `Protected label "${unseen}" of ${this.nounOf(target)} moved while ${meta.changedBy ?? 'this write'} was being authorized. Try again.`,
    )
  }

  #state(session: WriteSession, target: Required<Target>, wanted: number | 'highest' = 'highest'): Promise<EntityState> {
    return readEntityState(session, this.versions(target), this.labels(target), wanted)
  }

  /** The answer lacks only what is known after the commit. */
  #answer(content: Content, labels: readonly string[]) {
    const selection = Object.freeze({ label: labels[0] ?? 'latest', version: content.version, reason: 'version' as const })
    return (facts: WriteFacts): Written<Entity> =>
      this.kind.view(content, { isActive: true, labels, selection, source: 'database', stale: false, ...facts }) as Written<Entity>
  }

  #log(
    session: WriteSession,
    meta: WriteMeta,
    target: Required<Target>,
    change: Omit<PendingChange, 'configType' | 'configName' | 'project' | 'configId'> & { readonly configId?: number },
  ): void {
    session.log({ configId: null, ...change, configType: this.kind.kind, configName: target.name, project: target.project }, meta)
  }
}

function movesAway(labels: LabelMap, versions: readonly VersionState[]): LabelMove[] {
  const leaving = new Set(versions.map((entry) => entry.version))
  return [...labels].filter(([, version]) => leaving.has(version)).map(([label, from]) => ({ label, from, to: null }))
}
