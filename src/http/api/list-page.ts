import type { HttpManager } from '../manager.js'
import type { Entity, Resource, ResourceListQuery, ResourceRepository } from '../resources.js'
import { cursorBefore } from '../versions.js'

/** What a list is asked for. */
export interface Asked extends ResourceListQuery {
  /** Only the versions of exactly this name. */
  readonly name?: string
  readonly total?: boolean
}

type Lists = Pick<ResourceRepository, 'list' | 'count'>

/** A page of the versions of a kind. */
export async function listPage(resource: Resource, manager: HttpManager, asked: Asked, show: (entity: Entity) => object): Promise<object> {
  const repository = resource.repository(manager)
  const page = await pageOf(repository, asked)
  return {
    items: page.items.map(show),
    ...(page.cursor !== undefined && { cursor: page.cursor }),
    ...(asked.total && { total: await totalOf(repository, asked) }),
  }
}

async function pageOf(repository: Lists, { name, total: _, ...query }: Asked): ReturnType<Lists['list']> {
  if (name === undefined) return repository.list(query)
  // A list by name and then newest first: the page begins where the name does, and ends with it.
  const page = await repository.list({ ...query, cursor: query.cursor ?? cursorBefore(name) })
  const items = page.items.filter((entity) => entity.name === name)
  return items.length < page.items.length ? { items } : page
}

const PAGE = 1_000

/** All entries of a list: counted by the repository if it can, else by reading it to its end. */
async function totalOf(repository: Lists, { limit: _limit, cursor: _cursor, ...asked }: Asked): Promise<number> {
  if (repository.count && asked.name === undefined) return repository.count(asked)
  let total = 0
  let cursor: string | undefined
  do {
    const page: Awaited<ReturnType<Lists['list']>> = await pageOf(repository, {
      ...asked,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    })
    total += page.items.length
    cursor = page.cursor
  } while (cursor !== undefined)
  return total
}
