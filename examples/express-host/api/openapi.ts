import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import * as answers from './answers.js'
import type { Endpoint } from './endpoint.js'

const MODELS = {
  Prompt: answers.Prompt,
  ModelConfig: answers.ModelConfig,
  EmbeddingConfig: answers.EmbeddingConfig,
  ContextRule: answers.ContextRule,
  Rollout: answers.Rollout,
  ConfigChange: answers.ConfigChange,
  Problem: answers.Problem,
}
const EVENTS = {
  get: {
    operationId: 'getEvents',
    summary: 'Server-sent events: `ready`, then a `change` for every change',
    security: [{}, { token: [] }],
    responses: { 200: { description: 'A stream', content: { 'text/event-stream': { schema: { type: 'string' } } } } },
  },
}

/** The OpenAPI 3.1 document of the API, from the schemas its requests are checked by. */
export function openApiDocument(endpoints: readonly Endpoint[], base: string): object {
  const paths: Record<string, Record<string, object>> = { '/events': EVENTS }
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method]: operation(endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Configuration of agents',
      version: '1.0.0',
      description: 'Prompts, models, embeddings and context rules. Errors are RFC 9457 problems.',
    },
    servers: [{ url: base }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(MODELS).map(([name, schema]) => [name, jsonSchema(schema)])),
      responses: { Problem: { description: 'A problem', content: { 'application/problem+json': { schema: reference('Problem') } } } },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operation({ method, path, summary, access, query, body, answer, status = 200, problems = [] }: Endpoint): object {
  const statuses = [
    ...(query || body ? [400] : []),
    ...(access === 'open' ? [] : [401]),
    ...(access === 'write' ? [403] : []),
    ...problems,
    503,
  ]
  return {
    operationId: `${method}${path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    // Readers need a token in production only; `{}` is "or none".
    ...(access !== 'open' && { security: access === 'write' ? [{ token: [] }] : [{}, { token: [] }] }),
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body) } } } }),
    responses: {
      [status]: { description: 'Done', content: { 'application/json': { schema: answerSchema(answer) } } },
      ...Object.fromEntries(statuses.map((code) => [code, { $ref: '#/components/responses/Problem' }])),
    },
  }
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters(query: Endpoint['query']): object[] {
  return Object.entries(query?.entries ?? {}).map(([name, schema]) => {
    const isOptional = schema.type === 'optional'
    const { description, ...rest } = jsonSchema(
      isOptional ? (schema as v.OptionalSchema<v.GenericSchema, undefined>).wrapped : schema,
      'output',
    )
    return { name, in: 'query', required: !isOptional, ...(description !== undefined && { description }), schema: rest }
  })
}

/** An answer that is a model of the document, or a list of one, refers to it. */
function answerSchema(answer: v.GenericSchema): object {
  const known = Object.entries(MODELS).find(([, schema]) => schema === answer)
  if (known) return reference(known[0])
  const { item, entries } = answer as { item?: v.GenericSchema; entries?: { items?: { item?: v.GenericSchema } } }
  if (item) return { type: 'array', items: answerSchema(item) }
  const schema = jsonSchema(answer)
  if (!entries?.items?.item) return schema
  return { ...schema, properties: { ...(schema.properties as object), items: { type: 'array', items: answerSchema(entries.items.item) } } }
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` }
}

function jsonSchema(schema: v.GenericSchema, typeMode: 'input' | 'output' = 'input'): Record<string, unknown> {
  const { $schema: _, ...rest } = toJsonSchema(schema, { target: 'draft-2020-12', typeMode })
  return rest as Record<string, unknown>
}
