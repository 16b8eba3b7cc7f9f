import * as v from 'valibot'
import { answerEntries } from './fields.js'
import { CONTEXT_RULES, type Resource } from './resources.js'
import { AnyJson, JsonObject } from './schemas.js'

// Answers, for the OpenAPI document. A test holds every answer against its schema.

const integer = v.pipe(v.number(), v.integer())

const Selection = v.strictObject({
  label: v.string(),
  version: integer,
  rollout_id: v.optional(v.string()),
  arm: v.optional(integer),
  reason: v.picklist(['split', 'label', 'forced', 'version', 'no-subject', 'paused', 'condition']),
})
const row = {
  kind: v.optional(v.string()),
  id: integer,
  project: v.string(),
  version: integer,
  is_active: v.boolean(),
  created_by: v.nullable(v.string()),
  created_at: v.string(),
}
const Receipt = v.pipe(
  v.strictObject({ workers: integer, applied: integer, ms: v.number() }),
  v.description('There when the write waited for workers: how many there are, how many serve it, and after how many milliseconds.'),
)
const written = {
  propagated: v.optional(v.pipe(v.boolean(), v.description('After a write: whether other workers were told.'))),
  receipt: v.optional(Receipt),
}
const provenance = {
  name: v.string(),
  labels: v.array(v.string()),
  revision: integer,
  source: v.picklist(['memory', 'redis', 'database', 'snapshot', 'fallback']),
  stale: v.boolean(),
  selection: Selection,
}

/** One version of a kind. */
export function entityAnswer({ fields, hasTemplate }: Resource, where: 'alone' | 'in a list'): v.GenericSchema {
  const more: v.ObjectEntries = hasTemplate ? { variables: v.array(v.string()) } : {}
  return v.strictObject({ ...row, ...provenance, ...written, ...answerEntries(fields, where), ...more })
}

const rule = Object.fromEntries(CONTEXT_RULES.fields.map((field) => [field, v.nullable(v.string())]))
export const ContextRule = v.strictObject({ ...row, ...written, name: v.string(), ...rule, revision: v.optional(integer) })

export const configChange = (kinds: readonly string[]) =>
  v.strictObject({
    id: integer,
    revision: integer,
    config_type: v.picklist([...kinds, 'all']),
    config_id: v.nullable(integer),
    config_name: v.string(),
    project: v.string(),
    previous_version: v.nullable(integer),
    new_version: v.nullable(integer),
    change_type: v.string(),
    change_summary: v.nullable(v.string()),
    previous_data: v.nullable(JsonObject),
    new_data: v.nullable(JsonObject),
    changed_by: v.nullable(v.string()),
    changed_at: v.string(),
  })

const Guard = v.strictObject({
  metrics: v.array(v.strictObject({ name: v.string(), over_ms: v.optional(v.number()) })),
  alpha: v.pipe(v.number(), v.description('The probability of a false alarm, all metrics together.')),
  action: v.picklist(['pause', 'notify']),
  settle_ms: v.pipe(v.number(), v.description('Subjects exposed later than this ago do not count yet.')),
  control: v.pipe(integer, v.description("The place of the label's own version among the arms.")),
  acted: v.optional(
    v.pipe(v.literal(true), v.description('There when it has paused the rollout; only a resume with acknowledge goes on.')),
  ),
  acknowledged: integer,
  alpha_spent: v.pipe(v.number(), v.description('alpha for the start and for each acknowledgement.')),
  since: v.pipe(v.string(), v.description('When the evidence began.')),
})
const interval = v.pipe(v.tuple([v.number(), v.number()]), v.description('With 95 %, at every look.'))
const MetricReport = v.strictObject({
  bad: v.optional(v.pipe(integer, v.description('Subjects with a bad outcome.'))),
  share: v.optional(v.number()),
  mean: v.optional(v.pipe(v.number(), v.description('Where outcomes had values.'))),
  interval: v.optional(interval),
  reported_after_ms: v.optional(
    v.pipe(v.strictObject({ median: v.number(), p95: v.number() }), v.description('From the exposure to the outcome.')),
  ),
})
export const RolloutReport = v.strictObject({
  rollout_id: v.string(),
  arms: v.array(
    v.strictObject({
      version: integer,
      subjects: v.pipe(integer, v.description('Those that count: settled, seen on this arm only, first exposed after since.')),
      metrics: v.record(v.string(), MetricReport),
    }),
  ),
  ratio: v.pipe(
    v.strictObject({ expected: v.array(v.number()), observed: v.array(integer), p: v.number(), ok: v.boolean() }),
    v.description('Whether the arms get the subjects they should.'),
  ),
  guard: v.array(
    v.strictObject({
      metric: v.string(),
      evidence: v.number(),
      threshold: v.number(),
      verdict: v.picklist(['ok', 'worse', 'too-early']),
    }),
  ),
  since: v.string(),
  until: v.string(),
})

export const rollout = (kinds: readonly string[]) =>
  v.strictObject({
    id: v.string(),
    kind: v.picklist(kinds),
    project: v.string(),
    name: v.string(),
    label: v.string(),
    arms: v.array(v.strictObject({ version: integer, weight: v.number() })),
    coverage: v.pipe(v.number(), v.description('Percent of subjects in the rollout.')),
    sticky: v.boolean(),
    forced: v.optional(JsonObject),
    when: v.optional(JsonObject),
    schedule: v.optional(v.array(v.strictObject({ at: v.string(), coverage: v.number() }))),
    status: v.picklist(['running', 'paused', 'concluded']),
    winner: v.optional(integer),
    record_exposures: v.boolean(),
    guard: v.optional(Guard),
    enrol: v.optional(v.pipe(v.literal(false), v.description('There while it takes no new subjects.'))),
    created_by: v.nullable(v.string()),
    created_at: v.string(),
    revision: v.optional(integer),
    ...written,
  })

export const Diff = v.strictObject({
  lines: v.array(v.strictObject({ type: v.picklist(['same', 'added', 'removed']), text: v.string() })),
  fields: v.array(v.strictObject({ field: v.string(), from: v.optional(AnyJson), to: v.optional(AnyJson) })),
})
export const pageOf = (item: v.GenericSchema) =>
  v.strictObject({
    items: v.array(item),
    cursor: v.optional(v.pipe(v.string(), v.description('Asks for the next page; absent on the last one.'))),
    total: v.optional(v.pipe(integer, v.description('Entries of all pages, when it was asked for.'))),
    revision: v.optional(
      v.pipe(integer, v.description('Every change up to it is in this page. As the `Last-Event-ID` of /events it tells what came after.')),
    ),
  })
export const Deactivated = v.strictObject({ deactivated: integer, receipt: v.optional(Receipt) })
export const LabelRemoved = v.strictObject({ name: v.string(), label: v.string(), revision: integer, ...written })
export const Refreshed = v.strictObject({ status: v.literal('refreshed'), type: v.string() })
export const Checked = v.strictObject({
  variables: v.array(v.string()),
  optional_variables: v.optional(v.array(v.string())),
  warnings: v.optional(v.array(v.string())),
})

const upOrDown = v.picklist(['up', 'down', 'off'])
const ratio = v.pipe(v.nullable(v.number()), v.description('Hits of all reads since the start, 0 to 1; null before the first read.'))
export const CacheStats = v.strictObject({
  connected: v.boolean(),
  used_memory: v.nullable(v.string()),
  cached_keys: integer,
  hit_ratio: v.strictObject({ memory: ratio, redis: ratio }),
  memory: v.strictObject({ hits: integer, misses: integer, entries: integer, bytes: integer }),
  redis: v.strictObject({ hits: integer, misses: integer, state: upOrDown }),
  database: v.strictObject({ loads: integer, state: upOrDown }),
  revision: v.nullable(integer),
  lag: integer,
  worker: v.pipe(integer, v.description('The process that answered; each has counters of its own.')),
})
export const Kinds = v.strictObject({
  items: v.array(
    v.strictObject({
      kind: v.string(),
      plural: v.string(),
      noun: v.string(),
      default_label: v.optional(v.string()),
      schema: v.optional(v.looseObject({})),
    }),
  ),
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
export const PreviewAnswer = v.strictObject({
  version: v.optional(integer),
  text: v.optional(v.pipe(v.string(), v.description('Of a text prompt.'))),
  messages: v.optional(v.pipe(v.array(JsonObject), v.description('Of a chat prompt.'))),
  problems: v.array(
    v.strictObject({
      message: v.pipe(v.nullable(integer), v.description('Which message of a chat, counted from 0.')),
      detail: v.string(),
      variables: v.array(v.string()),
    }),
  ),
})
export const RunAnswer = v.strictObject({
  text: v.string(),
  thinking: v.optional(v.string()),
  finish_reason: v.string(),
  messages: v.array(JsonObject),
  provider: v.string(),
  model: v.string(),
  version: v.optional(integer),
  usage: v.looseObject({}),
  timings: v.looseObject({}),
  warnings: v.optional(v.array(v.string())),
})
export const ProblemAnswer = v.looseObject({
  type: v.string(),
  title: v.string(),
  status: integer,
  detail: v.string(),
  instance: v.string(),
  code: v.pipe(v.string(), v.description('Stable; see docs/errors.md.')),
  request_id: v.string(),
  field: v.optional(v.pipe(v.string(), v.description('What of the request it is about.'))),
  errors: v.optional(
    v.pipe(
      v.array(v.strictObject({ pointer: v.optional(v.string()), parameter: v.optional(v.string()), detail: v.string() })),
      v.description('Everything that is wrong: where in the body (a JSON pointer), or which parameter of the query.'),
    ),
  ),
})
