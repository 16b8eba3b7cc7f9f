import express, { type Express, type RequestHandler } from 'express'
import * as v from 'valibot'
import { type AdminToken, findToken } from '../environment.js'
import { CONTEXT_RULES } from './context-rules.js'
import { Answer, type Endpoint, type Services, Written } from './endpoint.js'
import { streamEvents } from './events.js'
import { labelledEndpoints } from './labelled.js'
import { openApiDocument } from './openapi.js'
import { OPERATIONS } from './operations.js'
import { Problem } from './problem.js'
import { EMBEDDINGS, MODELS, PROMPTS } from './resources.js'
import { ROLLOUTS } from './rollouts.js'

export const ENDPOINTS: readonly Endpoint[] = [
  ...labelledEndpoints(PROMPTS),
  ...labelledEndpoints(MODELS),
  ...labelledEndpoints(EMBEDDINGS),
  ...CONTEXT_RULES,
  ...ROLLOUTS,
  ...OPERATIONS,
]

/** A template of 1 MiB, escaped as JSON. */
const BODY_LIMIT = '2.5mb'

export interface AccessRules {
  readonly tokens: readonly AdminToken[]
  /** Whether reads need a token too. */
  readonly isProduction: boolean
}

/** Adds the API to an app, below `base`. Routes of the app itself: a router of its own would take a tenth of a cached read's time. */
export function addApi(app: Express, base: string, services: Services, rules: AccessRules): void {
  const document = openApiDocument(ENDPOINTS, base)
  const readers = guard('read', rules)
  for (const endpoint of ENDPOINTS) {
    // The token is asked for before the body is read: strangers send no megabytes.
    const parse = endpoint.body ? [requireJson, express.json({ limit: BODY_LIMIT })] : []
    app[endpoint.method](base + endpoint.path, guard(endpoint.access, rules), ...parse, answering(endpoint, services))
  }
  app.get(`${base}/openapi.json`, readers, (_request, response) => void response.json(document))
  app.get(`${base}/events`, readers, streamEvents(services.manager))
}

/** An endpoint as an Express handler. Express 5 hands what it rejects with to the error handler. */
export function answering(endpoint: Endpoint, services: Services): RequestHandler {
  const { query: querySchema = NO_QUERY, body: bodySchema, status = 200 } = endpoint
  return async (request, response) => {
    const query = check(querySchema, request.query)
    const body = bodySchema && check(bodySchema, request.body ?? {})
    const actor: string = response.locals.actor ?? 'unknown'
    const answer = await endpoint.handle({ params: request.params, query, body, actor } as never, services)
    if (answer instanceof Written) {
      response.setHeader('ETag', answer.etag)
      response.setHeader('Content-Type', JSON_TYPE)
      response.send(answer.bytes)
    } else if (answer instanceof Answer) response.status(answer.status).json(answer.body)
    else response.status(status).json(answer)
  }
}

const NO_QUERY = v.strictObject({})
const JSON_TYPE = 'application/json; charset=utf-8'

function guard(access: Endpoint['access'], { tokens, isProduction }: AccessRules): RequestHandler {
  return (request, response, next) => {
    const token = findToken(tokens, request.headers.authorization)
    response.locals.actor = token?.name
    if (access === 'open' || token || (access === 'read' && !isProduction)) return next()
    if (tokens.length === 0)
      throw new Problem(403, 'E_READ_ONLY', 'This host serves reads only: it was started without CONFIG_ADMIN_TOKEN.')
    throw new Problem(401, 'E_UNAUTHENTICATED', 'Send the header "Authorization: Bearer <token>" with a token of CONFIG_ADMIN_TOKEN.')
  }
}

const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  if (hasBody && !request.is('application/json')) throw new Problem(415, 'E_NOT_JSON', 'Send the body as application/json.')
  next()
}

function check<Value>(schema: v.GenericSchema<unknown, Value>, value: unknown): Value {
  const result = v.safeParse(schema, value, { abortPipeEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const field = v.getDotPath(issue) ?? undefined
  throw new Problem(400, 'E_INVALID_ARGUMENT', field ? `${field}: ${issue.message}` : issue.message, field)
}
