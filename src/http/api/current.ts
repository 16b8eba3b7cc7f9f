import type { Answer } from '../answer.js'
import type { Services } from '../endpoint.js'
import { Problem } from '../problem.js'
import type { Resource } from '../resources.js'
import { readOne, type Shown } from './show.js'

/**
 * What a GET of a name answers now, for conditions of a write; `undefined` where it answers with 404. A name of which only other labels are
 * given is there too, as its newest active version.
 */
export function currentOf(resource: Resource, shown: Shown) {
  return async (services: Services, name: string, project: string, label?: string, version?: number): Promise<Answer | undefined> => {
    const { minRevision } = services
    const query = { project, ...(minRevision !== undefined && { minRevision }) }
    const read = (which: { readonly label?: string; readonly version?: number }) =>
      readOne(resource, shown, services, name, { ...query, ...which }).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return undefined
        throw error
      })
    if (version !== undefined) return read({ version })
    return label === undefined ? ((await read({})) ?? read({ label: 'latest' })) : read({ label })
  }
}
