import { computed, signal } from '@preact/signals'
import { capital } from '../text/words.js'
import { can } from './abilities.js'
import { get } from './call.js'
import type { JsonSchema } from './json-schema.js'
import type { Message, Version } from './wire.js'

/** How a field of a kind is edited. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'long' | 'integer' | 'number' | 'yes-no' | 'json' | 'choice' | 'template' | 'value' | 'content'
  readonly options?: readonly string[]
  readonly hint?: string
  readonly isRequired?: boolean
  /** Empty says that there is none, rather than nothing. */
  readonly isNullable?: boolean
  /** What a new one starts with, as it stands in the field. */
  readonly start?: string
}

/** What the page has to know of a kind of configuration. */
export interface Kind {
  readonly kind: string
  readonly plural: string
  readonly noun: string
  readonly title: string
  /** The label that readers ask for when they name none. */
  readonly label: string
  /** Without labels the highest active version is in force. */
  readonly hasLabels: boolean
  readonly fields: readonly Field[]
  readonly schema?: JsonSchema
  /** One line on a version, for lists. */
  readonly about: (version: Version) => string
}

const PARAMETERS: Field = { name: 'parameters', label: 'Parameters', type: 'json', start: '{}', hint: 'A JSON object.' }

export const PROMPTS: Kind = {
  kind: 'prompt',
  plural: 'prompts',
  noun: 'prompt',
  title: 'Prompts',
  label: 'production',
  hasLabels: true,
  fields: [
    { name: 'template', label: 'Template', type: 'template', isRequired: true },
    { name: 'template_format', label: 'Format', type: 'choice', options: ['f-string', 'mustache', 'raw'], start: 'f-string' },
    { name: 'description', label: 'Description', type: 'text' },
    { name: 'model', label: 'Model', type: 'text', hint: 'The name of a model configuration, if this prompt wants one of its own.' },
    PARAMETERS,
  ],
  about: ({ description, template }) => String(description ?? firstLine(template)),
}

const MODELS: Kind = {
  kind: 'model',
  plural: 'models',
  noun: 'model',
  title: 'Models',
  label: 'production',
  hasLabels: true,
  fields: [
    { name: 'provider', label: 'Provider', type: 'text', isRequired: true },
    { name: 'model_name', label: 'Model', type: 'text', isRequired: true },
    PARAMETERS,
    {
      name: 'fallbacks',
      label: 'Fallbacks',
      type: 'json',
      start: '[]',
      hint: 'A JSON list of { "provider", "model", "parameters", "prices" }, tried in order.',
    },
    {
      name: 'prices',
      label: 'Prices',
      type: 'json',
      isNullable: true,
      hint: 'JSON: { "input_per_million", "output_per_million", "cached_input_per_million", "currency" }. Empty is unknown.',
    },
  ],
  about: ({ provider, model_name }) => [provider, model_name].filter(Boolean).join(':'),
}

const EMBEDDINGS: Kind = {
  kind: 'embedding',
  plural: 'embeddings',
  noun: 'embedding',
  title: 'Embeddings',
  label: 'latest',
  hasLabels: true,
  fields: [
    { name: 'embedding_model', label: 'Embedding model', type: 'text', isRequired: true },
    { name: 'chunk_size', label: 'Chunk size', type: 'integer', start: '512', hint: 'Tokens.' },
    { name: 'chunk_overlap', label: 'Chunk overlap', type: 'integer', start: '50', hint: 'Tokens; less than the chunk size.' },
    { name: 'chunking_strategy', label: 'Chunking strategy', type: 'text', start: 'late_chunking' },
    {
      name: 'dimensions',
      label: 'Dimensions',
      type: 'integer',
      isNullable: true,
      hint: 'Length of the vectors. Empty is what the model makes.',
    },
    PARAMETERS,
  ],
  about: ({ embedding_model, chunk_size }) => [embedding_model, chunk_size && `${chunk_size} tokens`].filter(Boolean).join(', '),
}

const CONTEXT_RULES: Kind = {
  kind: 'context_rules',
  plural: 'context-rules',
  noun: 'context rule',
  title: 'Context rules',
  label: '',
  hasLabels: false,
  fields: [
    { name: 'important', label: 'Important', type: 'long', hint: 'What to look at.' },
    { name: 'ignore', label: 'Ignore', type: 'long', hint: 'What to pass over.' },
    { name: 'description', label: 'Description', type: 'text' },
  ],
  about: ({ description, important }) => String(description ?? important ?? ''),
}

const FLAGS: Kind = {
  kind: 'flag',
  plural: 'flags',
  noun: 'flag',
  title: 'Flags',
  label: 'production',
  hasLabels: true,
  fields: [
    { name: 'value', label: 'Value', type: 'value', isRequired: true, start: 'false' },
    { name: 'description', label: 'Description', type: 'text' },
  ],
  about: ({ value, description }) => [shortJson(value), description].filter(Boolean).join(' · '),
}

const BUILT_IN: readonly Kind[] = [PROMPTS, MODELS, EMBEDDINGS, CONTEXT_RULES, FLAGS]

interface DeclaredKind {
  readonly kind: string
  readonly plural?: string
  readonly noun?: string
  readonly default_label?: string
  readonly schema?: JsonSchema | null
  readonly protected_labels?: readonly string[]
}

const declared = signal<readonly DeclaredKind[]>([])

/** Asks the API for its kinds; one that cannot say is asked for nothing. */
export async function learnKinds(): Promise<void> {
  if (!can('GET', '/kinds')) return
  const answer = await get<readonly DeclaredKind[] | { readonly items: readonly DeclaredKind[] }>('/kinds', {}, { asks: false })
  declared.value = 'items' in answer ? answer.items : answer
}

/** Every kind this API has, the built-in ones first. */
export const kinds = computed((): readonly Kind[] => [
  ...BUILT_IN.filter(({ kind, plural }) => kind !== 'flag' || can('GET', `/${plural}`)),
  ...declared.value.filter(({ kind }) => !BUILT_IN.some((known) => known.kind === kind)).map(kindOf),
])

export function kindByPlural(plural: string): Kind | undefined {
  return kinds.value.find((kind) => kind.plural === plural)
}

export function kindByName(name: string): Kind | undefined {
  return kinds.value.find(({ kind }) => kind === name)
}

function kindOf({ kind, plural = `${kind}s`, noun = kind, default_label: label = 'production', schema }: DeclaredKind): Kind {
  return {
    kind,
    plural,
    noun,
    title: capital(plural.replaceAll(/[-_]/g, ' ')),
    label,
    hasLabels: true,
    fields: [{ name: 'content', label: 'Content', type: 'content', isRequired: true, start: '{}' }],
    ...(schema && { schema }),
    about: ({ content }) => shortJson(content),
  }
}

function firstLine(template: unknown): string {
  if (typeof template === 'string') return template.split('\n', 1)[0]!
  if (!Array.isArray(template)) return ''
  const first = (template as readonly Message[]).find((message) => 'content' in message && message.content !== '')
  return first && 'content' in first ? first.content.split('\n', 1)[0]! : ''
}

function shortJson(value: unknown): string {
  const text = value === undefined ? '' : JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** Whether only those whom the host allows may move that label. */
export function isProtected({ kind }: Kind, label: string): boolean {
  return declared.value.find((one) => one.kind === kind)?.protected_labels?.includes(label) ?? false
}
