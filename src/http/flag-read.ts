import type { Flag } from '../entities/flag.js'
import { defaultsOf, type HttpManager } from './manager.js'
import type { ReadQuery } from './read-query.js'

/**
 * One version of a flag, from PostgreSQL. A read through the caches gives a value of the type of a fallback, and an HTTP client has
 * neither; only the split of a rollout is asked of it.
 */
export async function readFlag(
  manager: HttpManager,
  name: string,
  { subject, minRevision, version, ...query }: ReadQuery,
): Promise<Flag | undefined> {
  const asked = { name, ...(query.project !== undefined && { project: query.project }) }
  if (version !== undefined) return manager.flags.find({ ...asked, version })
  const label = query.label ?? defaultsOf(manager).label
  const found = await manager.flags.find({ ...asked, label })
  if (!found || subject === undefined) return found
  const options = { ...query, label, subject, ...(minRevision !== undefined && { minRevision }) }
  const details = await manager.getFlagDetails(name, found.value, options)
  if (details.version === undefined || details.reason === 'fallback') return found
  const { reason, rolloutId } = details
  const selection = { label, version: details.version, reason, ...(rolloutId !== undefined && { rolloutId }) }
  const split = details.version === found.version ? found : await manager.flags.find({ ...asked, version: details.version })
  return split && { ...split, selection }
}
