import * as v from 'valibot'

// Requests. What the library checks itself (lengths, labels, templates) is checked there, and once.

export const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(255))
export const Version = v.pipe(v.number(), v.integer(), v.minValue(1))
export const Label = v.pipe(v.string(), v.minLength(1), v.maxLength(36))
export const Project = v.pipe(v.string(), v.minLength(1), v.maxLength(100))
export const JsonObject = v.record(v.string(), v.any())
export const LabelledKind = v.picklist(['prompt', 'model', 'embedding'])
export const Kind = v.picklist(['prompt', 'model', 'embedding', 'context_rules'])
export const Format = v.picklist(['f-string', 'mustache', 'raw'])
const Summary = v.pipe(v.string(), v.maxLength(1000), v.description('Why, for the changelog.'))

const ChatMessage = v.union([
  v.strictObject({ role: v.picklist(['system', 'user', 'assistant', 'tool']), content: v.string() }),
  v.strictObject({ placeholder: v.string(), optional: v.optional(v.boolean()) }),
])
export const Template = v.union([v.string(), v.array(ChatMessage)], 'must be text, or a list of messages')

/** Numbers and yes or no, as a query string writes them. */
export const integerText = v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'must be an integer'), v.transform(Number), v.number(), v.integer())
export const versionText = v.pipe(integerText, v.minValue(1))
export const limitText = v.pipe(integerText, v.minValue(1), v.maxValue(1000))
export const yesOrNo = v.pipe(
  v.picklist(['true', 'false', '1', '0'], 'must be true or false'),
  v.transform((text) => text === 'true' || text === '1'),
  v.boolean(),
)

export const ListQuery = v.strictObject({
  project: v.optional(Project),
  active_only: v.optional(yesOrNo),
  label: v.optional(Label),
  search: v.optional(v.string()),
  limit: v.optional(limitText),
  cursor: v.optional(v.string()),
})
export const ReadQuery = v.strictObject({
  project: v.optional(Project),
  label: v.optional(Label),
  version: v.optional(versionText),
  subject: v.optional(v.pipe(v.string(), v.description('Whom a rollout decides for.'))),
  min_revision: v.optional(v.pipe(integerText, v.description('The answer contains every change up to this revision.'))),
})
export const ProjectQuery = v.strictObject({ project: v.optional(Project) })
export const DiffQuery = v.strictObject({ project: v.optional(Project), from: versionText, to: versionText })
export const DeleteQuery = v.strictObject({
  project: v.optional(Project),
  version: v.optional(versionText),
  force: v.optional(yesOrNo),
})
export const ChangelogQuery = v.strictObject({
  kind: v.optional(v.picklist([...Kind.options, 'all'])),
  name: v.optional(Name),
  project: v.optional(Project),
  changed_by: v.optional(v.string()),
  since: v.optional(v.string()),
  limit: v.optional(limitText),
  cursor: v.optional(v.string()),
})
export const RolloutQuery = v.strictObject({
  kind: v.optional(LabelledKind),
  name: v.optional(Name),
  project: v.optional(Project),
  label: v.optional(Label),
  status: v.optional(v.picklist(['running', 'paused', 'concluded'])),
  limit: v.optional(limitText),
  cursor: v.optional(v.string()),
})

const versioned = { project: v.optional(Project), labels: v.optional(v.array(Label)), summary: v.optional(Summary) }

export const PROMPT_DRAFT = {
  ...versioned,
  name: Name,
  template: Template,
  type: v.optional(v.picklist(['text', 'chat'])),
  template_format: v.optional(Format),
  description: v.optional(v.nullable(v.string())),
  model: v.optional(v.nullable(v.string())),
  parameters: v.optional(JsonObject),
}
const Fallback = v.strictObject({ provider: v.string(), model: v.string(), parameters: v.optional(JsonObject) })
export const MODEL_DRAFT = {
  ...versioned,
  name: Name,
  provider: v.string(),
  model_name: v.string(),
  parameters: v.optional(JsonObject),
  fallbacks: v.optional(v.array(Fallback)),
}
export const EMBEDDING_DRAFT = {
  ...versioned,
  name: Name,
  embedding_model: v.string(),
  chunk_size: v.optional(v.pipe(v.number(), v.integer())),
  chunk_overlap: v.optional(v.pipe(v.number(), v.integer())),
  chunking_strategy: v.optional(v.string()),
  parameters: v.optional(JsonObject),
}
export const RULE_DRAFT = {
  name: v.pipe(Name, v.description('The context.')),
  important: v.optional(v.nullable(v.string())),
  ignore: v.optional(v.nullable(v.string())),
  description: v.optional(v.nullable(v.string())),
  project: v.optional(Project),
  summary: v.optional(Summary),
}

export const PromotionBody = v.strictObject({
  version: Version,
  label: v.optional(Label),
  project: v.optional(Project),
  expected_version: v.optional(Version),
  force: v.optional(v.boolean()),
  summary: v.optional(Summary),
})
export const RollbackBody = v.strictObject({ label: v.optional(Label), project: v.optional(Project), summary: v.optional(Summary) })

const Arm = v.strictObject({ version: Version, weight: v.pipe(v.number(), v.minValue(0)) })
const Coverage = v.pipe(v.number(), v.minValue(0), v.maxValue(100), v.description('Percent of subjects.'))
export const RolloutBody = v.strictObject({
  kind: LabelledKind,
  name: Name,
  label: v.optional(Label),
  project: v.optional(Project),
  arms: v.pipe(v.array(Arm), v.minLength(1)),
  coverage: v.optional(Coverage),
  sticky: v.optional(v.boolean()),
  forced: v.optional(v.record(v.string(), Version)),
  when: v.optional(JsonObject),
  schedule: v.optional(v.array(v.strictObject({ at: v.string(), coverage: Coverage }))),
  record_exposures: v.optional(v.boolean()),
  force: v.optional(v.boolean()),
  summary: v.optional(Summary),
})
export const RampBody = v.strictObject({
  coverage: v.optional(Coverage),
  arms: v.optional(v.array(Arm)),
  weights: v.optional(v.array(v.pipe(v.number(), v.minValue(0)))),
  summary: v.optional(Summary),
})
export const NoteBody = v.strictObject({ summary: v.optional(Summary) })
export const ConclusionBody = v.strictObject({
  winner: v.optional(Version),
  force: v.optional(v.boolean()),
  summary: v.optional(Summary),
})
export const RefreshBody = v.strictObject({ config_type: v.optional(v.picklist([...Kind.options, 'all']), 'all') })
export const CheckBody = v.strictObject({ template: Template, template_format: v.optional(Format) })
export const AgentBody = v.strictObject({
  text: v.pipe(v.string(), v.minLength(1), v.maxLength(20_000)),
  subject: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(255))),
})
