import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import type { IdempotencyKeys } from '../entities/idempotency.js'
import { isConfigError } from '../shared/errors.js'
import type { Action, Actor } from './actor.js'
import { type Answer, API_HEADERS, isAnswer, jsonAnswer } from './answer.js'
import { type AccessRules, actorOf, permit } from './authentication.js'
import { checkBodyHeaders, refuseDeep } from './body.js'
import { RequestChecks } from './complaints.js'
import { compressed } from './compression.js'
import { type Conditions, conditionsOf, requireConditions, unlessKnown } from './conditions.js'
import type { Call, Endpoint, ObjectSchema, Services } from './endpoint.js'
import type { Exchange } from './exchange.js'
import { once } from './idempotency.js'
import { knownRevision } from './known-revision.js'
import { Problem, problemOf } from './problem.js'
import { parseQuery } from './query.js'
import { Routes } from './routes.js'
import { refuseCrossSite } from './safety.js'

/** What the API server is built from. */
export interface ApiParts {
  readonly endpoints: readonly Endpoint[]
  readonly services: Services
  readonly access: AccessRules
  readonly trustedOrigins: ReadonlySet<string>
  readonly keys: IdempotencyKeys
  readonly maxBodyBytes: number
  readonly onError: (error: unknown, facts: { readonly requestId: string; readonly path: string }) => void
}

const NO_QUERY = v.strictObject({})
/** Of each endpoint. */
const MOST_KEPT_QUERIES = 100
const LONGEST_KEPT_QUERY = 200
/** Of a write on condition, when others are faster again and again. */
const MOST_TRIES = 20
const REQUEST_ID = /^[\w.:-]{1,128}$/
const NOBODY: Actor = { name: 'nobody' }
const READ_EVERYTHING: Action = { verb: 'read', kind: 'all', project: '*', name: '*', labels: [] }

type AnyCall = Call<never, never>

/** Answers requests to the API. Never rejects: whatever goes wrong is a problem (RFC 9457). */
export class ApiServer {
  readonly #parts: ApiParts
  readonly #routes = new Routes<Endpoint>()
  readonly #queries = new Map<ObjectSchema, Map<string, unknown>>()

  constructor(parts: ApiParts) {
    this.#parts = parts
    for (const endpoint of parts.endpoints) this.#routes.add(endpoint.method, endpoint.path, endpoint)
  }

  /** @param path below the API's root */
  async serve(exchange: Exchange, path: string): Promise<Answer> {
    const given = exchange.header('x-request-id')
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID()
    const answer = await this.#answer(exchange, path).catch((error: unknown) => this.#problem(error, exchange, requestId))
    const { status, headers, body } = await compressed(
      unlessKnown(answer, exchange.header('if-none-match')),
      exchange.header('accept-encoding'),
    )
    return { status, headers: { ...headers, 'x-request-id': requestId }, body }
  }

  async #answer(exchange: Exchange, path: string): Promise<Answer> {
    const found = this.#routes.find(path)
    if (!found) throw new Problem(404, 'E_NO_ROUTE', `There is no ${exchange.method} ${exchange.root}${exchange.path}.`)
    if (!found.params) throw new Problem(400, 'E_MALFORMED', 'The path cannot be decoded.')
    if (exchange.method === 'OPTIONS') return { status: 204, headers: { ...API_HEADERS, allow: allowed(found.methods) } }
    const endpoint = found.methods.get(exchange.method === 'HEAD' ? 'GET' : exchange.method)
    if (!endpoint) throw wrongMethod(exchange.method, allowed(found.methods))
    refuseCrossSite(exchange, this.#parts.trustedOrigins)
    if (endpoint.access === 'open') return this.#carryOut(endpoint, await this.#read(endpoint, exchange, found.params, NOBODY))
    const actor = await actorOf(exchange, endpoint.access, this.#parts.access)
    // Before the body is read: an actor without the right to write cannot make the server read megabytes.
    if (endpoint.access === 'write' && actor.can === undefined) throw new Problem(403, 'E_FORBIDDEN', `"${actor.name}" may only read.`)
    return this.#serveActor(endpoint, actor, await this.#read(endpoint, exchange, found.params, actor), exchange)
  }

  async #serveActor(endpoint: Endpoint, actor: Actor, call: AnyCall, exchange: Exchange): Promise<Answer> {
    const { services, keys } = this.#parts
    await permit(actor, (await endpoint.action?.(call, services)) ?? READ_EVERYTHING)
    if (endpoint.access !== 'write') return this.#carryOut(endpoint, call)
    const conditions = conditionsOf(exchange)
    const work = () => (conditions ? this.#carryOutIf(conditions, endpoint, call) : this.#carryOut(endpoint, call))
    const key = endpoint.method === 'POST' ? exchange.header('idempotency-key') : undefined
    if (key === undefined) return work()
    const request = JSON.stringify([exchange.path, exchange.search, call.body])
    return once(keys, { actor: actor.name, key, request }, work)
  }

  /**
   * A write on condition. It notices what was changed after the comparison, and writes nothing: then the comparison is made again, because
   * what was changed may be another context rule of the project, or another version than the one that was named.
   */
  async #carryOutIf(conditions: Conditions, endpoint: Endpoint, call: AnyCall): Promise<Answer> {
    const { services } = this.#parts
    for (let tries = 1; ; tries++) {
      const ifUnchangedSince = endpoint.current && (await knownRevision(services.manager))
      requireConditions(conditions, await endpoint.current?.(call, { ...services, minRevision: ifUnchangedSince }))
      try {
        return await this.#carryOut(endpoint, { ...call, ifUnchangedSince })
      } catch (error) {
        if (!isConfigError(error, 'E_CHANGED') || tries === MOST_TRIES) throw error
      }
    }
  }

  /** The request as its endpoint declares it. */
  async #read(endpoint: Endpoint, exchange: Exchange, params: Record<string, string>, actor: Actor): Promise<AnyCall> {
    const { query: querySchema = NO_QUERY, body: bodySchema } = endpoint
    const sent = bodySchema ? await this.#body(exchange) : undefined
    const checks = new RequestChecks()
    const query = this.#query(exchange.search, querySchema, checks)
    const body = bodySchema && checks.check(bodySchema, sent ?? {}, 'body')
    checks.refuse()
    const { header, root, signal } = exchange
    return { params, query, body, actor: actor.name, identity: actor, api: `${root}/api`, signal, header } as Call as AnyCall
  }

  /** Clients send the same few queries over and over: none, or the revision that they know. Each is parsed once. */
  #query(search: string, schema: ObjectSchema, checks: RequestChecks): unknown {
    const known = this.#queries.get(schema) ?? new Map<string, unknown>()
    this.#queries.set(schema, known)
    if (known.has(search)) return known.get(search)
    const query = checks.check(schema, parseQuery(search, schema), 'query')
    if (checks.isClean && search.length <= LONGEST_KEPT_QUERY) {
      // Bounded, since clients choose the queries.
      if (known.size >= MOST_KEPT_QUERIES) known.clear()
      known.set(search, Object.freeze(query))
    }
    return query
  }

  async #body(exchange: Exchange): Promise<unknown> {
    const hasBody = exchange.header('transfer-encoding') !== undefined || exchange.header('content-length') !== '0'
    // Without a type and a length there is probably no body; reading it shows whether there is.
    if (hasBody && exchange.header('content-type') !== undefined) checkBodyHeaders(exchange.header, this.#parts.maxBodyBytes)
    const body = hasBody ? await exchange.json(this.#parts.maxBodyBytes) : undefined
    if (body !== undefined) checkBodyHeaders(exchange.header, this.#parts.maxBodyBytes)
    refuseDeep(body)
    return body
  }

  async #carryOut(endpoint: Endpoint, call: AnyCall): Promise<Answer> {
    const answer = await endpoint.handle(call, this.#parts.services)
    return isAnswer(answer) ? answer : jsonAnswer(endpoint.status ?? 200, answer)
  }

  #problem(error: unknown, { method, root, path, header }: Exchange, requestId: string): Answer {
    const hasBody = method === 'POST' && header('content-length') !== '0'
    const { body, headers, isForeseen } = problemOf(error, hasBody)
    const instance = `${root}${path}`
    if (!isForeseen) this.#report(error, { requestId, path: instance })
    const problem = { ...body, instance, request_id: requestId }
    return jsonAnswer(body.status, problem, { ...headers, 'content-type': 'application/problem+json; charset=utf-8' })
  }

  #report(error: unknown, facts: { readonly requestId: string; readonly path: string }): void {
    try {
      this.#parts.onError(error, facts)
    } catch {
      // `onError` failed: the caller still gets an answer.
    }
  }
}

/** The value of the header `Allow`. */
function allowed(methods: ReadonlyMap<string, unknown>): string {
  return ['OPTIONS', ...methods.keys(), ...(methods.has('GET') ? ['HEAD'] : [])].sort().join(', ')
}

function wrongMethod(method: string, allow: string): Problem {
  return new Problem(405, 'E_METHOD', `This path takes ${allow}, not ${method}.`, { headers: { allow } })
}
