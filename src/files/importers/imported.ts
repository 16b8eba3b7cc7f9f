import type { JsonObject } from '../../entities/json.js'
import type { ChatMessageTemplate } from '../../entities/template.js'

/** The fields of a prompt that an importer fills. */
export interface ImportedPrompt {
  readonly template: string | readonly ChatMessageTemplate[]
  readonly templateFormat: 'mustache' | 'raw'
  readonly description?: string
  readonly model?: string
  readonly parameters?: JsonObject
}

/** One version of one prompt, as `create()` takes it when name and labels are put beside the content. */
export interface ImportedEntity {
  readonly kind: 'prompt'
  readonly name: string
  /** Its number in the other system, where that has numbers. */
  readonly version?: number
  readonly labels: readonly string[]
  readonly content: ImportedPrompt
  /** The declarations of its variables, for its file; they are not stored. */
  readonly inputSchema?: JsonObject
}

/** Something of the other system that does not carry over. */
export interface ImportLoss {
  /** Name, version and field: `support/triage v3: tools`. */
  readonly where: string
  /** What it was. */
  readonly what: string
  /** Why it does not carry over, and what to do instead. */
  readonly why: string
}

export interface Imported {
  /** By name, lowest version first. */
  readonly entities: readonly ImportedEntity[]
  readonly losses: readonly ImportLoss[]
}
