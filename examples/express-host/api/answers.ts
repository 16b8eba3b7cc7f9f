import * as v from 'valibot'
import { Format, JsonObject, Kind, LabelledKind, Template } from './schemas.js'

// Answers, for the OpenAPI document. A test holds every answer against its schema.

const integer = v.pipe(v.number(), v.integer())
const orNull = <S extends v.GenericSchema>(schema: S) => v.nullable(schema)

const Selection = v.strictObject({
  label: v.string(),
  version: integer,
  rollout_id: v.optional(v.string()),
  arm: v.optional(integer),
  reason: v.picklist(['split', 'label', 'forced', 'version', 'no-subject', 'paused', 'condition']),
})
const row = {
  id: integer,
  project: v.string(),
  version: integer,
  is_active: v.boolean(),
  created_by: orNull(v.string()),
  created_at: v.string(),
}
const answered = {
  ...row,
  name: v.string(),
  labels: v.array(v.string()),
  revision: integer,
  source: v.picklist(['memory', 'redis', 'database', 'snapshot', 'fallback']),
  stale: v.boolean(),
  selection: Selection,
  propagated: v.optional(v.pipe(v.boolean(), v.description('After a write: whether other workers were told.'))),
}

export const Prompt = v.strictObject({
  ...answered,
  type: v.picklist(['text', 'chat']),
  template: Template,
  template_format: Format,
  variables: v.array(v.string()),
  description: orNull(v.string()),
  model: orNull(v.string()),
  parameters: JsonObject,
})
export const ModelConfig = v.strictObject({
  ...answered,
  provider: v.string(),
  model_name: v.string(),
  parameters: JsonObject,
  fallbacks: v.array(JsonObject),
})
export const EmbeddingConfig = v.strictObject({
  ...answered,
  embedding_model: v.string(),
  chunk_size: integer,
  chunk_overlap: integer,
  chunking_strategy: v.string(),
  parameters: JsonObject,
})
export const ContextRule = v.strictObject({
  ...row,
  name: v.string(),
  important: orNull(v.string()),
  ignore: orNull(v.string()),
  description: orNull(v.string()),
  revision: v.optional(integer),
  propagated: v.optional(v.boolean()),
})
export const ConfigChange = v.strictObject({
  id: integer,
  revision: integer,
  config_type: v.picklist([...Kind.options, 'all']),
  config_id: orNull(integer),
  config_name: v.string(),
  project: v.string(),
  previous_version: orNull(integer),
  new_version: orNull(integer),
  change_type: v.string(),
  change_summary: orNull(v.string()),
  previous_data: orNull(JsonObject),
  new_data: orNull(JsonObject),
  changed_by: orNull(v.string()),
  changed_at: v.string(),
})
export const Rollout = v.strictObject({
  id: v.string(),
  kind: LabelledKind,
  project: v.string(),
  name: v.string(),
  label: v.string(),
  arms: v.array(v.strictObject({ version: integer, weight: v.number() })),
  coverage: v.pipe(v.number(), v.description('Percent of subjects in the rollout.')),
  sticky: v.boolean(),
  forced: v.optional(v.record(v.string(), integer)),
  when: v.optional(JsonObject),
  schedule: v.optional(v.array(v.strictObject({ at: v.string(), coverage: v.number() }))),
  status: v.picklist(['running', 'paused', 'concluded']),
  winner: v.optional(integer),
  record_exposures: v.boolean(),
  created_by: orNull(v.string()),
  created_at: v.string(),
  revision: v.optional(integer),
  propagated: v.optional(v.boolean()),
})
export const Diff = v.strictObject({
  lines: v.array(v.strictObject({ type: v.picklist(['same', 'added', 'removed']), text: v.string() })),
  fields: v.array(v.strictObject({ field: v.string(), from: v.optional(v.any()), to: v.optional(v.any()) })),
})
export const pageOf = <S extends v.GenericSchema>(item: S) => v.strictObject({ items: v.array(item), cursor: orNull(v.string()) })
export const Deactivated = v.strictObject({ deactivated: integer })
export const Refreshed = v.strictObject({ status: v.literal('refreshed'), type: v.string() })
export const Checked = v.strictObject({ variables: v.array(v.string()) })

const upOrDown = v.picklist(['up', 'down', 'off'])
const ratio = v.pipe(orNull(v.number()), v.description('Hits of all reads since the start, 0 to 1; null before the first read.'))
export const CacheStats = v.strictObject({
  connected: v.boolean(),
  used_memory: orNull(v.string()),
  cached_keys: integer,
  hit_ratio: v.strictObject({ memory: ratio, redis: ratio }),
  memory: v.strictObject({ hits: integer, misses: integer, entries: integer, bytes: integer }),
  redis: v.strictObject({ hits: integer, misses: integer, state: upOrDown }),
  database: v.strictObject({ loads: integer, state: upOrDown }),
  revision: orNull(integer),
  lag: integer,
  worker: v.pipe(integer, v.description('The process that answered; each has counters of its own.')),
})
export const Alive = v.strictObject({ status: v.literal('ok') })
export const Health = v.strictObject({
  ok: v.boolean(),
  database: upOrDown,
  redis: upOrDown,
  subscriber: upOrDown,
  revision: v.optional(integer),
  last_verified_at: v.optional(v.string()),
})
const Used = v.object({ version: v.optional(orNull(integer)), source: v.optional(v.string()) })
export const AgentAnswer = v.strictObject({
  parameters: v.any(),
  run_id: v.string(),
  prompt: orNull(v.looseObject({ ...Used.entries, name: v.string() })),
  model: orNull(v.looseObject({ ...Used.entries, provider: v.string(), model: v.string() })),
  duration_ms: v.number(),
})
export const Problem = v.looseObject({
  type: v.string(),
  title: v.string(),
  status: integer,
  detail: v.string(),
  instance: v.string(),
  code: v.pipe(v.string(), v.description('Stable; see docs/errors.md.')),
  field: v.optional(v.pipe(v.string(), v.description('What of the request it is about.'))),
})
