import type { ObjectSchema } from './endpoint.js'
import { toSnake } from './wire.js'

/**
 * The parameters of a query. One that is given twice is a list, which no schema takes. `waitForWorkers` stands for `wait_for_workers`: the
 * library's names are understood too.
 */
export function parseQuery(search: string, schema: ObjectSchema): Record<string, unknown> {
  const query: Record<string, unknown> = Object.create(null)
  if (search === '') return query
  for (const [given, value] of new URLSearchParams(search)) {
    const name = !Object.hasOwn(schema.entries, given) && Object.hasOwn(schema.entries, toSnake(given)) ? toSnake(given) : given
    query[name] = name in query ? [query[name], value].flat() : value
  }
  return query
}
