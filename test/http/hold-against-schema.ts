import { LLMRegistry } from 'agent-config/llm'
import { FakeLLMClient } from 'agent-config/testing'
import * as v from 'valibot'
import { createApi } from '../../src/http/api/endpoints.js'
import type { HttpManager } from '../../src/http/manager.js'
import { resourcesOf } from '../../src/http/resources.js'

const { endpoints } = createApi(resourcesOf({} as HttpManager), new LLMRegistry([new FakeLLMClient([])]))

/** What an answer was. */
interface Reply {
  readonly status: number
  readonly body: unknown
}

/** The document would lie if an answer had more, less or other fields than it says. */
export function holdAgainstSchema(method: string, path: string, { status, body }: Reply): void {
  const pathname = path.split('?')[0] as string
  const endpoint = endpoints.find((candidate) => candidate.method === method && matches(candidate.path, pathname))
  if (!endpoint || status >= 400 || status === 304) return
  if (status !== (endpoint.status ?? 200)) throw new Error(`${method} ${path} answers with ${status}, not ${endpoint.status ?? 200}.`)
  const { issues } = v.safeParse(endpoint.answer, body)
  if (issues) throw new Error(`${method} ${path}: ${issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`).join('; ')}`)
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path)
}
