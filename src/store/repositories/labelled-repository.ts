import type { JsonObject } from '../../entities/json.js'
import type { WriteFacts, WriteMeta, Written } from '../../entities/written.js'
import type { VersionDraft } from '../../kinds/kind.js'
import type { Row, VersionContent } from '../../kinds/row.js'
import { checkLabel, checkLabels, checkVersion } from '../../shared/arguments.js'
import { AlreadyExistsError, ForbiddenError, InUseError, NotFoundError, VersionConflictError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import { type LabelMap, type LabelMove, labelsAfter, readLabels } from '../read/labels.js'
import { selectOpenRollouts } from '../read/rollout-rows.js'
import { disturbedRollouts, pauseSteps, refuseDisturbance } from '../rollouts/disturbed-rollouts.js'
import { type EntityState, versionIn } from '../write/entity-state.js'
import type { Recorded } from '../write/recorder.js'
import {
  type Activation,
  type Copy,
  type Deactivation,
  type LabelRemoval,
  META_KEYS,
  type Promotion,
  REQUEST_KEYS,
  type Rollback,
  type Target,
} from '../write/requests.js'
import type { EntityQuery, StepFacts, Write } from '../write/write.js'
import { LabelledReader } from './labelled-reader.js'

/** An answer that lacks only what is known after the commit. */
export type Answer<Entity> = (facts: WriteFacts) => Written<Entity>

const DEFAULT_LABELS: readonly string[] = ['staging']

/** The writes that all kinds with labels have in common. */
export class LabelledRepository<Content extends VersionContent, Entity, Draft extends VersionDraft> extends LabelledReader<
  Content,
  Entity,
  Draft
> {
  /**
   * Writes version 1 of a new name, or the next version of one whose versions are all deactivated.
   *
   * @throws {AlreadyExistsError} when the name has an active version; `createVersion` adds to it
   * @throws {InvalidArgumentError} when the draft is not acceptable; it names the field
   * @throws {TemplateSyntaxError} when a prompt's template does not parse, with line, column and what to write instead
   * @throws {ForbiddenError} when `authorize` does not allow it, or a label is protected and there is no `authorize`
   */
  async create(draft: Draft): Promise<Written<Entity>> {
    return this.#writeVersion('create', draft)
  }

  /**
   * Writes the next version of a name, or version 1 if there is none. What the draft leaves out is taken from the highest version.
   *
   * @throws {InvalidArgumentError} when the draft is not acceptable; it names the field
   * @throws {TemplateSyntaxError} when a prompt's template does not parse, with line, column and what to write instead
   * @throws {ForbiddenError} when `authorize` does not allow it, or a label is protected and there is no `authorize`
   */
  async createVersion(draft: Draft): Promise<Written<Entity>> {
    return this.#writeVersion('version', draft)
  }

  /**
   * Gives a label to one version and takes it from every other version of that name.
   *
   * @returns the version that now carries the label
   * @throws {NotFoundError} when that version does not exist or was deactivated
   * @throws {VersionConflictError} when the label is not on `expectedVersion`
   * @throws {InUseError} when a rollout runs on the label, unless `force`, which pauses it
   * @throws {TemplateVariableError} when a prompt needs a variable that the code of this process does not give, unless `force`
   * @throws {ForbiddenError} when `authorize` does not allow it, or the label is protected and there is no `authorize`
   * @see docs/decisions/0003-labels-are-pointers.md
   */
  async promote(promotion: Promotion): Promise<Written<Entity>> {
    checkKeys(promotion, REQUEST_KEYS.promote)
    const target = this.target(promotion)
    const version = checkVersion('version', promotion.version)
    const label = checkLabel('label', promotion.label ?? this.label)
    if (promotion.expectedVersion !== undefined) checkVersion('expectedVersion', promotion.expectedVersion)
    const ask = { versions: [version], rows: [version] }
    return this.#moveLabel('promote', target, label, promotion, ask, ({ labels, rows }) => {
      const actual = labels.get(label)
      if (promotion.expectedVersion !== undefined && actual !== promotion.expectedVersion) {
        throw new VersionConflictError({ name: target.name, label, expected: promotion.expectedVersion, actual })
      }
      const row = rows.get(version)
      if (row && !promotion.force) this.#checkContract(this.kind.decode(row))
      return version
    })
  }

  /**
   * Undoes the last change of a label; doing it twice restores it. Where the label was before comes from the changelog, and deactivated
   * versions are skipped. A rollout that runs on the label is paused, so that no subject keeps a bad arm.
   *
   * @throws {NotFoundError} when the label was on no other active version before
   * @throws {ForbiddenError} when `authorize` does not allow it, or the label is protected and there is no `authorize`
   */
  async rollback(rollback: Rollback): Promise<Written<Entity>> {
    checkKeys(rollback, REQUEST_KEYS.rollback)
    const target = this.target(rollback)
    const label = checkLabel('label', rollback.label ?? this.label)
    return this.#moveLabel('rollback', target, label, rollback, { before: label }, ({ before }) => {
      if (before === undefined) {
        throw new NotFoundError(
          `Label "${label}" of ${this.nounOf(target)} was on no other active version before: there is nothing to go back to.`,
        )
      }
      return before
    })
  }

  /**
   * @throws {NotFoundError} when no version carries the label
   * @throws {InUseError} when a rollout runs on the label, unless `force`, which pauses it
   * @throws {ForbiddenError} when `authorize` does not allow it, or the label is protected and there is no `authorize`
   */
  async removeLabel(removal: LabelRemoval): Promise<WriteFacts> {
    checkKeys(removal, REQUEST_KEYS.removeLabel)
    const target = this.target(removal)
    const label = checkLabel('label', removal.label)
    await this.#permit('remove_label', target, [label], removal)
    const { facts } = await this.#record(removal, target, {}, ({ labels, rollouts }) => {
      const from = labels.get(label)
      if (from === undefined) throw new NotFoundError(`${this.nounOf(target, true)} has no label "${label}".`)
      const disturbed = disturbedRollouts(rollouts, { labels: [label] })
      refuseDisturbance(disturbed, removal.force)
      const said = factsOf('remove_label', removal, `Removed ${label} from v${from}`)
      return {
        steps: [...pauseSteps(disturbed, 'remove_label', removal), { do: 'label', ...this.#entity(target), label, version: null, ...said }],
        answer: () => {},
      }
    })
    return Object.freeze({ ...facts })
  }

  /**
   * Takes one version, or all of a name, out of use. Nothing is deleted: `activate` is the way back.
   *
   * @throws {NotFoundError} when there is no such active version
   * @throws {InUseError} when the given version carries a label, or a rollout runs on what is taken; unless `force`, which removes the
   *   labels and pauses the rollout
   * @throws {ForbiddenError} when `authorize` does not allow it, or a version carries a protected label and there is no `authorize`
   */
  async deactivate(deactivation: Deactivation): Promise<Written<{ readonly deactivated: number }>> {
    checkKeys(deactivation, REQUEST_KEYS.deactivate)
    const target = this.target(deactivation)
    const only = deactivation.version === undefined ? undefined : checkVersion('version', deactivation.version)
    const permitted = await this.#permitSwitch('deactivate', target, only, deactivation)
    const ask = only === undefined ? { active: true as const } : { versions: [only] }
    const { value, facts } = await this.#record(deactivation, target, ask, ({ labels, versions, rollouts }) => {
      const chosen = versions
        .filter((entry) => entry.isActive && (only === undefined || entry.version === only))
        .map(({ version }) => version)
      if (chosen.length === 0)
        throw new NotFoundError(`There is no active ${only === undefined ? 'version' : `version ${only}`} of ${this.nounOf(target)}.`)
      const carried = labelsOn(labels, chosen)
      if (only !== undefined && carried.length > 0 && !deactivation.force) {
        throw new InUseError(
          `Version ${only} of ${this.nounOf(target)} carries the label ${carried.map((label) => `"${label}"`).join(', ')}. ` +
            'Promote another version first, or pass force: true to remove its labels.',
        )
      }
      const disturbed = disturbedRollouts(rollouts, { labels: carried, versions: chosen })
      this.#refuseUnseen(target, [...carried, ...disturbed.map((rollout) => rollout.label)], permitted, deactivation)
      refuseDisturbance(disturbed, deactivation.force)
      const taken = deactivation.force ? carried : []
      return {
        steps: [
          ...pauseSteps(disturbed, 'deactivate', deactivation),
          {
            do: 'active',
            ...this.#entity(target),
            versions: chosen,
            active: false,
            labels: taken,
            ...factsOf('deactivate', deactivation),
          },
        ],
        answer: () => chosen.length,
      }
    })
    return Object.freeze({ deactivated: value, ...facts })
  }

  /**
   * Takes a deactivated version back into use. Readers of labels that still point at it get it again; deactivating a whole name leaves its
   * labels in place.
   *
   * @throws {NotFoundError} when the version does not exist
   * @throws {ForbiddenError} when `authorize` does not allow it, or the version carries a protected label and there is no `authorize`
   */
  async activate(activation: Activation): Promise<Written<Entity>> {
    checkKeys(activation, REQUEST_KEYS.activate)
    const target = this.target(activation)
    const version = checkVersion('version', activation.version)
    const permitted = await this.#permitSwitch('activate', target, version, activation)
    const ask = { versions: [version], rows: [version] }
    const { value, facts } = await this.#record<Answer<Entity>>(activation, target, ask, (state) => {
      const row = state.rows.get(version)
      if (!row) throw this.missing(target, version)
      const answer = () => this.#answer(this.kind.decode(row), labelsAfter(state.labels, [], version))
      if (versionIn(state, version)?.isActive) return { steps: [], answer }
      this.#refuseUnseen(target, labelsOn(state.labels, [version]), permitted, activation)
      return {
        steps: [{ do: 'active', ...this.#entity(target), versions: [version], active: true, ...factsOf('activate', activation) }],
        answer,
      }
    })
    return value(facts)
  }

  /**
   * Writes the content of a version as the next version of another name, of another project, or of its own name.
   *
   * @returns the copy
   * @throws {NotFoundError} when the version does not exist, or no version is active
   * @throws {TemplateVariableError} when labels are given and a prompt needs a variable that the code of this process does not give
   * @throws {ForbiddenError} when `authorize` does not allow it, or a label is protected and there is no `authorize`
   */
  async copy(copy: Copy): Promise<Written<Entity>> {
    checkKeys(copy, REQUEST_KEYS.copy)
    checkKeys(copy.to ?? {}, REQUEST_KEYS.history, 'to')
    const source = this.target(copy)
    const labels = copy.labels === undefined ? undefined : checkLabels(copy.labels)
    const destination: VersionDraft = { ...metaOf(copy), ...source, ...definedOf(copy.to ?? {}), ...(labels && { labels }) }
    const version = copy.version === undefined ? await this.#latestOf(source) : checkVersion('version', copy.version)
    await this.permit('version', destination, labels ?? DEFAULT_LABELS)
    const summary = `Copied from v${version} of ${this.nounOf(source)}`
    const { value, facts } = await this.recorder.record<Answer<Entity>>(copy, {
      asks: [{ ...this.#entity(source), rows: [version] }, this.#asked(this.target(destination))],
      decide: ([from, to]) => {
        const row = from?.rows.get(version)
        if (!row) throw this.missing(source, version)
        const columns = contentColumns(row)
        return this.#versionWrite('version', { summary, ...destination }, () => columns).decide([to as EntityState])
      },
    })
    return value(facts)
  }

  async #writeVersion(mode: 'create' | 'version', given: Draft): Promise<Written<Entity>> {
    checkKeys(given, draftKeys(this.kind.fields))
    // Checks before any connection is used. What a new version inherits was checked when it was written.
    const draft = await this.kind.check(given, mode)
    await this.permit(mode, draft, checkLabels(draft.labels ?? DEFAULT_LABELS))
    const { value, facts } = await this.recorder.record(draft, this.creation(draft, mode))
    return value(facts)
  }

  /** The write of a new version, as a value. */
  protected creation(draft: Draft, mode: 'create' | 'version' = 'create'): Write<Answer<Entity>> {
    return this.#versionWrite(mode, draft, (inherited) => this.kind.columnsOf(draft, inherited))
  }

  /** @param columnsOf makes the columns, given the highest version there is to inherit from */
  #versionWrite(
    mode: 'create' | 'version',
    request: VersionDraft,
    columnsOf: (inherited: Content | undefined) => JsonObject,
  ): Write<Answer<Entity>> {
    const target = this.target(request)
    const labels = checkLabels(request.labels ?? DEFAULT_LABELS)
    const decide = ([state]: readonly EntityState[]) => {
      const { highest, isActive, rows, rollouts, labels: before } = state as EntityState
      if (mode === 'create' && isActive) {
        throw new AlreadyExistsError(`${this.nounOf(target, true)} exists already. Use createVersion() to add a version to it.`)
      }
      const row = rows.get(highest)
      const previous = row && this.kind.decode(row)
      const columns = columnsOf(mode === 'version' ? previous : undefined)
      const version = highest + 1
      this.#checkFollows(this.#drafted(target, version, columns), rows)
      if (request.labels !== undefined && labels.length > 0) this.#checkContract(this.#drafted(target, version, columns))
      refuseDisturbance(disturbedRollouts(rollouts, { labels }), 'never')
      const change = mode === 'create' || highest === 0 ? 'create' : 'version'
      const said = factsOf(change, request, highest === 0 ? 'Initial creation' : `New version ${version}`)
      const moves = labels.map((label): LabelMove => ({ label, from: before.get(label) ?? null, to: version }))
      return {
        steps: [{ do: 'version' as const, ...this.#entity(target), columns, labels, ...said }],
        answer: ([row]: readonly Row[]) => this.#answer(this.kind.decode(row as Row), labelsAfter(before, moves, version)),
      }
    }
    return { asks: [this.#asked(target)], decide }
  }

  /**
   * What the write of a new version asks about the entity. The highest version may have been purged, so kinds whose rules compare versions
   * ask for others too.
   */
  #asked(target: Required<Target>): EntityQuery {
    return { ...this.#entity(target), highest: true, ...(this.kind.follows && { arms: true as const, rows: [1] }) }
  }

  #checkFollows(content: Content, rows: EntityState['rows']): void {
    this.kind.follows?.(
      content,
      [...rows.values()].map((row) => this.kind.decode(row)),
    )
  }

  /** Asks `authorize`. */
  protected async permit(action: string, request: Target & WriteMeta, labels: readonly string[]): Promise<void> {
    await this.#permit(action, this.target(request), this.recorder.policy.withLatest(checkLabels(labels)), request)
  }

  /** Checks a version against the contract of this process's code before a label is pointed at it. */
  #checkContract(content: Content): void {
    this.recorder.contracts.check(this.kind.kind, content)
  }

  async #moveLabel(
    change: 'promote' | 'rollback',
    target: Required<Target>,
    label: string,
    options: WriteMeta & { readonly force?: boolean },
    ask: Omit<EntityQuery, keyof Target | 'kind'>,
    choose: (state: EntityState) => number,
  ): Promise<Written<Entity>> {
    await this.#permit(change, target, [label], options)
    const { value, facts } = await this.#record<Answer<Entity>>(options, target, ask, (state) => {
      const version = choose(state)
      const entry = versionIn(state, version)
      // The version that a label was on before is active: the query that chose it checked that.
      if (change === 'promote' && !entry?.isActive) throw this.missing(target, version, entry !== undefined)
      const disturbed = disturbedRollouts(state.rollouts, { labels: [label] })
      refuseDisturbance(disturbed, change === 'rollback' || options.force)
      const moves: LabelMove[] = [{ label, from: state.labels.get(label) ?? null, to: version }]
      const summary = change === 'promote' ? `Promoted v${version} to ${label}` : `Rolled ${label} back to v${version}`
      return {
        steps: [
          ...pauseSteps(disturbed, change, options),
          { do: 'label', ...this.#entity(target), label, version, ...factsOf(change, options, summary) },
        ],
        answer: (rows) => this.#answer(this.kind.decode(rows.at(-1) as Row), labelsAfter(state.labels, moves, version)),
      }
    })
    return value(facts)
  }

  async #latestOf(target: Required<Target>): Promise<number> {
    const latest = (await this.find(target)) as { readonly version: number } | undefined
    if (!latest) throw new NotFoundError(`There is no active version of ${this.nounOf(target)}.`)
    return latest.version
  }

  #record<Value>(
    meta: WriteMeta,
    target: Required<Target>,
    ask: Omit<EntityQuery, keyof Target | 'kind'>,
    decide: (state: EntityState) => ReturnType<Write<Value>['decide']>,
  ): Promise<Recorded<Value>> {
    return this.recorder.record(meta, {
      asks: [{ ...this.#entity(target), ...ask }],
      decide: ([state]) => decide(state as EntityState),
    })
  }

  async #permit(action: string, { project, name }: Required<Target>, labels: readonly string[], meta: WriteMeta): Promise<void> {
    await this.recorder.policy.permit({ action, kind: this.kind.kind, project, name, actor: meta.changedBy }, labels)
  }

  /**
   * The labels of a version, and those on which a rollout would be paused, are in the database, and `authorize` is asked before the
   * transaction: so they are read first.
   */
  async #permitSwitch(
    action: 'activate' | 'deactivate',
    target: Required<Target>,
    only: number | undefined,
    meta: WriteMeta,
  ): Promise<readonly string[]> {
    const { policy } = this.recorder
    if (!policy.asksForLabels) return []
    const { kind } = this.kind
    const [labels, rollouts] = await this.recorder.read((db) =>
      Promise.all([
        readLabels(db, this.recorder.schema, this.kind, target),
        selectOpenRollouts(db, this.recorder.schema, { ...target, kind }),
      ]),
    )
    const carried = [...labels].filter(([, version]) => only === undefined || version === only).map(([label]) => label)
    const versions = only === undefined ? rollouts.flatMap(({ arms }) => arms.map((arm) => arm.version)) : [only]
    const paused = action === 'deactivate' ? disturbedRollouts(rollouts, { labels: carried, versions }).map((rollout) => rollout.label) : []
    const taken = policy.withLatest([...new Set([...carried, ...paused])])
    await this.#permit(action, target, taken, meta)
    return taken
  }

  /** A protected label that was moved to this version after `authorize` was asked. */
  #refuseUnseen(target: Required<Target>, carried: readonly string[], permitted: readonly string[], meta: WriteMeta): void {
    const unseen = carried.find((label) => this.recorder.policy.protects(label) && !permitted.includes(label))
    if (unseen === undefined) return
    throw new ForbiddenError(
      `Protected label "${unseen}" of ${this.nounOf(target)} moved while ${meta.changedBy ?? 'this write'} was being authorized. Try again.`,
    )
  }

  /** A version that is about to be written, for hooks that check its content. */
  #drafted({ project, name }: Required<Target>, version: number, columns: JsonObject): Content {
    return this.kind.decode({ id: 0, project, name, version, created_by: null, created_at: new Date(0), ...columns })
  }

  #entity({ project, name }: Required<Target>) {
    return { kind: this.kind.kind, project, name }
  }

  #answer(content: Content, labels: readonly string[]): Answer<Entity> {
    // Before the commit: a write must not fail after it was committed.
    this.kind.refuseUnreadable?.(content)
    const selection = Object.freeze({ label: labels[0] ?? 'latest', version: content.version, reason: 'version' as const })
    return (facts) =>
      this.kind.view(content, { isActive: true, labels, selection, source: 'database', stale: false, ...facts }) as Written<Entity>
  }
}

/** The author and reason of a request, without its option for receipts. */
export function metaOf({ changedBy, summary }: WriteMeta): WriteMeta {
  return { ...(changedBy !== undefined && { changedBy }), ...(summary !== undefined && { summary }) }
}

/** What the changelog says of a step of this request. */
export function factsOf(change: string, request: WriteMeta & { readonly force?: boolean }, defaultSummary?: string): StepFacts {
  const { summary, changedBy, force } = request
  return { change, summary, defaultSummary, by: changedBy, ...(force && { force }) }
}

function labelsOn(labels: LabelMap, versions: readonly number[]): string[] {
  return [...labels].filter(([, version]) => versions.includes(version)).map(([label]) => label)
}

function draftKeys(fields: object): readonly string[] {
  return ['name', ...Object.keys(fields), 'labels', 'project', ...META_KEYS]
}

const NOT_CONTENT: ReadonlySet<string> = new Set(['id', 'kind', 'project', 'name', 'version', 'is_active', 'created_by', 'created_at'])

/** The columns of a row that are its content. */
function contentColumns(row: Row): JsonObject {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !NOT_CONTENT.has(column))) as JsonObject
}

function definedOf(to: NonNullable<Copy['to']>): Partial<Target> {
  return { ...(to.name !== undefined && { name: to.name }), ...(to.project !== undefined && { project: to.project }) }
}
