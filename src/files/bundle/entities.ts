import type { Json } from '../../entities/json.js'
import type { Rollout } from '../../entities/rollout.js'
import type { WriteMeta } from '../../entities/written.js'
import { CONTEXT_RULES } from '../../kinds/context-rules.js'
import type { ConfigurationManager } from '../../manager/configuration-manager.js'
import type { ManagedKind } from '../../manager/managed-kind.js'
import { hashOf } from '../content-hash.js'
import type { BundleEntity, BundleRollout, BundleVersion } from './bundle.js'

/** What a bundle is read from and written through: a manager, or the repositories of a transaction. */
export type BundleRepositories = Pick<ConfigurationManager, 'prompts' | 'models' | 'embeddings' | 'flags' | 'contextRules' | 'rollouts'> & {
  readonly of: unknown
}

/** The verbs that an import needs, the same for every kind. */
export interface EntityWriter {
  create(name: string, content: Json, meta: WriteMeta): Promise<unknown>
  promote(name: string, label: string, version: number, meta: WriteMeta): Promise<unknown>
  activate(name: string, version: number, meta: WriteMeta): Promise<unknown>
  /** @param version absent: all of them; labels stay where they are */
  deactivate(name: string, version: number | undefined, meta: WriteMeta): Promise<unknown>
}

/** Entities of one kind in one project. */
export interface EntityStore extends EntityWriter {
  readonly kind: string
  /** @param onPage told how many versions were read so far */
  list(onPage?: (versions: number) => void): Promise<readonly BundleEntity[]>
}

/** Versions in one answer: each may have a template of 1 MiB. */
const PAGE = 100

export function entityStores(repositories: BundleRepositories, kinds: readonly ManagedKind[], project: string): readonly EntityStore[] {
  return [...kinds.map((kind) => labelledStore(repositories, kind, project)), contextRuleStore(repositories, project)]
}

interface Listed {
  readonly version: number
  readonly isActive: boolean
  readonly labels?: readonly string[]
}

function labelledStore(repositories: BundleRepositories, kind: ManagedKind, project: string): EntityStore {
  const repository = repositoryOf(repositories, kind)
  const draftOf = (content: Json) => (kind.declared ? { content } : (content as object))
  const contentOf = (entity: Readonly<Record<string, unknown>>): Json => {
    const content = kind.declared ? entity.content : fieldsOf(entity, Object.keys(kind.fields))
    return isPurged(content, entity.isActive as boolean) ? null : (content as Json)
  }
  return {
    kind: kind.kind,
    async list(onPage) {
      const [versions, rollouts] = [
        await pages((cursor) => repository.list({ project, activeOnly: false, limit: PAGE, ...cursor }), onPage),
        await pages((cursor) => repositories.rollouts.list({ kind: kind.kind, project, limit: PAGE, ...cursor })),
      ]
      return group(kind.kind, versions, (entity) => entity.name as string, contentOf).map((entity) => withRollouts(entity, rollouts))
    },
    create: (name, content, meta) => repository.createVersion({ ...draftOf(content), name, project, labels: [], ...meta }),
    promote: (name, label, version, meta) => repository.promote({ name, project, label, version, ...meta }),
    activate: (name, version, meta) => repository.activate({ name, project, version, ...meta }),
    deactivate: (name, version, meta) => repository.deactivate({ name, project, ...(version !== undefined && { version }), ...meta }),
  }
}

function contextRuleStore({ contextRules }: BundleRepositories, project: string): EntityStore {
  return {
    kind: CONTEXT_RULES.kind,
    async list(onPage) {
      const rules = await pages((cursor) => contextRules.list({ project, activeOnly: false, limit: PAGE, ...cursor }), onPage)
      const contentOf = (rule: object) => fieldsOf(rule, CONTEXT_RULES.fields) as Json
      return group(CONTEXT_RULES.kind, rules, ({ context }) => context, contentOf)
    },
    create: (context, content, meta) => contextRules.createVersion({ ...(content as object), context, project, ...meta }),
    promote: async () => {},
    activate: (context, version, meta) => contextRules.activate({ context, project, version, ...meta }),
    deactivate: (context, version, meta) =>
      contextRules.deactivate({ context, project, ...(version !== undefined && { version }), ...meta }),
  }
}

/** The repository through which this kind is written: of the transaction, where there is one. */
function repositoryOf(repositories: BundleRepositories, { declared, plural }: ManagedKind): ManagedKind['repository'] {
  const repository = declared
    ? (repositories.of as ConfigurationManager['of'])(declared)
    : repositories[plural as 'prompts' | 'models' | 'embeddings' | 'flags']
  return repository as unknown as ManagedKind['repository']
}

async function pages<Item>(
  list: (cursor: { readonly cursor?: string }) => Promise<{ readonly items: readonly Item[]; readonly cursor?: string }>,
  onPage?: (items: number) => void,
): Promise<readonly Item[]> {
  const items: Item[] = []
  let cursor: string | undefined
  do {
    const page = await list(cursor === undefined ? {} : { cursor })
    items.push(...page.items)
    onPage?.(items.length)
    cursor = page.cursor
  } while (cursor !== undefined)
  return items
}

function group<Item extends Listed>(
  kind: string,
  items: readonly Item[],
  nameOf: (item: Item) => string,
  contentOf: (item: Item) => Json,
): readonly BundleEntity[] {
  const names = new Map<string, Item[]>()
  for (const item of items) names.set(nameOf(item), [...(names.get(nameOf(item)) ?? []), item])
  return [...names]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, versions]) => ({
      kind,
      name,
      versions: versions
        .map((item): BundleVersion => {
          const content = contentOf(item)
          return { version: item.version, content, isActive: item.isActive, hash: hashOf(content, 'hex') }
        })
        .sort((one, other) => one.version - other.version),
      labels: Object.fromEntries(
        versions
          .flatMap(({ version, labels = [] }) => labels.map((label) => [label, version] as const))
          .sort(([one], [other]) => (one < other ? -1 : 1)),
      ),
    }))
    .filter(({ versions }) => versions.some(({ content }) => content !== null))
}

/** Gives every field, also those that the version lacks: a field that a draft leaves out would be taken from the version before. */
function fieldsOf(entity: object, fields: readonly string[]): Readonly<Record<string, unknown>> {
  const values = entity as Readonly<Record<string, unknown>>
  return Object.fromEntries(fields.map((field) => [field, values[field] ?? null]))
}

/** A purged version cannot be written again: it has an empty template, no value, or no content. */
function isPurged(content: unknown, isActive: boolean): boolean {
  if (isActive) return false
  const { template, value } = (content ?? {}) as { readonly template?: unknown; readonly value?: unknown }
  return content === null || content === undefined || template === '' || value === null
}

function withRollouts(entity: BundleEntity, all: readonly Rollout[]): BundleEntity {
  const active = new Set(entity.versions.filter(({ isActive }) => isActive).map(({ version }) => version))
  const rollouts = all
    // One whose arm was deactivated could be neither started nor resumed.
    .filter(({ name, status, arms }) => name === entity.name && status !== 'concluded' && arms.every(({ version }) => active.has(version)))
    .map(rolloutOf)
    .sort((one, other) => (one.label < other.label ? -1 : 1))
  return rollouts.length === 0 ? entity : { ...entity, rollouts }
}

function rolloutOf(rollout: Rollout): BundleRollout {
  const { label, arms, coverage, sticky, recordExposures, status, forced, when, schedule, guard, enrol } = rollout
  return {
    label,
    arms,
    coverage,
    sticky,
    recordExposures,
    status: status as 'running' | 'paused',
    ...(forced && { forced }),
    ...(when && { when: when as never }),
    ...(schedule && {
      schedule: schedule.map((step) => ({ at: new Date(step.atMs).toISOString(), coverage: step.coverageBasisPoints / 100 })),
    }),
    ...(guard && { guard: { metrics: guard.metrics as never, alpha: guard.alpha, action: guard.action, settleMs: guard.settleMs } }),
    ...(enrol === false && { enrol }),
  }
}
