import type { HttpManager } from '../manager.js'
import type { Entity, Resource, ResourceListQuery } from '../resources.js'
import { answerPage } from './answer-page.js'

/** The parameters of a list. */
export interface Asked extends ResourceListQuery {
  readonly total?: boolean
}

/** A page of the versions of a kind. */
export function listPage(
  resource: Resource,
  manager: HttpManager,
  { total, ...query }: Asked,
  show: (entity: Entity) => object,
): Promise<object> {
  const repository = resource.repository(manager)
  const { limit: _limit, cursor: _cursor, ...counted } = query
  return answerPage(manager, show, async () => {
    const [page, all] = await Promise.all([repository.list(query), total ? repository.count(counted) : undefined])
    return { ...page, total: all }
  })
}
