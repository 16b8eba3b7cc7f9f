import type { HttpManager } from './manager.js'
import type { Entity, Resource, ResourceListQuery, ResourceRepository } from './resources.js'

const PAGE = 1_000

/** Where the versions of one name begin in a list by name and then newest first: after a version that no entity has. */
export function cursorBefore(name: string): string {
  return Buffer.from(JSON.stringify([name, 2 ** 31])).toString('base64url')
}

/**
 * The versions of exactly one name, newest first. `search` of a list finds parts of names, which another name may bury under a thousand
 * versions of its own.
 */
export async function versionsOf(
  resource: Resource,
  manager: HttpManager,
  { name, project, ...query }: { readonly name: string } & Omit<ResourceListQuery, 'cursor' | 'search'>,
): Promise<readonly Entity[]> {
  const repository = resource.repository(manager)
  const versions: Entity[] = []
  let cursor: string | undefined = cursorBefore(name)
  while (cursor !== undefined) {
    const page: Awaited<ReturnType<ResourceRepository['list']>> = await repository.list({
      ...(project !== undefined && { project }),
      limit: PAGE,
      ...query,
      cursor,
    })
    const own = page.items.filter((entity) => entity.name === name)
    versions.push(...own)
    if (query.limit !== undefined || own.length < page.items.length) break
    cursor = page.cursor
  }
  return versions
}

/** Whether there is any version of a name, active or not. */
export async function hasVersions(resource: Resource, manager: HttpManager, target: { name: string; project: string }): Promise<boolean> {
  return (await versionsOf(resource, manager, { ...target, activeOnly: false, limit: 1 })).length > 0
}
