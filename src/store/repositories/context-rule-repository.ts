import { type RawBuilder, sql } from 'kysely'
import type { ConfigChange } from '../../entities/config-change.js'
import type { ContextRule } from '../../entities/context-rule.js'
import type { WriteFacts, WriteMeta, Written } from '../../entities/written.js'
import { CONTEXT_RULES, decodeContextRule } from '../../kinds/context-rules.js'
import type { Row } from '../../kinds/row.js'
import {
  checkInteger,
  checkMeta,
  checkOptionalText,
  checkProject,
  checkText,
  checkVersion,
  DEFAULT_PROJECT,
  LIMITS,
} from '../../shared/arguments.js'
import { AlreadyExistsError, NotFoundError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import { checkPage, listChanges } from '../read/changes.js'
import { decodeCursor, type Page, pageOf } from '../read/cursor.js'
import { FIRST, isAfter } from '../read/keyset.js'
import { type Search, searchCondition } from '../read/search-condition.js'
import { type EntityState, versionIn } from '../write/entity-state.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import type { Recorded, Recorder } from '../write/recorder.js'
import { META_KEYS } from '../write/requests.js'
import type { Decision, EntityQuery } from '../write/write.js'
import { factsOf } from './labelled-repository.js'

interface ContextTarget {
  readonly context: string
  /** @default the manager's project, 'default' */
  readonly project?: string
}

export interface ContextRuleDraft extends ContextTarget, WriteMeta {
  /** What to look at in this context. */
  readonly important?: string | null
  /** What to leave out in this context. */
  readonly ignore?: string | null
  readonly description?: string | null
}

export interface ContextRuleListQuery extends Search {
  readonly project?: string
  /** @default true */
  readonly activeOnly?: boolean
  /** Only the versions of exactly this context. */
  readonly context?: string
  /** 1 to 1,000. @default 50 */
  readonly limit?: number
  readonly cursor?: string
}

/** What to count: a list without its pages. */
export type ContextRuleCountQuery = Omit<ContextRuleListQuery, 'limit' | 'cursor'>

export interface ContextHistoryQuery extends ContextTarget {
  /** At most so many changes, 1 to 1,000. @default all */
  readonly limit?: number
  /** Only changes before this one, by its `id`: the last of the page before. */
  readonly before?: number
}

const FIELDS = CONTEXT_RULES.fields
const COUNTED = ['project', 'activeOnly', 'context', 'search', 'searchIn'] as const

/** Context rules: versions without labels. The highest active version of a context is the one in force. */
export class ContextRuleRepository {
  readonly #recorder: Recorder
  readonly #project: string

  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    this.#recorder = recorderOf(database, options)
    this.#project = options.project ?? DEFAULT_PROJECT
  }

  /** @throws {AlreadyExistsError} when the context has an active rule; `createVersion` replaces it */
  async create(draft: ContextRuleDraft): Promise<Written<ContextRule>> {
    return this.#writeVersion('create', draft)
  }

  /** Writes the next version of a rule, or version 1 if there is none. What the draft leaves out is taken from the highest version. */
  async createVersion(draft: ContextRuleDraft): Promise<Written<ContextRule>> {
    return this.#writeVersion('version', draft)
  }

  /**
   * Takes one version, or all of a context, out of use. Without the newest one the version before it is in force again.
   *
   * @throws {NotFoundError} when there is no such active version
   */
  async deactivate(
    deactivation: ContextTarget & WriteMeta & { readonly version?: number },
  ): Promise<Written<{ readonly deactivated: number }>> {
    checkKeys(deactivation, ['context', 'project', 'version', ...META_KEYS])
    const target = this.#target(deactivation)
    const only = deactivation.version === undefined ? undefined : checkVersion('version', deactivation.version)
    await this.#permit('deactivate', target, deactivation)
    const ask = only === undefined ? { active: true as const } : { versions: [only] }
    const { value, facts } = await this.#record(deactivation, target, ask, ({ versions }) => {
      const chosen = versions
        .filter((entry) => entry.isActive && (only === undefined || entry.version === only))
        .map(({ version }) => version)
      if (chosen.length === 0)
        throw new NotFoundError(`There is no active ${only === undefined ? 'version' : `version ${only}`} of ${nounOf(target)}.`)
      return {
        steps: [{ do: 'active', ...entityOf(target), versions: chosen, active: false, ...factsOf('deactivate', deactivation) }],
        answer: () => chosen.length,
      }
    })
    return Object.freeze({ deactivated: value, ...facts })
  }

  /** @throws {NotFoundError} when the version does not exist */
  async activate(activation: ContextTarget & WriteMeta & { readonly version: number }): Promise<Written<ContextRule>> {
    checkKeys(activation, ['context', 'project', 'version', ...META_KEYS])
    const target = this.#target(activation)
    const version = checkVersion('version', activation.version)
    await this.#permit('activate', target, activation)
    const ask = { versions: [version], rows: [version] }
    const { value, facts } = await this.#record<ContextRule>(activation, target, ask, (state) => {
      const row = state.rows.get(version)
      if (!row) throw new NotFoundError(`There is no version ${version} of ${nounOf(target)}.`)
      const answer = () => ({ ...decodeContextRule(row), isActive: true })
      if (versionIn(state, version)?.isActive) return { steps: [], answer }
      return {
        steps: [{ do: 'active', ...entityOf(target), versions: [version], active: true, ...factsOf('activate', activation) }],
        answer,
      }
    })
    return written(value, facts)
  }

  /** Reads from PostgreSQL, past the caches: the given version, or the one in force. */
  async find(query: ContextTarget & { readonly version?: number }): Promise<ContextRule | undefined> {
    checkKeys(query, ['context', 'project', 'version'])
    const target = this.#target(query)
    const wanted = query.version === undefined ? sql`true` : sql`version = ${checkVersion('version', query.version)}::integer`
    const [found] = await this.#select(
      sql`project = ${target.project}::text and context = ${target.context}::text and is_active and ${wanted}`,
      1,
    )
    return found
  }

  /** Versions, by context and then newest first. */
  async list(query: ContextRuleListQuery = {}): Promise<Page<ContextRule>> {
    checkKeys(query, [...COUNTED, 'limit', 'cursor'])
    const limit = checkInteger('limit', query.limit ?? 50, { min: 1, max: LIMITS.listLimit })
    const project = checkProject(query.project ?? this.#project)
    const [context, version] = query.cursor === undefined ? FIRST : decodeCursor<[string, number]>(query.cursor, ['string', 'number'])
    const conditions = sql.join([isAfter('context', project, context, version), ...asked(query)], sql` and `)
    return pageOf(await this.#select(conditions, limit + 1), limit, (rule) => [rule.context, rule.version])
  }

  /** How many versions `list` gives in all, counted by PostgreSQL. */
  async count(query: ContextRuleCountQuery = {}): Promise<number> {
    checkKeys(query, COUNTED)
    const conditions = sql.join([sql`project = ${checkProject(query.project ?? this.#project)}::text`, ...asked(query)], sql` and `)
    return this.#recorder.read(async (db) => {
      const { rows } = await sql<{ total: string }>`
        select count(*) as total from ${sql.id(this.#recorder.schema, 'context_rules')} as entry where ${conditions}
      `.execute(db)
      return Number(rows[0]?.total)
    })
  }

  /** The changes of one context, newest first: all of them, or a page. */
  async history(query: ContextHistoryQuery): Promise<readonly ConfigChange[]> {
    checkKeys(query, ['context', 'project', 'limit', 'before'])
    const { project, context } = this.#target(query)
    return this.#recorder.read((db) => listChanges(db, { kind: 'context_rules', project, name: context, ...checkPage(query) }))
  }

  async #writeVersion(mode: 'create' | 'version', draft: ContextRuleDraft): Promise<Written<ContextRule>> {
    checkKeys(draft, ['context', 'project', ...FIELDS, ...META_KEYS])
    const target = this.#target(draft)
    const given = Object.fromEntries(
      FIELDS.filter((field) => draft[field] !== undefined).map((field) => [field, checkOptionalText(field, draft[field])]),
    )
    await this.#permit(mode, target, draft)
    const { value, facts } = await this.#record<ContextRule>(draft, target, { highest: true }, ({ highest, isActive, rows }) => {
      if (mode === 'create' && isActive) {
        throw new AlreadyExistsError(`${nounOf(target, true)} exists already. Use createVersion() to replace it.`)
      }
      const inherited = mode === 'version' ? rows.get(highest) : undefined
      const columns = Object.fromEntries(
        FIELDS.map((field) => [field, field in given ? (given[field] as string | null) : ((inherited?.[field] as string | null) ?? null)]),
      )
      const change = mode === 'create' || highest === 0 ? 'create' : 'version'
      const said = factsOf(change, draft, highest === 0 ? 'Initial creation' : `New version ${highest + 1}`)
      return {
        steps: [{ do: 'version', ...entityOf(target), columns, ...said }],
        answer: ([row]) => decodeContextRule(row as Row),
      }
    })
    return written(value, facts)
  }

  async #select(condition: RawBuilder<unknown>, limit: number): Promise<ContextRule[]> {
    return this.#recorder.read(async (db) => {
      const { rows } = await sql<{ row: string }>`
        select to_json(entry)::text as row from ${sql.id(this.#recorder.schema, 'context_rules')} as entry
        where ${condition} order by project, context, -version limit ${limit}::integer
      `.execute(db)
      return rows.map(({ row }) => decodeContextRule(JSON.parse(row) as Row))
    })
  }

  #record<Value>(
    meta: WriteMeta,
    target: Required<ContextTarget>,
    ask: Pick<EntityQuery, 'versions' | 'rows' | 'highest' | 'active'>,
    decide: (state: EntityState) => Decision<Value>,
  ): Promise<Recorded<Value>> {
    return this.#recorder.record(meta, {
      asks: [{ ...entityOf(target), ...ask }],
      decide: ([state]) => decide(state as EntityState),
    })
  }

  async #permit(action: string, target: Required<ContextTarget>, { changedBy }: WriteMeta): Promise<void> {
    const { policy } = this.#recorder
    await policy.permit({ action, ...entityOf(target), actor: changedBy }, policy.withLatest([]))
  }

  #target(request: ContextTarget & WriteMeta): Required<ContextTarget> {
    checkMeta(request)
    const { context, project } = request
    return { context: checkText('context', context, LIMITS.shortName), project: checkProject(project ?? this.#project) }
  }
}

/** The conditions of a list, its place aside. */
function asked(query: ContextRuleCountQuery): RawBuilder<unknown>[] {
  const found = searchCondition(query, { name: ['context'], content: FIELDS })
  return [
    ...((query.activeOnly ?? true) ? [sql`is_active`] : []),
    ...(found ? [found] : []),
    ...(query.context !== undefined ? [sql`context = ${checkText('context', query.context, LIMITS.shortName)}::text`] : []),
  ]
}

function entityOf({ context, project }: Required<ContextTarget>) {
  return { kind: 'context_rules' as const, project, name: context }
}

function written(rule: ContextRule, facts: WriteFacts): Written<ContextRule> {
  return Object.freeze({ ...rule, ...facts })
}

function nounOf({ context, project }: Required<ContextTarget>, atStart = false): string {
  return `${atStart ? 'C' : 'c'}ontext rule "${context}" (project "${project}")`
}
