import type * as v from 'valibot'
import type { LLMRegistry } from '../llm/llm-registry.js'
import type { Action, Actor } from './actor.js'
import type { Answer } from './answer.js'
import type { Defaults, HttpManager } from './manager.js'
import type { RedisStatistics } from './redis-statistics.js'
import type { RunLimiter } from './run-limiter.js'

/** The parts that endpoints use. */
export interface Services {
  readonly manager: HttpManager
  readonly defaults: Defaults
  readonly llm?: LLMRegistry | undefined
  readonly runs: RunLimiter
  readonly redisStatistics?: RedisStatistics | undefined
  /** What a condition is compared with has to be at least this new. */
  readonly minRevision?: number | undefined
}

export type ObjectSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>
type Schema = v.GenericSchema<unknown, unknown>
type Output<S> = S extends v.GenericSchema<unknown, infer Value> ? Value : undefined

/** A request that fits its schemas. */
export interface Call<Query = Record<string, unknown>, Body = unknown> {
  /** The values of the path's parameters: `:name`, `:id`. */
  readonly params: { readonly [name: string]: string }
  readonly query: Query
  readonly body: Body
  /** The actor's name, for the changelog. */
  readonly actor: string
  /** The actor, with its `can`. */
  readonly identity: Actor
  /** Where the API is: `/config/api`. */
  readonly api: string
  /** The revision in which the conditions of this write were true. */
  readonly ifUnchangedSince?: number | undefined
  /** Ends when the client goes away. */
  signal(): AbortSignal
  /** A header of the request, by its name in lower case. */
  header(name: string): string | undefined
}

/** One call of the API: what it takes, what it gives, and how. The routes and the OpenAPI document are both made of these. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** `/prompts/:name` */
  readonly path: string
  readonly summary: string
  /** The group it stands in, in the document: `prompts`. */
  readonly tag: string
  /** Who may call it: anybody; actors who may read; actors who may write. */
  readonly access: 'open' | 'read' | 'write'
  readonly query?: ObjectSchema | undefined
  readonly body?: Schema | undefined
  readonly answer: Schema
  /** @default 200 */
  readonly status?: number
  /** Problems it may answer with beside the usual ones: their statuses. */
  readonly problems?: readonly number[]
  /** A body that works, for the document. */
  readonly example?: object
  /** @default 'application/json' */
  readonly mediaType?: string
  /** Whether a 503 has the answer's own form, rather than that of a problem. */
  readonly answersAlsoWith503?: boolean
  /** Whether it asks no server. */
  readonly isStatic?: boolean
  /** The action that `can` is asked about. @default a read of everything */
  action?(call: Call<never, never>, services: Services): Action | Promise<Action>
  /** What `If-Match` is compared with: the answer that a GET of it gives now, if there is one. */
  current?(call: Call<never, never>, services: Services): Promise<Answer | undefined>
  handle(call: Call<never, never>, services: Services): Promise<Answer | object>
}

type TypedEndpoint<Query, Body> = Omit<Endpoint, 'query' | 'body' | 'handle' | 'action' | 'current'> & {
  readonly query?: Query
  readonly body?: Body
  action?(call: Call<Output<Query>, Output<Body>>, services: Services): Action | Promise<Action>
  current?(call: Call<Output<Query>, Output<Body>>, services: Services): Promise<Answer | undefined>
  handle(call: Call<Output<Query>, Output<Body>>, services: Services): Promise<Answer | object>
}

/** Declares an endpoint; its handler sees the types of its schemas. */
export function endpoint<Query extends ObjectSchema | undefined = undefined, Body extends Schema | undefined = undefined>(
  declared: TypedEndpoint<Query, Body>,
): Endpoint {
  return declared as Endpoint
}
