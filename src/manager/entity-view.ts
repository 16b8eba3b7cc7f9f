import { type EntityDocument, latestVersion, type VersionEntry } from '../entities/document.js'
import type { Selection } from '../entities/selection.js'
import type { Source } from '../entities/source.js'
import type { KindDefinition, Row, VersionContent } from '../store/labelled-kind.js'

interface RawDocument {
  readonly labels: Readonly<Record<string, number>>
  readonly versions: readonly (readonly [version: number, id: number, isActive: boolean, createdAtMicros: number])[]
  readonly contents: readonly Row[]
}

/** One cached document of a labelled kind, and the answers made from it: each is built and frozen once, then shared. */
export class EntityView<Content extends VersionContent, Entity> {
  readonly revision: number
  readonly #kind: KindDefinition<Content, Entity>
  readonly #document: EntityDocument<Content>
  /** What memory hits return, by label; `null` where no active version carries it. */
  readonly #byLabel = new Map<string, Entity | null>()

  constructor(kind: KindDefinition<Content, Entity>, text: string, revision: number) {
    const raw = JSON.parse(text) as RawDocument
    this.#kind = kind
    this.revision = revision
    this.#document = {
      labels: raw.labels,
      versions: raw.versions.map(([version, id, isActive, createdAtMicros]) => ({ version, id, isActive, createdAtMicros })),
      contents: raw.contents.map(kind.decode),
      rollouts: [],
    }
  }

  /** The answer to a memory hit that asks for a label. */
  byLabel(label: string): Entity | undefined {
    let entity = this.#byLabel.get(label)
    if (entity === undefined) {
      entity = this.view(this.select(label), 'memory', false) ?? null
      this.#byLabel.set(label, entity)
    }
    return entity ?? undefined
  }

  /** Which version a label means; `undefined` when no active version carries it. */
  select(label: string): Selection | undefined {
    const version = label === 'latest' ? latestVersion(this.#document) : this.#labelled(label)
    if (version === undefined || !this.entry(version)?.isActive) return undefined
    return Object.freeze({ label, version, reason: 'label' })
  }

  entry(version: number): VersionEntry | undefined {
    return this.#document.versions.find((entry) => entry.version === version)
  }

  contentOf(version: number): Content | undefined {
    return this.#document.contents.find((content) => content.version === version)
  }

  /** Builds an answer; `undefined` when there is no selection, or the content is not part of the document and not given. */
  view(selection: Selection | undefined, source: Source, stale: boolean, given?: Content): Entity | undefined {
    if (!selection) return undefined
    const content = given ?? this.contentOf(selection.version)
    if (!content) return undefined
    const labels = Object.freeze(
      Object.keys(this.#document.labels)
        .filter((label) => this.#document.labels[label] === selection.version)
        .sort(),
    )
    return this.#kind.view(content, { isActive: true, labels, selection, revision: this.revision, source, stale })
  }

  // Own properties only: a label may be called `constructor`.
  #labelled(label: string): number | undefined {
    return Object.hasOwn(this.#document.labels, label) ? this.#document.labels[label] : undefined
  }
}
