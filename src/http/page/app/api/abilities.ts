import { signal } from '@preact/signals'
import { get } from './call.js'

interface Operation {
  readonly method: string
  readonly pattern: RegExp
  readonly query: ReadonlySet<string>
}
type Document = {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, { readonly parameters?: readonly { name?: string; in?: string }[] }>>>>
}

const operations = signal<readonly Operation[]>([])

/** Reads from the API's own document what it can do. An older or smaller API than this page then shows fewer buttons. */
export async function learnAbilities(): Promise<void> {
  const { paths = {} } = await get<Document>('/openapi.json', {}, { asks: false })
  operations.value = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]*\}/g, '[^/]+')}$`),
      query: new Set(parameters.flatMap(({ name, in: place }) => (place === 'query' && name ? [name] : []))),
    })),
  )
}

/** Whether the API has this call: `can('POST', '/prompts/greeting/activate')`. */
export function can(method: string, path: string): boolean {
  return operations.value.some((operation) => operation.method === method && operation.pattern.test(path))
}

/** Whether that call takes this query parameter. */
export function takes(method: string, path: string, parameter: string): boolean {
  return operations.value.some((operation) => operation.method === method && operation.pattern.test(path) && operation.query.has(parameter))
}
