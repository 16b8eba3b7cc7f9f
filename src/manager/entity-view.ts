import { type EntityDocument, latestVersion, type VersionEntry } from '../entities/document.js'
import type { Rollout } from '../entities/rollout.js'
import type { Selection, SelectionReason } from '../entities/selection.js'
import type { Source } from '../entities/source.js'
import { chooseVersion } from '../rollout/choose-version.js'
import type { KindDefinition, Row, VersionContent } from '../store/labelled-kind.js'
import { decodeRollout } from '../store/rollout-rows.js'

interface RawDocument {
  readonly labels: Readonly<Record<string, number>>
  readonly versions: readonly (readonly [version: number, id: number, isActive: boolean, createdAtMicros: number])[]
  readonly contents: readonly Row[]
  readonly rollouts: readonly Row[]
}

/** Whom a read is for. */
export interface Subject {
  readonly subject?: string | undefined
  readonly attributes?: Readonly<Record<string, unknown>> | undefined
}

/** What a label stands for in one document, and the answers to memory hits that were built for it. */
interface LabelView<Entity> {
  /** The active version the label points at. */
  readonly version: number | undefined
  readonly rollout: Rollout | undefined
  /** What everybody gets while no rollout is open. */
  readonly own: Entity | undefined
  /** While one is: by reason and version, which together determine the selection. */
  readonly chosen: Map<SelectionReason, Map<number, Entity | undefined>>
}

/** One cached document of a labelled kind, and the answers made from it: each is built and frozen once, then shared. */
export class EntityView<Content extends VersionContent, Entity> {
  readonly revision: number
  readonly #kind: KindDefinition<Content, Entity>
  readonly #document: EntityDocument<Content>
  readonly #labels = new Map<string, LabelView<Entity>>()

  constructor(kind: KindDefinition<Content, Entity>, text: string, revision: number) {
    const raw = JSON.parse(text) as RawDocument
    this.#kind = kind
    this.revision = revision
    this.#document = {
      labels: raw.labels,
      versions: raw.versions.map(([version, id, isActive, createdAtMicros]) => ({ version, id, isActive, createdAtMicros })),
      contents: raw.contents.map(kind.decode),
      rollouts: raw.rollouts.map(decodeRollout),
    }
  }

  /** The running or paused rollout on a label. */
  rolloutOn(label: string): Rollout | undefined {
    return this.#labelView(label).rollout
  }

  /** The answer to a memory hit on a label that no rollout is open on. */
  own(label: string): Entity | undefined {
    return this.#labelView(label).own
  }

  /** Which version a read of a label gets; `undefined` when no active version is to be had. */
  select(label: string, { subject, attributes }: Subject, stickyArm?: number): Selection | undefined {
    const { version, rollout } = this.#labelView(label)
    const selection = chooseVersion({ rollout, labelVersion: version, label, subject, attributes, now: Date.now(), stickyArm })
    if (!selection || this.entry(selection.version)?.isActive) return selection
    // An arm that was deactivated by plain SQL: its subjects get what everybody gets.
    return version === undefined ? undefined : { label, version, reason: 'label' }
  }

  /** The answer to a memory hit for a selection of a label. */
  chosen(selection: Selection): Entity | undefined {
    const { chosen } = this.#labelView(selection.label)
    let byVersion = chosen.get(selection.reason)
    if (!byVersion) {
      byVersion = new Map()
      chosen.set(selection.reason, byVersion)
    }
    if (!byVersion.has(selection.version)) byVersion.set(selection.version, this.view(selection, 'memory', false))
    return byVersion.get(selection.version)
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
    const { labels: targets } = this.#document
    const labels = Object.freeze(
      Object.keys(targets)
        .filter((label) => targets[label] === selection.version)
        .sort(),
    )
    return this.#kind.view(content, {
      isActive: true,
      labels,
      selection: Object.freeze(selection),
      revision: this.revision,
      source,
      stale,
    })
  }

  #labelView(label: string): LabelView<Entity> {
    const known = this.#labels.get(label)
    if (known) return known
    const pointed = label === 'latest' ? latestVersion(this.#document) : this.#pointedAt(label)
    const version = pointed !== undefined && this.entry(pointed)?.isActive ? pointed : undefined
    const rollout = this.#document.rollouts.find((open) => open.label === label)
    const own = version === undefined || rollout ? undefined : this.view({ label, version, reason: 'label' }, 'memory', false)
    const view = { version, rollout, own, chosen: new Map() }
    this.#labels.set(label, view)
    return view
  }

  // Own properties only: a label may be called `__proto__`.
  #pointedAt(label: string): number | undefined {
    return Object.hasOwn(this.#document.labels, label) ? this.#document.labels[label] : undefined
  }
}
