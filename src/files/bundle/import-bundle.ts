import type { Json } from '../../entities/json.js'
import type { WriteMeta } from '../../entities/written.js'
import { checkProject } from '../../shared/arguments.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import type { OnProgress } from '../progress.js'
import type { Bundle, BundleEntity, BundleRollout } from './bundle.js'
import { type BundleRepositories, type EntityStore, entityStores } from './entities.js'
import type { ExportingManager } from './export-bundle.js'
import { type EntityPlan, planEntity } from './plan.js'
import { readBundle } from './read-bundle.js'

export interface ImportOptions {
  /** The project to import into. @default the one that the bundle was made of */
  readonly project?: string
  /** Does everything but the commit, so that what would be refused is refused. @default false */
  readonly dryRun?: boolean
  /** Who imports, for the changelog. */
  readonly changedBy?: string
  /** Why, for the changelog. @default 'Imported from project …' */
  readonly summary?: string
  readonly onProgress?: OnProgress
}

/** What an import wrote, or would have written. Empty lists: the target had everything. */
export interface ImportReport {
  readonly project: string
  readonly dryRun: boolean
  readonly versions: readonly { readonly kind: string; readonly name: string; readonly version: number }[]
  readonly labels: readonly {
    readonly kind: string
    readonly name: string
    readonly label: string
    readonly from: number | null
    readonly to: number
  }[]
  readonly activated: readonly { readonly kind: string; readonly name: string; readonly version: number }[]
  readonly deactivated: readonly { readonly kind: string; readonly name: string; readonly version: number }[]
  readonly rollouts: readonly { readonly kind: string; readonly name: string; readonly label: string }[]
  /** Versions that the target had already. */
  readonly unchanged: number
}

/**
 * Writes what a bundle has and the target has not: versions under their numbers, labels, which versions are active, and open rollouts. All of
 * it is one transaction that every worker sees together. What the target has beyond the bundle stays; a second import writes nothing.
 *
 * @param bundle what `exportBundle` gave, or its JSON
 * @throws {AlreadyExistsError} when the target has something else under the same version, or another rollout on the same label
 * @throws {InvalidArgumentError} when it is no bundle, a content is not acceptable, or a kind is not among the manager's
 * @throws {InUseError} when a rollout of the target runs on a label that would move
 * @throws {ForbiddenError} when `authorize` does not allow one of the writes
 */
export async function importBundle(manager: ExportingManager, bundle: unknown, options: ImportOptions = {}): Promise<ImportReport> {
  checkKeys(options, ['project', 'dryRun', 'changedBy', 'summary', 'onProgress'])
  const read = readBundle(bundle)
  const project = checkProject(options.project ?? read.project)
  refuseUnknownKinds(read, manager)
  const { changedBy, summary = `Imported from project ${read.project}` } = options
  const meta = { ...(changedBy !== undefined && { changedBy }), summary }
  let report: ImportReport | undefined
  const work = async (repositories: BundleRepositories): Promise<ImportReport> => {
    const plans: Planned[] = []
    const total = read.entities.reduce((sum, { versions }) => sum + versions.length, 0)
    let done = 0
    const onEntity = ({ versions }: BundleEntity) => {
      done += versions.length
      options.onProgress?.({ doing: 'written', done, total })
    }
    for (const store of entityStores(repositories, manager.kinds, project))
      plans.push(...(await importKind(store, repositories, read, project, meta, onEntity)))
    report = reportOf(plans, project, options.dryRun ?? false)
    if (options.dryRun) throw new DryRun()
    return report
  }
  try {
    return await manager.transaction(work, meta)
  } catch (error) {
    if (error instanceof DryRun && report) return report
    throw error
  }
}

/** Rolls back the transaction of a dry run. */
class DryRun extends Error {}

interface Planned {
  readonly entity: BundleEntity
  readonly plan: EntityPlan
}

function refuseUnknownKinds({ entities }: Bundle, { kinds }: ExportingManager): void {
  const known = new Set([...kinds.map(({ kind }) => kind), 'context_rules'])
  const place = entities.findIndex(({ kind }) => !known.has(kind))
  if (place === -1) return
  throw new InvalidArgumentError(
    `bundle.entities[${place}].kind`,
    `"${entities[place]?.kind}" is not among the kinds of this manager: pass its declaration to createConfigManager({ kinds })`,
  )
}

async function importKind(
  store: EntityStore,
  repositories: BundleRepositories,
  { entities }: Bundle,
  project: string,
  meta: WriteMeta,
  onEntity: (entity: BundleEntity) => void,
): Promise<readonly Planned[]> {
  const wanted = entities.filter(({ kind }) => kind === store.kind)
  if (wanted.length === 0) return []
  const stored = new Map((await store.list()).map((entity) => [entity.name, entity]))
  // All versions are compared before anything is written, so that a difference is reported before the lock is taken.
  const plans = wanted.map((entity) => ({ entity, plan: planEntity(entity, stored.get(entity.name), project) }))
  for (const { entity, plan } of plans) {
    await writeEntity(store, entity, plan, stored.get(entity.name), meta)
    for (const rollout of plan.rollouts) await startRollout(repositories, entity, rollout, project, meta)
    onEntity(entity)
  }
  return plans
}

async function writeEntity(
  store: EntityStore,
  { name, versions }: BundleEntity,
  plan: EntityPlan,
  stored: BundleEntity | undefined,
  meta: WriteMeta,
): Promise<void> {
  for (const { content, version } of plan.create) await store.create(name, content ?? substitute(versions, version), meta)
  const active = new Map(
    [...(stored?.versions ?? []), ...plan.create].map(({ version, isActive }) => [
      version,
      stored?.versions.some((known) => known.version === version) ? isActive : true,
    ]),
  )
  const activate = async (version: number) => {
    if (active.get(version)) return
    await store.activate(name, version, meta)
    active.set(version, true)
  }
  for (const { label, to } of plan.labels) {
    // A label is given to active versions only; it stays where it is when they are deactivated afterwards.
    await activate(to)
    await store.promote(name, label, to, meta)
  }
  const gone = versions.filter(({ version, isActive }) => !isActive && active.get(version)).map(({ version }) => version)
  const labelled = new Set([...Object.values(stored?.labels ?? {}), ...plan.labels.map(({ to }) => to)])
  if (gone.some((version) => labelled.has(version))) {
    // One version with a label is not deactivated alone; all of a name are, and keep their labels.
    const kept = [...active].filter(([version, isActive]) => isActive && !gone.includes(version)).map(([version]) => version)
    await store.deactivate(name, undefined, meta)
    for (const version of active.keys()) active.set(version, false)
    for (const version of kept) await activate(version)
  } else for (const version of gone) await store.deactivate(name, version, meta)
  for (const version of plan.activate) await activate(version)
}

/** The content that is written in place of a purged one, whose version is deactivated: that of the next version, or of the one before. */
function substitute(versions: BundleEntity['versions'], purged: number): Json {
  const whole = versions.filter(({ content }) => content !== null)
  const next = whole.find(({ version }) => version > purged) ?? whole.at(-1)
  if (!next) throw new InvalidArgumentError('bundle', 'has an entity of which every version was purged: take it out')
  return next.content
}

async function startRollout(
  { rollouts }: BundleRepositories,
  { kind, name }: BundleEntity,
  { status, enrol, ...rollout }: BundleRollout,
  project: string,
  meta: WriteMeta,
): Promise<void> {
  const { id } = await rollouts.start({ ...rollout, kind, name, project, ...meta } as Parameters<typeof rollouts.start>[0])
  if (enrol === false) await rollouts.ramp(id, { enrol, ...meta })
  if (status === 'paused') await rollouts.pause(id, meta)
}

function reportOf(plans: readonly Planned[], project: string, dryRun: boolean): ImportReport {
  const each = <Item, Row>(of: (plan: EntityPlan) => readonly Item[], row: (item: Item) => Row) =>
    plans.flatMap(({ entity: { kind, name }, plan }) => of(plan).map((item) => ({ kind, name, ...row(item) })))
  return {
    project,
    dryRun,
    versions: each(
      ({ create }) => create,
      ({ version }) => ({ version }),
    ),
    labels: each(
      ({ labels }) => labels,
      (move) => move,
    ),
    activated: each(
      ({ activate }) => activate,
      (version) => ({ version }),
    ),
    deactivated: each(
      ({ deactivate }) => deactivate,
      (version) => ({ version }),
    ),
    rollouts: each(
      ({ rollouts }) => rollouts,
      ({ label }) => ({ label }),
    ),
    unchanged: plans.reduce((sum, { plan }) => sum + plan.unchanged, 0),
  }
}
