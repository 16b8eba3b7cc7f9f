import type { JsonObject } from '../entities/json.js'
import type { Selection } from '../entities/selection.js'
import type { Provenance } from '../entities/source.js'
import type { WriteFacts, WriteMeta } from '../entities/written.js'
import type { Field } from './columns.js'
import type { Row, VersionContent } from './row.js'

/** The fields of an answer besides its content. */
export interface ViewFacts extends Provenance, Partial<Omit<WriteFacts, 'revision'>> {
  readonly isActive: boolean
  readonly labels: readonly string[]
  readonly selection: Selection
}

/** The fields that every draft of a version has. */
export interface VersionDraft extends WriteMeta {
  readonly name: string
  readonly project?: string
  readonly labels?: readonly string[]
}

/** Where the rows of a kind are. */
export type KindTables =
  /** Tables of the kind's own, made by a migration. */
  | { readonly versions: string; readonly labels: string; readonly isShared: false }
  /** `config_entries` and `config_entry_labels`, which say the kind in each row. */
  | { readonly isShared: true }

/** One kind whose versions carry labels: all that the store, the caches, the manager and the API know of it. */
export interface KindDefinition<
  Content extends VersionContent = VersionContent,
  Entity = unknown,
  Draft extends VersionDraft = VersionDraft,
> {
  /** Stands in scopes, messages, the changelog and rollouts: `prompt`. */
  readonly kind: string
  /** The folder and the REST path: `prompts`. */
  readonly plural: string
  /** For messages: `model config`. */
  readonly noun: string
  readonly maxNameLength: number
  readonly tables: KindTables
  /** The label of reads that name none. Absent: the manager's label. */
  readonly defaultLabel?: string
  /** The field that `diff` compares line by line. */
  readonly lineField?: string
  /** The fields of a draft besides name, project, labels, author and reason. */
  readonly fields: Readonly<Record<string, Field>>
  /**
   * Checks a draft as far as that is possible without the version it inherits from, and completes it. Before any connection is used.
   *
   * @throws {InvalidArgumentError} naming the field
   */
  check(draft: Draft, mode: 'create' | 'version'): Draft | Promise<Draft>
  /**
   * The columns of a new version; what the draft leaves out is taken from the version before.
   *
   * @throws {InvalidArgumentError} when the two together are not acceptable
   */
  columnsOf(draft: Draft, inherited: Content | undefined): JsonObject
  /**
   * Checks the content of a version against others of its name: the first, those with labels, the arms of rollouts and the highest, lowest
   * version first.
   *
   * @throws {InvalidArgumentError} when the one cannot follow the other
   */
  follows?(content: Content, others: readonly Content[]): void
  /** A frozen content. */
  decode(row: Row): Content
  /** @throws {ContentError} when the host's code cannot make today's content of what is stored */
  refuseUnreadable?(content: Content): void
  /**
   * The frozen answer that callers get.
   *
   * @throws {ContentError} as `refuseUnreadable`
   */
  view(content: Content, facts: ViewFacts): Entity
  /** The content as the changelog and `diff` show it, without id, name and dates. */
  describe(content: Content): JsonObject
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds kinds of every content; whoever looks one up knows which
export type AnyKind = KindDefinition<any, any, any>
