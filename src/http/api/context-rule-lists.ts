import type { ContextRule } from '../../entities/context-rule.js'
import type { HttpManager } from '../manager.js'
import { cursorBefore } from '../versions.js'
import type { Asked } from './list-page.js'

const PAGE = 1_000

/** A page of the versions of context rules, of all contexts or of exactly one. */
export async function rulesPage(manager: HttpManager, asked: Omit<Asked, 'label'>, show: (rule: ContextRule) => object): Promise<object> {
  const page = await pageOf(manager, asked)
  return {
    items: page.items.map(show),
    ...(page.cursor !== undefined && { cursor: page.cursor }),
    ...(asked.total && { total: await totalOf(manager, asked) }),
  }
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
export async function hasRules(manager: HttpManager, target: { context: string; project: string }): Promise<number | undefined> {
  const { context: name, project } = target
  return (await pageOf(manager, { name, project, activeOnly: false, limit: 1 })).items[0]?.version
}

async function pageOf({ contextRules }: HttpManager, { name, total: _, ...query }: Asked): ReturnType<HttpManager['contextRules']['list']> {
  if (name === undefined) return contextRules.list(query)
  const page = await contextRules.list({ ...query, cursor: query.cursor ?? cursorBefore(name) })
  const items = page.items.filter(({ context }) => context === name)
  return items.length < page.items.length ? { items } : page
}

async function totalOf(manager: HttpManager, { limit: _limit, cursor: _cursor, ...asked }: Asked): Promise<number> {
  let total = 0
  let cursor: string | undefined
  do {
    const page: Awaited<ReturnType<typeof pageOf>> = await pageOf(manager, {
      ...asked,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    })
    total += page.items.length
    cursor = page.cursor
  } while (cursor !== undefined)
  return total
}
