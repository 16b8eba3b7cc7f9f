import { type RawBuilder, sql } from 'kysely'
import type { ConfigChange } from '../../entities/config-change.js'
import type { JsonObject } from '../../entities/json.js'
import type { WriteMeta } from '../../entities/written.js'
import type { KindDefinition, VersionDraft } from '../../kinds/kind.js'
import type { Row, VersionContent } from '../../kinds/row.js'
import {
  checkInteger,
  checkLabelQuery,
  checkMeta,
  checkProject,
  checkText,
  checkVersion,
  DEFAULT_PROJECT,
  LIMITS,
} from '../../shared/arguments.js'
import { NotFoundError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import { checkPage, listChanges } from '../read/changes.js'
import { decodeCursor, type Page, pageOf } from '../read/cursor.js'
import { type ContentDiff, diffContents } from '../read/diff.js'
import { FIRST, isAfter } from '../read/keyset.js'
import { labelsFrom, versionsFrom } from '../read/kind-rows.js'
import { searchCondition, searchedColumns } from '../read/search-condition.js'
import { hasVersions, readOutlines, readRow, type VersionOutline } from '../read/version-rows.js'
import { labelOfWrites, type RepositoryDefaults } from '../write/open-recorder.js'
import type { Recorder } from '../write/recorder.js'
import {
  type CountQuery,
  type DiffQuery,
  type FindQuery,
  type HistoryQuery,
  type ListQuery,
  REQUEST_KEYS,
  type Target,
} from '../write/requests.js'

/** Reads of one labelled kind past the caches. */
export class LabelledReader<Content extends VersionContent, Entity, Draft extends VersionDraft> {
  protected readonly recorder: Recorder
  protected readonly kind: KindDefinition<Content, Entity, Draft>
  /** The project of calls that name none. */
  protected readonly project: string
  /** The label of writes that name none. */
  protected readonly label: string

  constructor(recorder: Recorder, kind: KindDefinition<Content, Entity, Draft>, { project, label }: RepositoryDefaults) {
    this.recorder = recorder
    this.kind = kind
    this.project = project ?? DEFAULT_PROJECT
    this.label = labelOfWrites(kind, label)
  }

  /** Reads from PostgreSQL, past the caches. Deactivated versions are not found. */
  async find(query: FindQuery): Promise<Entity | undefined> {
    checkKeys(query, REQUEST_KEYS.find)
    const { project, name } = this.target(query)
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
    checkKeys(query, REQUEST_KEYS.list)
    const project = checkProject(query.project ?? this.project)
    const limit = checkInteger('limit', query.limit ?? 50, { min: 1, max: LIMITS.listLimit })
    const [name, version] = query.cursor === undefined ? FIRST : decodeCursor<[string, number]>(query.cursor, ['string', 'number'])
    const conditions = sql.join([isAfter('name', project, name, version), ...this.#asked(query)], sql` and `)
    const found = await this.#select(conditions, limit + 1)
    const page = pageOf(found, limit, ({ content }) => [content.name, content.version])
    return { ...page, items: page.items.map((item) => this.#view(item, 'version', query.label ?? 'latest')) }
  }

  /** How many versions `list` gives in all, counted by PostgreSQL. */
  async count(query: CountQuery = {}): Promise<number> {
    checkKeys(query, REQUEST_KEYS.count)
    const project = checkProject(query.project ?? this.project)
    const conditions = sql.join([sql`entry.project = ${project}::text`, ...this.#asked(query)], sql` and `)
    return this.recorder.read(async (db) => {
      const { rows } = await sql<{ total: string }>`select count(*) as total from ${this.#versions} as entry where ${conditions}`.execute(
        db,
      )
      return Number(rows[0]?.total)
    })
  }

  /** Every version of one name, newest first, active or not, without content: what is known of a name whatever its size. */
  async versions(query: Target): Promise<readonly VersionOutline[]> {
    checkKeys(query, REQUEST_KEYS.versions)
    const { project, name } = this.target(query)
    return this.recorder.read((db) => readOutlines(db, this.recorder.schema, this.kind, { project, name }))
  }

  /** The changes of one name, newest first: all of them, or a page. */
  async history(query: HistoryQuery): Promise<readonly ConfigChange[]> {
    checkKeys(query, REQUEST_KEYS.history)
    const { project, name } = this.target(query)
    return this.recorder.read((db) => listChanges(db, { kind: this.kind.kind, project, name, ...checkPage(query) }))
  }

  /**
   * Two versions side by side.
   *
   * @throws {NotFoundError} when one of them does not exist
   */
  async diff(query: DiffQuery): Promise<ContentDiff> {
    checkKeys(query, REQUEST_KEYS.diff)
    const target = this.target(query)
    const sides = [checkVersion('from', query.from), checkVersion('to', query.to)]
    const [from, to] = await this.recorder.read((db) =>
      Promise.all(
        sides.map(async (version) => {
          const row = await readRow(db, this.recorder.schema, this.kind, target, version)
          if (!row) throw this.missing(target, version)
          return this.kind.describe(this.kind.decode(row))
        }),
      ),
    )
    return diffContents(from as JsonObject, to as JsonObject, this.kind.lineField)
  }

  /** Whether there is any version of that name, active or not. */
  protected async exists(name: string): Promise<boolean> {
    const target = this.target({ name })
    return this.recorder.read((db) => hasVersions(db, this.recorder.schema, this.kind, target))
  }

  protected target(request: Target & WriteMeta): Required<Target> {
    checkMeta(request)
    const { name, project } = request
    return { name: checkText('name', name, this.kind.maxNameLength), project: checkProject(project ?? this.project) }
  }

  get #versions(): RawBuilder<unknown> {
    return versionsFrom(this.recorder.schema, this.kind)
  }

  get #labels(): RawBuilder<unknown> {
    return labelsFrom(this.recorder.schema, this.kind)
  }

  protected missing(target: Required<Target>, version: number, isInactive = false): NotFoundError {
    return new NotFoundError(
      isInactive
        ? `Version ${version} of ${this.nounOf(target)} is deactivated. Use activate() first.`
        : `There is no version ${version} of ${this.nounOf(target)}.`,
    )
  }

  protected nounOf({ name, project }: Required<Target>, atStart = false): string {
    const noun = atStart ? this.kind.noun.charAt(0).toUpperCase() + this.kind.noun.slice(1) : this.kind.noun
    return `${noun} "${name}" (project "${project}")`
  }

  /** The conditions of a list, its place aside. */
  #asked(query: CountQuery): RawBuilder<unknown>[] {
    const { activeOnly = true, name, label } = query
    const found = searchCondition(query, searchedColumns(this.kind))
    return [
      ...(activeOnly ? [sql`entry.is_active`] : []),
      ...(found ? [found] : []),
      ...(name !== undefined ? [sql`entry.name = ${checkText('name', name, this.kind.maxNameLength)}::text`] : []),
      ...(label !== undefined ? [this.#carriesLabel(checkLabelQuery(label))] : []),
    ]
  }

  async #select(condition: RawBuilder<unknown>, limit: number): Promise<FoundVersion<Content>[]> {
    return this.recorder.read(async (db) => {
      const { rows } = await sql<{ row: string; revision: string; labels: string }>`
        select to_json(entry)::text as row, coalesce((select head.revision from ${sql.id(this.recorder.schema, 'config_heads')} as head
            where head.scope = ${`${this.kind.kind}:`}::text || entry.project || ':' || entry.name), 0) as revision, coalesce((
          select json_agg(carried.label order by carried.label) from ${this.#labels} as carried
          where carried.project = entry.project and carried.name = entry.name and carried.version = entry.version), '[]')::text as labels
        from (select * from ${this.#versions} as entry where ${condition}
          order by entry.project, entry.name, -entry.version limit ${limit}::integer) as entry
        order by entry.project, entry.name, -entry.version
      `.execute(db)
      return rows.map((found) => {
        const row = JSON.parse(found.row) as Row
        const labels = Object.freeze(JSON.parse(found.labels) as string[])
        return { content: this.kind.decode(row), isActive: row.is_active as boolean, labels, revision: Number(found.revision) }
      })
    })
  }

  #view({ content, ...facts }: FoundVersion<Content>, reason: 'label' | 'version', label: string): Entity {
    const selection = Object.freeze({ label, version: content.version, reason })
    return this.kind.view(content, { ...facts, selection, source: 'database', stale: false })
  }

  #carriesLabel(label: string): RawBuilder<unknown> {
    if (label === 'latest') {
      return sql`entry.version = (select max(other.version) from ${this.#versions} as other
        where other.project = entry.project and other.name = entry.name and other.is_active)`
    }
    return sql`exists (select 1 from ${this.#labels} as carried where carried.project = entry.project
      and carried.name = entry.name and carried.version = entry.version and carried.label = ${label}::text)`
  }
}

interface FoundVersion<Content> {
  readonly content: Content
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly revision: number
}
