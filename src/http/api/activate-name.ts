import type { ChangelogQuery, HttpManager } from '../manager.js'
import { notFound } from '../problem.js'
import type { Entity, Resource } from '../resources.js'

interface Request {
  readonly name: string
  readonly project: string
  readonly changedBy: string
  readonly summary?: string
  readonly waitForWorkers?: number
  readonly ifUnchangedSince?: number
}

const LAST_CHANGES = 1_000

/**
 * Activates the versions that the last deactivation of a name deactivated; versions that were inactive before it stay so. One transaction.
 *
 * @throws {Problem} 404 when the name has no version
 */
export async function activateName(resource: Resource, manager: HttpManager, request: Request): Promise<Entity> {
  const { name, project } = request
  const repository = resource.repository(manager)
  const versions = await repository.versions({ name, project })
  if (versions.length === 0) throw notFound(`There is no ${resource.noun} "${name}".`)
  const inactive = versions.filter(({ isActive }) => !isActive).map(({ version }) => version)
  const last = await lastDeactivated(resource, manager, request)
  const taken = inactive.filter((version) => last.has(version))
  const chosen = taken.length > 0 ? taken : inactive
  const [only, ...others] = chosen
  if (only !== undefined && others.length === 0) return repository.activate({ ...request, version: only })
  const { waitForWorkers, ...each } = request
  if (only === undefined) return (await repository.find({ name, project })) as Entity
  const { facts } = await manager.transactionWithFacts(
    async (repositories) => {
      const writes = resource.repository(repositories as unknown as HttpManager)
      for (const version of chosen) await writes.activate({ ...each, version })
    },
    { changedBy: request.changedBy, ...(waitForWorkers !== undefined && { waitForWorkers }) },
  )
  return { ...((await repository.find({ name, project })) as Entity), ...facts }
}

/** The versions that the last deactivation of a name took, from the changelog: one row for each, all of one revision. */
async function lastDeactivated({ kind }: Resource, manager: HttpManager, { name, project }: Request): Promise<ReadonlySet<number | null>> {
  const query = { kind: kind as NonNullable<ChangelogQuery['kind']>, name, project, limit: LAST_CHANGES }
  const changes = (await manager.changelog.list(query)).items.filter(({ changeType }) => changeType === 'deactivate')
  return new Set(changes.filter(({ revision }) => revision === changes[0]?.revision).map(({ newVersion }) => newVersion))
}
