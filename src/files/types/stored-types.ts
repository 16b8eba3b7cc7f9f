import type { ConfigurationManager } from '../../manager/configuration-manager.js'
import { wantedVersions } from '../wanted-versions.js'
import type { TypedProject } from './print-types.js'

const PAGE = 200

/** What a project of the database holds: of each entity the version that readers get, and every label that an active version carries. */
export async function storedTypes(manager: ConfigurationManager): Promise<TypedProject> {
  await manager.ready()
  const { wanted } = await wantedVersions(manager, manager.project, {})
  const entities = [...wanted.values()].map(({ kind, name, content }) => ({ kind: kind.kind, name, content }))
  return { entities, labels: await labelsOf(manager) }
}

async function labelsOf({ kinds, project }: ConfigurationManager): Promise<readonly string[]> {
  const labels = new Set<string>()
  for (const { repository } of kinds) {
    let cursor: string | undefined
    do {
      const page = await repository.list({ project, limit: PAGE, ...(cursor !== undefined && { cursor }) })
      for (const version of page.items) for (const label of version.labels) labels.add(label)
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  return [...labels]
}
