import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import * as answers from './answers.js'
import type { Endpoint } from './endpoint.js'
import { TITLES } from './problem.js'
import { jsonSchemaOf } from './schemas.js'

/** Schemas of the document that have names. */
export type NamedSchemas = ReadonlyMap<v.GenericSchema, string>

const TAGS: Readonly<Record<string, string>> = {
  'context-rules': 'What matters, and what does not, in a context. Versions without labels: the highest active one is in force.',
  rollouts: 'A/B tests and gradual rollouts: labels that give some subjects other versions.',
  changelog: 'Who changed what, when and why.',
  events: 'Changes as they are made.',
  playground: 'Templates tried out, with and without a model.',
  cache: 'How the caches of a worker do.',
  health: 'For orchestrators and load balancers.',
  document: 'This document.',
}

/** The OpenAPI 3.1 document of the API, from the schemas its requests are checked by. */
export function openApiDocument(endpoints: readonly Endpoint[], named: NamedSchemas, root: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint, named) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Configuration of agents',
      version: '1.0.0',
      description: 'Prompts, models, embeddings and context rules. Errors are RFC 9457 problems.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: root, description: 'This host' }],
    security: [{ token: [] }, { session: [] }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({
      name,
      description: TAGS[name] ?? `Versions and labels of ${name}.`,
    })),
    paths,
    components: {
      schemas: {
        ...Object.fromEntries([...named].map(([schema, name]) => [name, jsonSchema(schema)])),
        Problem: jsonSchema(answers.ProblemAnswer),
      },
      responses: Object.fromEntries(
        [...new Set(endpoints.flatMap(statusesOf))].map((status) => [`Problem${status}`, problemResponse(status, TITLES[status] ?? '')]),
      ),
      parameters: {
        IfMatch: headerParameter('If-Match', 'Writes only while a GET of it still has this entity tag; else 412.'),
        IdempotencyKey: headerParameter(
          'Idempotency-Key',
          'Carried out once in 24 hours for each key: who sends it again gets the same answer.',
        ),
      },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of the host.' },
        session: { type: 'apiKey', in: 'cookie', name: 'session', description: "The host's own session, whatever its cookie is called." },
      },
    },
  }
}

function operation(endpoint: Endpoint, named: NamedSchemas): object {
  const { method, path, tag, summary, access, query, body, answer, status = 200, example, mediaType = 'application/json' } = endpoint
  const isKeyed = access === 'write' && method === 'POST'
  return {
    operationId: `${method.toLowerCase()}${path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: [tag],
    summary,
    // `[]` is for everybody.
    ...(access === 'open' && { security: [] }),
    parameters: [
      ...pathParameters(path),
      ...queryParameters(query),
      ...(access === 'write' && endpoint.current ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
      ...(isKeyed ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ],
    ...(body && {
      requestBody: {
        required: !acceptsNothing(body),
        content: { 'application/json': { schema: jsonSchema(body as v.GenericSchema), ...(example && { example }) } },
      },
    }),
    responses: {
      [status]: {
        description: 'Done',
        ...(status === 201 && { headers: { Location: { description: 'Where it can be read.', schema: { type: 'string' } } } }),
        content: { [mediaType]: { schema: answerSchema(answer as v.GenericSchema, named) } },
      },
      ...(endpoint.answersAlsoWith503 && {
        503: { description: 'It cannot', content: { 'application/json': { schema: answerSchema(answer as v.GenericSchema, named) } } },
      }),
      ...Object.fromEntries(statusesOf(endpoint).map((code) => [code, { $ref: `#/components/responses/Problem${code}` }])),
    },
  }
}

/** Problems that an endpoint may answer with. */
function statusesOf({ method, path, access, body, problems = [], answersAlsoWith503, isStatic }: Endpoint): readonly number[] {
  const isWrite = access === 'write'
  const statuses = [
    400,
    ...(access === 'open' ? [] : [401, 403]),
    ...(body ? [413, 415] : []),
    ...(isWrite ? [412] : []),
    // A key that is still running, or was sent with another request.
    ...(isWrite && method === 'POST' ? [409, 422] : []),
    ...problems,
    ...(isStatic || path === '/templates/check' || answersAlsoWith503 ? [] : [503]),
    500,
  ]
  return [...new Set(statuses)].sort((one, other) => one - other)
}

function acceptsNothing(body: Endpoint['body']): boolean {
  const { entries = {} } = body as { entries?: Record<string, { type: string }> }
  return Object.values(entries).every(({ type }) => type === 'optional')
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters(query: Endpoint['query']): object[] {
  return Object.entries(query?.entries ?? {}).map(([name, schema]) => {
    const isOptional = schema.type === 'optional'
    const inner = isOptional ? (schema as v.OptionalSchema<v.GenericSchema, undefined>).wrapped : schema
    const { description, ...rest } = jsonSchema(inner as v.GenericSchema, 'output')
    return { name, in: 'query', required: !isOptional, ...(description !== undefined && { description }), schema: rest }
  })
}

function headerParameter(name: string, description: string): object {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } }
}

function problemResponse(status: number, title: string): object {
  const retry = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } }
  return {
    description: title,
    ...((status === 429 || status === 503) && { headers: retry }),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

/** An answer that is a model of the document, or a page of one, refers to it. */
function answerSchema(answer: v.GenericSchema, named: NamedSchemas): object {
  const name = named.get(answer)
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` }
  const { entries } = answer as { entries?: { items?: { item?: v.GenericSchema } } }
  const schema = jsonSchema(answer)
  if (!entries?.items?.item) return schema
  return {
    ...schema,
    properties: { ...(schema.properties as object), items: { type: 'array', items: answerSchema(entries.items.item, named) } },
  }
}

function jsonSchema(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): Record<string, unknown> {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode,
    // Checks by a function have no form in JSON Schema.
    ignoreActions: ['check'],
    overrideSchema: ({ valibotSchema }) => jsonSchemaOf(valibotSchema),
  })
  return rest as Record<string, unknown>
}
