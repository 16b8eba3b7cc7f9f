import { createHash } from 'node:crypto'
import type { ConfigurationManager } from 'agent-config'
import type * as v from 'valibot'
import type { AgentService } from '../parameters-agent.js'

/** What the endpoints work with. */
export interface Services {
  readonly manager: ConfigurationManager
  readonly agents: AgentService
  /** For the figures of the cache page only: the manager has its own connections. */
  readonly redis?: RedisStatistics | undefined
}

/** What the cache page asks Redis. */
export interface RedisStatistics {
  info(section: string): Promise<string>
  scan(cursor: string, match: 'MATCH', pattern: string, count: 'COUNT', size: number): Promise<[string, string[]]>
}

type ObjectSchema = v.ObjectSchema<v.ObjectEntries, undefined> | v.StrictObjectSchema<v.ObjectEntries, undefined>
type Schema = v.GenericSchema<unknown, unknown>
type Output<S> = S extends v.GenericSchema<unknown, infer Value> ? Value : undefined

/** A request that fits its schemas. */
export interface Call<Query, Body> {
  /** What stands in the path: `:name`, `:id`. */
  readonly params: { readonly [name: string]: string }
  readonly query: Query
  readonly body: Body
  /** The name of the token; for the changelog. */
  readonly actor: string
}

/** One call of the API: what it takes, what it gives, and how. The routes and the OpenAPI document are both made of these. */
export interface Endpoint {
  readonly method: 'get' | 'post' | 'delete'
  /** As Express writes it: `/prompts/:name`. */
  readonly path: string
  readonly summary: string
  /** Who may call it: anybody; readers, who need a token in production; writers, who always need one. */
  readonly access: 'open' | 'read' | 'write'
  readonly query?: ObjectSchema | undefined
  readonly body?: Schema | undefined
  readonly answer: Schema
  /** @default 200 */
  readonly status?: number
  /** Problems it may answer with beside the usual ones: their statuses. */
  readonly problems?: readonly number[]
  handle(call: Call<never, never>, services: Services): Promise<Answer | Written | object>
}

/** An answer with a status that only the handler knows. */
export class Answer {
  readonly status: number
  readonly body: object

  constructor(status: number, body: object) {
    this.status = status
    this.body = body
  }
}

/** An answer that is JSON already. */
export class Written {
  readonly bytes: Buffer
  readonly etag: string

  constructor(value: object) {
    this.bytes = Buffer.from(JSON.stringify(value))
    this.etag = `"${createHash('sha256').update(this.bytes).digest('base64url')}"`
  }
}

type TypedEndpoint<Query, Body> = Omit<Endpoint, 'query' | 'body' | 'handle'> & {
  readonly query?: Query
  readonly body?: Body
  handle(call: Call<Output<Query>, Output<Body>>, services: Services): Promise<Answer | Written | object>
}

/** Declares an endpoint; its handler sees the types of its schemas. */
export function endpoint<Query extends ObjectSchema | undefined = undefined, Body extends Schema | undefined = undefined>(
  declared: TypedEndpoint<Query, Body>,
): Endpoint {
  return declared as Endpoint
}
