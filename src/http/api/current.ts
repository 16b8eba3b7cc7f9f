import type { Answer } from '../answer.js'
import type { Services } from '../endpoint.js'
import { Problem } from '../problem.js'
import type { Resource } from '../resources.js'
import { readOne, type Shown } from './show.js'

/** What a GET of a name answers now, for `If-Match`; `undefined` where it answers with 404. */
export function currentOf(resource: Resource, shown: Shown) {
  return async (services: Services, name: string, project: string, label?: string, version?: number): Promise<Answer | undefined> => {
    const query = { project, ...(label !== undefined && { label }), ...(version !== undefined && { version }) }
    try {
      return await readOne(resource, shown, services, name, query)
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return undefined
      throw error
    }
  }
}
