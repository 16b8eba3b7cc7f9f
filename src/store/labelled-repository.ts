import { type RawBuilder, sql } from 'kysely'
import type { ConfigChange, PendingChange } from '../entities/config-change.js'
import type { JsonObject } from '../entities/json.js'
import { AlreadyExistsError, ForbiddenError, InUseError, NotFoundError, VersionConflictError } from '../shared/errors.js'
import {
  checkInteger,
  checkLabel,
  checkLabelQuery,
  checkLabels,
  checkMeta,
  checkProject,
  checkText,
  checkVersion,
  DEFAULT_PROJECT,
  LIMITS,
} from './arguments.js'
import { listChanges } from './changelog-repository.js'
import { decodeCursor, type Page, pageOf } from './cursor.js'
import { type ContentDiff, diffContents } from './diff.js'
import { disturbedRollouts, pauseDisturbed, refuseDisturbance } from './disturbed-rollouts.js'
import { type EntityState, readEntityState } from './entity-state.js'
import type { KindDefinition, Row, VersionContent } from './labelled-kind.js'
import {
  type LabelMap,
  type LabelMove,
  type LabelsOf,
  labelsAfter,
  labelsData,
  moveLabels,
  readLabelHistory,
  readLabels,
} from './labels.js'
import type { Recorder } from './recorder.js'
import { selectOpenRollouts } from './rollout-rows.js'
import { highest, insertRow, readRow, readVersions, setActive, type VersionState, type VersionsOf } from './version-rows.js'
import type { WriteSession } from './write-session.js'
import type { WriteFacts, WriteMeta, Written } from './written.js'

interface Target {
  readonly name: string
  /** @default the manager's project, 'default' */
  readonly project?: string
}

export interface Promotion extends Target, WriteMeta {
  readonly version: number
  /** @default 'production' */
  readonly label?: string
  /** The version the label has to be on now; else nothing is written. */
  readonly expectedVersion?: number
  /** Moves the label although something needs it where it is. */
  readonly force?: boolean
}

export interface Rollback extends Target, WriteMeta {
  /** @default 'production' */
  readonly label?: string
}

export interface LabelRemoval extends Target, WriteMeta {
  readonly label: string
  readonly force?: boolean
}

export interface Deactivation extends Target, WriteMeta {
  /** Absent: every version of that name. */
  readonly version?: number
  /** Also when the version carries labels, which are then removed. */
  readonly force?: boolean
}

export interface Activation extends Target, WriteMeta {
  readonly version: number
}

export interface FindQuery extends Target {
  /** @default 'latest' */
  readonly label?: string
  /** Wins over `label`. */
  readonly version?: number
}

export interface ListQuery {
  readonly project?: string
  /** @default true */
  readonly activeOnly?: boolean
  /** Only versions that carry this label. */
  readonly label?: string
  /** Part of the name, in any case. */
  readonly search?: string
  /** 1 to 1,000. @default 50 */
  readonly limit?: number
  readonly cursor?: string
}

export interface DiffQuery extends Target {
  readonly from: number
  readonly to: number
}

/** A new version, checked and as columns. */
export interface Draft {
  readonly columns: Readonly<Record<string, unknown>>
}

const DEFAULT_LABEL = 'production'
const DEFAULT_LABELS: readonly string[] = ['staging']

/** What the three labelled kinds do alike. */
export abstract class LabelledRepository<Content extends VersionContent, Entity> {
  readonly #recorder: Recorder
  readonly #kind: KindDefinition<Content, Entity>
  /** The project of calls that name none. */
  protected readonly project: string

  constructor(recorder: Recorder, kind: KindDefinition<Content, Entity>, project: string = DEFAULT_PROJECT) {
    this.#recorder = recorder
    this.#kind = kind
    this.project = project
  }

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
    const target = this.#target(promotion)
    const version = checkVersion('version', promotion.version)
    const label = checkLabel('label', promotion.label ?? DEFAULT_LABEL)
    if (promotion.expectedVersion !== undefined) checkVersion('expectedVersion', promotion.expectedVersion)
    return this.#moveLabel('promote', target, label, promotion, version, async (_session, { labels, row }) => {
      const actual = labels.get(label)
      if (promotion.expectedVersion !== undefined && actual !== promotion.expectedVersion) {
        throw new VersionConflictError({ name: target.name, label, expected: promotion.expectedVersion, actual })
      }
      if (row && !promotion.force) this.checkContract(this.#kind.decode(row))
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
    const target = this.#target(rollback)
    const label = checkLabel('label', rollback.label ?? DEFAULT_LABEL)
    return this.#moveLabel('rollback', target, label, rollback, 'highest', async (session, { labels, versions }) => {
      const active = new Set(versions.filter((entry) => entry.isActive).map((entry) => entry.version))
      const before = await readLabelHistory(session, this.#labels(target), label)
      const version = before.find((candidate) => candidate !== labels.get(label) && active.has(candidate))
      if (version === undefined) {
        throw new NotFoundError(
          `Label "${label}" of ${this.#nounOf(target)} was on no other active version before: there is nothing to go back to.`,
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
    const target = this.#target(removal)
    const label = checkLabel('label', removal.label)
    await this.#permit('remove_label', target, [label], removal)
    const { facts } = await this.#recorder.record(removal, async (session) => {
      const { labels, rollouts } = await this.#state(session, target)
      const disturbed = disturbedRollouts(rollouts, { labels: [label] })
      const from = labels.get(label)
      if (from === undefined) throw new NotFoundError(`${this.#nounOf(target, true)} has no label "${label}".`)
      refuseDisturbance(disturbed, removal.force)
      const moves = [{ label, from, to: null }]
      await moveLabels(session, this.#labels(target), moves)
      await pauseDisturbed(session, this.#recorder.schema, disturbed, 'remove_label', removal)
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
    const target = this.#target(deactivation)
    const only = deactivation.version === undefined ? undefined : checkVersion('version', deactivation.version)
    const permitted = await this.#permitDeactivation(target, only, deactivation)
    const { value, facts } = await this.#recorder.record(deactivation, async (session) => {
      const { labels, versions, rollouts } = await this.#state(session, target)
      const chosen = versions.filter((entry) => entry.isActive && (only === undefined || entry.version === only))
      if (chosen.length === 0)
        throw new NotFoundError(`There is no active ${only === undefined ? 'version' : `version ${only}`} of ${this.#nounOf(target)}.`)
      const moves = deactivation.force || only !== undefined ? movesAway(labels, chosen) : []
      if (moves.length > 0 && !deactivation.force) {
        throw new InUseError(
          `Version ${only} of ${this.#nounOf(target)} carries the label ${moves.map((move) => `"${move.label}"`).join(', ')}. ` +
            'Promote another version first, or pass force: true to remove its labels.',
        )
      }
      const carried = movesAway(labels, chosen).map((move) => move.label)
      const disturbed = disturbedRollouts(rollouts, { labels: carried, versions: chosen.map((entry) => entry.version) })
      this.#refuseUnseen(target, [...carried, ...disturbed.map((rollout) => rollout.label)], permitted, deactivation)
      refuseDisturbance(disturbed, deactivation.force)
      await moveLabels(session, this.#labels(target), moves)
      await pauseDisturbed(session, this.#recorder.schema, disturbed, 'deactivate', deactivation)
      await setActive(
        session.transaction,
        this.#versions(target),
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
    const target = this.#target(activation)
    const version = checkVersion('version', activation.version)
    const { value, facts } = await this.#recorder.record(activation, async (session) => {
      const { labels, versions, row } = await this.#state(session, target, version)
      const entry = versions.find((candidate) => candidate.version === version)
      if (!entry || !row) throw this.#missing(target, version)
      if (!entry.isActive) {
        await setActive(session.transaction, this.#versions(target), [version], true)
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
      return this.#answer(this.#kind.decode(row), labelsAfter(labels, [], version))
    })
    return value(facts)
  }

  /** Reads from PostgreSQL, past the caches. Deactivated versions are not found. */
  async find(query: FindQuery): Promise<Entity | undefined> {
    const { project, name } = this.#target(query)
    const version = query.version === undefined ? undefined : checkVersion('version', query.version)
    const label = checkLabelQuery(query.label ?? 'latest')
    const wanted = version === undefined ? this.#carriesLabel(label) : sql`entry.version = ${version}::integer`
    const [found] = await this.#select(
      sql`entry.project = ${project}::text and entry.name = ${name}::text and entry.is_active and ${wanted}`,
      1,
    )
    return found && this.#view(found, version === undefined ? 'label' : 'version', label)
  }

  /** Versions, by name and then newest first. */
  async list(query: ListQuery = {}): Promise<Page<Entity>> {
    const project = checkProject(query.project ?? this.project)
    const limit = checkInteger('limit', query.limit ?? 50, { min: 1, max: LIMITS.listLimit })
    const conditions = [sql`entry.project = ${project}::text`]
    if (query.activeOnly ?? true) conditions.push(sql`entry.is_active`)
    if (query.search !== undefined && query.search !== '') {
      conditions.push(sql`position(lower(${checkText('search', query.search)}::text) in lower(entry.name)) > 0`)
    }
    if (query.label !== undefined) conditions.push(this.#carriesLabel(checkLabelQuery(query.label)))
    if (query.cursor !== undefined) {
      const [name, version] = decodeCursor<[string, number]>(query.cursor, ['string', 'number'])
      conditions.push(sql`(entry.name > ${name}::text or (entry.name = ${name}::text and entry.version < ${version}::bigint))`)
    }
    const found = await this.#select(sql.join(conditions, sql` and `), limit + 1)
    const page = pageOf(found, limit, ({ content }) => [content.name, content.version])
    return { ...page, items: page.items.map((item) => this.#view(item, 'version', query.label ?? 'latest')) }
  }

  /** Every change of one name, newest first. */
  async history(target: Target): Promise<readonly ConfigChange[]> {
    const { project, name } = this.#target(target)
    return this.#recorder.read((db) => listChanges(db, { kind: this.#kind.kind, project, name }))
  }

  /**
   * Two versions side by side.
   *
   * @throws {NotFoundError} when one of them does not exist
   */
  async diff(query: DiffQuery): Promise<ContentDiff> {
    const target = this.#target(query)
    const sides = [checkVersion('from', query.from), checkVersion('to', query.to)]
    const [from, to] = await this.#recorder.read((db) =>
      Promise.all(
        sides.map(async (version) => {
          const row = await readRow(db, this.#versions(target), version)
          if (!row) throw this.#missing(target, version)
          return this.#kind.describe(this.#kind.decode(row))
        }),
      ),
    )
    return diffContents(from as JsonObject, to as JsonObject)
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
    const target = this.#target(request)
    const labels = checkLabels(request.labels ?? DEFAULT_LABELS)
    // Checked before any connection is used; what a new version inherits was checked when it was written.
    if (mode === 'create') draft(undefined)
    await this.#permit(mode, target, labels, request)
    const { value, facts } = await this.#recorder.record(request, async (session) => {
      const state = await this.#state(session, target)
      if (mode === 'create' && state.versions.some((entry) => entry.isActive)) {
        throw new AlreadyExistsError(`${this.#nounOf(target, true)} exists already. Use createVersion() to add a version to it.`)
      }
      const previous = highest(state.versions)
      const { columns } = draft(mode === 'version' && state.row ? this.#kind.decode(state.row) : undefined)
      const version = previous + 1
      const row = await insertRow(session.transaction, this.#versions(target), version, columns, session.authorOf(request))
      const content = this.#kind.decode(row)
      if (request.labels !== undefined && labels.length > 0) this.checkContract(content)
      refuseDisturbance(disturbedRollouts(state.rollouts, { labels }), 'never')
      const moves = labels.map((label) => ({ label, from: state.labels.get(label) ?? null, to: version }))
      await moveLabels(session, this.#labels(target), moves)
      const isFirst = mode === 'create' || previous === 0
      this.#log(session, request, target, {
        changeType: isFirst ? 'create' : 'version',
        configId: content.id,
        previousVersion: previous === 0 ? null : previous,
        newVersion: version,
        changeSummary: previous === 0 ? 'Initial creation' : `New version ${version}`,
        previousData: moves.length > 0 ? labelsData(moves, 'from') : null,
        newData: { ...this.#kind.describe(content), ...labelsData(moves, 'to') },
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
    const { value, facts } = await this.#recorder.record(options, async (session) => {
      const state = await this.#state(session, target, wanted)
      const version = await choose(session, state)
      const entry = state.versions.find((candidate) => candidate.version === version)
      if (!entry?.isActive) throw this.#missing(target, version, entry !== undefined)
      const row = state.row?.version === version ? state.row : await readRow(session.transaction, this.#versions(target), version)
      const from = state.labels.get(label) ?? null
      const moves: LabelMove[] = [{ label, from, to: version }]
      const disturbed = disturbedRollouts(state.rollouts, { labels: [label] })
      refuseDisturbance(disturbed, changeType === 'rollback' || options.force)
      await moveLabels(session, this.#labels(target), moves)
      await pauseDisturbed(session, this.#recorder.schema, disturbed, changeType, options)
      this.#log(session, options, target, {
        changeType,
        configId: entry.id,
        previousVersion: from,
        newVersion: version,
        changeSummary: changeType === 'promote' ? `Promoted v${version} to ${label}` : `Rolled ${label} back to v${version}`,
        previousData: labelsData(moves, 'from'),
        newData: { ...labelsData(moves, 'to'), ...(options.force && { force: true }) },
      })
      return this.#answer(this.#kind.decode(row as Row), labelsAfter(state.labels, moves, version))
    })
    return value(facts)
  }

  /** Whether there is any version of that name, active or not. */
  protected async exists(name: string): Promise<boolean> {
    const target = this.#target({ name })
    return (await this.#recorder.read((db) => readVersions(db, this.#versions(target)))).length > 0
  }

  /** Asks `authorize` about protected ones among labels. */
  protected async permit(action: string, request: Target & WriteMeta, labels: readonly string[]): Promise<void> {
    await this.#permit(action, this.#target(request), checkLabels(labels), request)
  }

  /** What the code of this process requires of a version before a label is pointed at it. */
  protected checkContract(_content: Content): void {}

  async #permit(action: string, { project, name }: Required<Target>, labels: readonly string[], meta: WriteMeta): Promise<void> {
    await this.#recorder.policy.permit({ action, kind: this.#kind.kind, project, name, actor: meta.changedBy }, labels)
  }

  /** Which labels a deactivation takes, and which it stops a rollout on, only the database knows, and `authorize` is asked before the transaction: they are read first. */
  async #permitDeactivation(target: Required<Target>, only: number | undefined, meta: WriteMeta): Promise<readonly string[]> {
    if (!this.#recorder.policy.protectsAny) return []
    const { kind } = this.#kind
    const [labels, rollouts] = await this.#recorder.read((db) =>
      Promise.all([readLabels(db, this.#labels(target)), selectOpenRollouts(db, this.#recorder.schema, { ...target, kind })]),
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
    const unseen = carried.find((label) => this.#recorder.policy.protects(label) && !permitted.includes(label))
    if (unseen === undefined) return
    throw new ForbiddenError(
      `Protected label "${unseen}" of ${this.#nounOf(target)} moved while ${meta.changedBy ?? 'this write'} was being authorized. Try again.`,
    )
  }

  #state(session: WriteSession, target: Required<Target>, wanted: number | 'highest' = 'highest'): Promise<EntityState> {
    return readEntityState(session, this.#versions(target), this.#labels(target), wanted)
  }

  /** The answer lacks only what is known after the commit. */
  #answer(content: Content, labels: readonly string[]) {
    const selection = Object.freeze({ label: labels[0] ?? 'latest', version: content.version, reason: 'version' as const })
    return (facts: WriteFacts): Written<Entity> =>
      this.#kind.view(content, { isActive: true, labels, selection, source: 'database', stale: false, ...facts }) as Written<Entity>
  }

  #log(
    session: WriteSession,
    meta: WriteMeta,
    target: Required<Target>,
    change: Omit<PendingChange, 'configType' | 'configName' | 'project' | 'configId'> & { readonly configId?: number },
  ): void {
    session.log({ configId: null, ...change, configType: this.#kind.kind, configName: target.name, project: target.project }, meta)
  }

  async #select(condition: RawBuilder<unknown>, limit: number): Promise<FoundVersion<Content>[]> {
    return this.#recorder.read(async (db) => {
      const { rows } = await sql<{ row: string; revision: string; labels: string }>`
        select to_json(entry)::text as row, coalesce(head.revision, 0) as revision, coalesce((
          select json_agg(carried.label order by carried.label) from ${this.#table(this.#kind.labels)} as carried
          where carried.project = entry.project and carried.name = entry.name and carried.version = entry.version), '[]')::text as labels
        from ${this.#table(this.#kind.versions)} as entry
        left join ${this.#table('config_heads')} as head on head.scope = ${`${this.#kind.kind}:`}::text || entry.project || ':' || entry.name
        where ${condition} order by entry.name, entry.version desc limit ${limit}::integer
      `.execute(db)
      return rows.map((found) => {
        const row = JSON.parse(found.row) as Row
        const labels = Object.freeze(JSON.parse(found.labels) as string[])
        return { content: this.#kind.decode(row), isActive: row.is_active as boolean, labels, revision: Number(found.revision) }
      })
    })
  }

  #view({ content, ...facts }: FoundVersion<Content>, reason: 'label' | 'version', label: string): Entity {
    const selection = Object.freeze({ label, version: content.version, reason })
    return this.#kind.view(content, { ...facts, selection, source: 'database', stale: false })
  }

  #carriesLabel(label: string): RawBuilder<unknown> {
    if (label === 'latest') {
      return sql`entry.version = (select max(other.version) from ${this.#table(this.#kind.versions)} as other
        where other.project = entry.project and other.name = entry.name and other.is_active)`
    }
    return sql`exists (select 1 from ${this.#table(this.#kind.labels)} as carried where carried.project = entry.project
      and carried.name = entry.name and carried.version = entry.version and carried.label = ${label}::text)`
  }

  #target(request: Target & WriteMeta): Required<Target> {
    checkMeta(request)
    const { name, project } = request
    return { name: checkText('name', name, this.#kind.maxNameLength), project: checkProject(project ?? this.project) }
  }

  #versions(target: Required<Target>): VersionsOf {
    return { ...target, schema: this.#recorder.schema, table: this.#kind.versions, nameColumn: 'name' }
  }

  #labels(target: Required<Target>): LabelsOf {
    return { ...target, schema: this.#recorder.schema, table: this.#kind.labels, kind: this.#kind.kind }
  }

  #table(name: string): RawBuilder<unknown> {
    return sql.id(this.#recorder.schema, name)
  }

  #missing(target: Required<Target>, version: number, isInactive = false): NotFoundError {
    return new NotFoundError(
      isInactive
        ? `Version ${version} of ${this.#nounOf(target)} is deactivated. Use activate() first.`
        : `There is no version ${version} of ${this.#nounOf(target)}.`,
    )
  }

  #nounOf({ name, project }: Required<Target>, atStart = false): string {
    const noun = atStart ? this.#kind.noun.charAt(0).toUpperCase() + this.#kind.noun.slice(1) : this.#kind.noun
    return `${noun} "${name}" (project "${project}")`
  }
}

interface FoundVersion<Content> {
  readonly content: Content
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly revision: number
}

function movesAway(labels: LabelMap, versions: readonly VersionState[]): LabelMove[] {
  const leaving = new Set(versions.map((entry) => entry.version))
  return [...labels].filter(([, version]) => leaving.has(version)).map(([label, from]) => ({ label, from, to: null }))
}
