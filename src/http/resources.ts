import type { ConfigChange } from '../entities/config-change.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import { contentSchemaOf } from './content-schema.js'
import { readFlag } from './flag-read.js'
import type { HttpManager } from './manager.js'
import type { ReadQuery } from './read-query.js'

/** One field of a kind's content. */
export interface ResourceField {
  /** As the library calls it: `templateFormat`. */
  readonly name: string
  /** As the API calls it, where that is not the name in snake_case. */
  readonly wire?: string
  readonly type: 'text' | 'integer' | 'json' | 'object' | 'template' | 'template-type' | 'template-format' | 'fallbacks' | 'prices'
  /** Whether a new entity, and each of its versions, has to give it. */
  readonly required?: boolean
  /** Whether it may be null. */
  readonly nullable?: boolean
  /** Longest text, in characters. */
  readonly maxLength?: number
  /** Left out of lists unless they are asked for it: it may be long. */
  readonly isBody?: boolean
}

/** An answer of a repository: one version. */
export interface Entity {
  readonly project: string
  readonly name: string
  readonly version: number
  readonly labels: readonly string[]
  readonly isActive: boolean
}

/** The facts about a version besides its content. */
export type VersionOutline = Pick<Entity, 'version' | 'isActive' | 'labels'>

interface Target {
  readonly name: string
  readonly project?: string
}
interface Meta {
  readonly changedBy?: string
  readonly summary?: string
  readonly waitForWorkers?: number
}
interface Facts {
  readonly revision: number
  readonly propagated: boolean | undefined
  readonly receipt?: object
}

/** The verbs of labelled kinds that the API uses. */
export interface ResourceRepository {
  create(draft: Target & Meta & Record<string, unknown>): Promise<Entity & Facts>
  createVersion(draft: Target & Meta & Record<string, unknown>): Promise<Entity & Facts>
  promote(request: Target & Meta & { version: number; label?: string; expectedVersion?: number; force?: boolean }): Promise<Entity & Facts>
  rollback(request: Target & Meta & { label?: string }): Promise<Entity & Facts>
  removeLabel(request: Target & Meta & { label: string; force?: boolean }): Promise<Facts>
  activate(request: Target & Meta & { version: number }): Promise<Entity & Facts>
  deactivate(request: Target & Meta & { version?: number; force?: boolean }): Promise<{ readonly deactivated: number } & Facts>
  find(query: Target & { label?: string; version?: number }): Promise<Entity | undefined>
  list(query: ResourceListQuery): Promise<{ readonly items: readonly Entity[]; readonly cursor?: string }>
  /** How many versions a list has in all. */
  count(query: Omit<ResourceListQuery, 'limit' | 'cursor'>): Promise<number>
  /** Every version of a name, newest first, without content. */
  versions(target: Target): Promise<readonly VersionOutline[]>
  history(target: Target): Promise<readonly ConfigChange[]>
  diff(query: Target & { from: number; to: number }): Promise<object>
}

export interface ResourceListQuery {
  readonly project?: string
  readonly activeOnly?: boolean
  readonly label?: string
  readonly search?: string
  readonly searchIn?: 'name' | 'content' | 'all'
  /** The whole name. */
  readonly name?: string
  readonly limit?: number
  readonly cursor?: string
}

/** Everything the API knows of one labelled kind: routes, checks, answers and the OpenAPI document are made from it. */
export interface Resource {
  /** As the changelog calls it. */
  readonly kind: string
  /** The path below the API: `prompts`. */
  readonly plural: string
  /** For sentences: `prompt`. */
  readonly noun: string
  /** The name of its schema in the OpenAPI document. */
  readonly schema: string
  readonly maxNameLength: number
  readonly fields: readonly ResourceField[]
  /** Fields of a draft, for the OpenAPI document. */
  readonly example: Readonly<Record<string, unknown>>
  /** Whether reads that name no label get the highest active version. */
  readonly isReadByLatest?: boolean
  /** The label of writes that name none, when it is not the manager's. */
  readonly defaultLabel?: string
  /** The versions of this kind have a `template`: they can be previewed. */
  readonly hasTemplate?: boolean
  /** What the content of a declared kind may be, as JSON Schema. */
  readonly contentSchema?: Readonly<Record<string, unknown>> | undefined
  repository(manager: HttpManager): ResourceRepository
  /** The read through the caches. */
  read(manager: HttpManager, name: string, query: ReadQuery): Promise<Entity | undefined>
}

const PROMPT: Resource = {
  kind: 'prompt',
  plural: 'prompts',
  noun: 'prompt',
  schema: 'Prompt',
  maxNameLength: 255,
  hasTemplate: true,
  example: { template: 'Hello {name}', labels: ['staging'] },
  fields: [
    { name: 'template', type: 'template', required: true, isBody: true },
    { name: 'type', type: 'template-type' },
    { name: 'templateFormat', type: 'template-format' },
    { name: 'description', type: 'text', nullable: true },
    { name: 'model', type: 'text', nullable: true },
    { name: 'parameters', type: 'object', isBody: true },
  ],
  repository: ({ prompts }) => prompts as unknown as ResourceRepository,
  read: (manager, name, query) => manager.getPrompt(name, query),
}

const MODEL: Resource = {
  kind: 'model',
  plural: 'models',
  noun: 'model',
  schema: 'ModelConfig',
  maxNameLength: 100,
  example: { provider: 'ollama', model_name: 'qwen3:14b', parameters: { temperature: 0.1 } },
  fields: [
    { name: 'provider', type: 'text', required: true, maxLength: 50 },
    { name: 'model', wire: 'model_name', type: 'text', required: true },
    { name: 'parameters', type: 'object', isBody: true },
    { name: 'fallbacks', type: 'fallbacks', isBody: true },
    { name: 'prices', type: 'prices', nullable: true },
  ],
  repository: ({ models }) => models as unknown as ResourceRepository,
  read: (manager, name, query) => manager.getModelConfig(name, query),
}

const EMBEDDING: Resource = {
  kind: 'embedding',
  plural: 'embeddings',
  noun: 'embedding',
  schema: 'EmbeddingConfig',
  maxNameLength: 100,
  isReadByLatest: true,
  example: { embedding_model: 'nomic-embed-text', chunk_size: 512, chunk_overlap: 50 },
  fields: [
    { name: 'embeddingModel', type: 'text', required: true },
    { name: 'chunkSize', type: 'integer' },
    { name: 'chunkOverlap', type: 'integer' },
    { name: 'chunkingStrategy', type: 'text', maxLength: 50 },
    { name: 'dimensions', type: 'integer', nullable: true },
    { name: 'parameters', type: 'object', isBody: true },
  ],
  repository: ({ embeddings }) => embeddings as unknown as ResourceRepository,
  read: (manager, name, query) => manager.getEmbeddingConfig(name, query),
}

const FLAG: Resource = {
  kind: 'flag',
  plural: 'flags',
  noun: 'flag',
  schema: 'Flag',
  maxNameLength: 255,
  example: { value: false, description: 'Checkout v2', labels: ['staging'] },
  fields: [
    { name: 'value', type: 'json', required: true },
    { name: 'description', type: 'text', nullable: true },
  ],
  repository: ({ flags }) => flags as unknown as ResourceRepository,
  read: readFlag,
}

/** A kind that the host declared: its content is one field, which the kind's own schema checks at every write. */
function hostKind(kind: AnyHostKind): Resource {
  const { defaultLabel } = kind
  return {
    kind: kind.kind,
    plural: kind.plural,
    noun: kind.noun,
    schema: kind.kind.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    maxNameLength: 255,
    example: { content: {}, labels: ['staging'] },
    fields: [{ name: 'content', type: 'json', required: true, isBody: true }],
    contentSchema: contentSchemaOf(kind),
    ...(defaultLabel === 'latest' ? { isReadByLatest: true } : defaultLabel !== undefined && { defaultLabel }),
    // Repositories of a transaction have `of` too.
    repository: (manager) => manager.of(kind) as unknown as ResourceRepository,
    read: (manager, name, query) => manager.of(kind).get(name, query),
  }
}

/** Context rules have versions and no labels: their calls stand in `api/context-rules.ts`. */
export const CONTEXT_RULES = {
  kind: 'context_rules',
  plural: 'context-rules',
  noun: 'context rule',
  maxNameLength: 100,
  fields: ['important', 'ignore', 'description'],
} as const

/** The labelled kinds of a manager: those of the package, and those that the host declared. */
export function resourcesOf({ kinds = [] }: HttpManager): readonly Resource[] {
  const declared = kinds.flatMap((kind) => kind.declared ?? [])
  return [PROMPT, MODEL, EMBEDDING, FLAG, ...declared.map(hostKind)]
}
