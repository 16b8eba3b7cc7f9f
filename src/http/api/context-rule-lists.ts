import type { ContextRule } from '../../entities/context-rule.js'
import type { HttpManager } from '../manager.js'
import { answerPage } from './answer-page.js'
import type { Asked } from './list-page.js'

/** A page of the versions of context rules, of all contexts or of exactly one. */
export function rulesPage(
  manager: HttpManager,
  { name, total, ...asked }: Omit<Asked, 'label'>,
  show: (rule: ContextRule) => object,
): Promise<object> {
  const { contextRules } = manager
  const query = { ...asked, ...(name !== undefined && { context: name }) }
  const { limit: _limit, cursor: _cursor, ...counted } = query
  return answerPage(manager, show, async () => {
    const [page, all] = await Promise.all([contextRules.list(query), total ? contextRules.count(counted) : undefined])
    return { ...page, total: all }
  })
}

/** The rule in force in a context, from the cache; or one version, from PostgreSQL. */
export async function findRule(
  manager: HttpManager,
  { context, version, ...query }: { context: string; project?: string; version?: number; minRevision?: number },
): Promise<ContextRule | undefined> {
  if (version === undefined) return (await manager.getContextRules(context, query))[0]
  return manager.contextRules.find({ context, version, ...(query.project !== undefined && { project: query.project }) })
}

/** The highest version of a context, active or not; `undefined` when there is none. */
export async function highestRule(
  { contextRules }: HttpManager,
  target: { context: string; project: string },
): Promise<number | undefined> {
  return (await contextRules.list({ ...target, activeOnly: false, limit: 1 })).items[0]?.version
}
