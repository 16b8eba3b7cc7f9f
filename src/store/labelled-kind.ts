import type { LabelledKind } from '../entities/config-kind.js'
import type { JsonObject } from '../entities/json.js'
import type { Selection } from '../entities/selection.js'
import type { Provenance } from '../entities/source.js'
import type { WriteFacts } from './written.js'

/** What the contents of all labelled kinds have. */
export interface VersionContent {
  readonly id: number
  readonly project: string
  readonly name: string
  readonly version: number
  readonly createdBy: string | null
  readonly createdAt: string
}

/** A row as JSON or as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>

/** What an answer says besides the content. */
export interface ViewFacts extends Provenance, Partial<Omit<WriteFacts, 'revision'>> {
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly selection: Selection
}

/** How one kind's rows become contents and answers. */
export interface KindDefinition<Content extends VersionContent, Entity> {
  readonly kind: LabelledKind
  /** For messages: `prompt`, `model config`. */
  readonly noun: string
  readonly versions: 'prompts' | 'model_configs' | 'embedding_configs'
  readonly labels: 'prompt_labels' | 'model_config_labels' | 'embedding_config_labels'
  readonly maxNameLength: number
  decode(row: Row): Content
  /** The frozen answer that callers get. */
  view(content: Content, facts: ViewFacts): Entity
  /** The content as the changelog and `diff` show it, without id, name and dates. */
  describe(content: Content): JsonObject
}

/** The columns every version has. */
export function decodeVersion(row: Row): VersionContent {
  return {
    id: Number(row.id),
    project: row.project as string,
    name: row.name as string,
    version: Number(row.version),
    createdBy: (row.created_by as string | null) ?? null,
    createdAt: isoDate(row.created_at),
  }
}

/** Dates come as Date from the driver and as text from JSON; a frozen Date would still change. */
export function isoDate(value: unknown): string {
  return new Date(value as string | Date).toISOString()
}

/** jsonb comes parsed, unless the host told its driver otherwise. */
export function decodeJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value
}
