import type { ConfigHandler } from 'agent-config/http'
import type { Express } from 'express'
import { apiDocument } from './api-document.js'
import { addMemoryKind } from './memory-kind.js'

const TOOL_SCHEMA = {
  type: 'object',
  required: ['description'],
  properties: {
    description: { type: 'string', description: 'What the model reads.' },
    mode: { type: 'string', enum: ['auto', 'always', 'never'] },
    timeout_seconds: { type: 'integer', minimum: 1, maximum: 600 },
    is_cached: { type: 'boolean' },
    input_schema: { type: 'object' },
  },
}
const KINDS = [
  { kind: 'tool', plural: 'tools', noun: 'tool', schema: TOOL_SCHEMA, protected_labels: ['production'] },
  { kind: 'policy', plural: 'policies', noun: 'policy' },
]

/** Kinds that the handler does not serve, in memory, and what tells the page of them. */
export function addDeclaredKinds(app: Express, base: string, handler: ConfigHandler): void {
  app.get(`${base}/kinds`, (_request, response) => void response.json({ items: KINDS }))
  app.get(`${base}/openapi.json`, async (_request, response) => {
    const { paths, ...document } = await apiDocument(handler)
    response.json({ ...document, paths: { ...paths, '/kinds': { get: {} } } })
  })
  // The handler refuses questions about kinds that it does not know.
  app.get([`${base}/rollouts`, `${base}/changelog`], ({ query }, response, next) => {
    if (KINDS.some(({ kind }) => kind === query.kind)) response.json({ items: [] })
    else next()
  })
  for (const { kind, plural } of KINDS) addMemoryKind(app, `${base}/${plural}`, kind)
}
