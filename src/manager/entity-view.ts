import { isDeepStrictEqual } from 'node:util'
import { type EntityDocument, latestVersion, type VersionEntry } from '../entities/document.js'
import type { Rollout } from '../entities/rollout.js'
import type { Selection, SelectionReason } from '../entities/selection.js'
import type { Source } from '../entities/source.js'
import type { KindDefinition } from '../kinds/kind.js'
import type { Row, VersionContent } from '../kinds/row.js'
import { chooseVersion } from '../rollout/choose-version.js'
import { needsPatterns } from '../rollout/conditions.js'
import { isPatternEngineLoaded, loadPatternEngine } from '../rollout/pattern.js'
import { decodeRollout } from '../store/read/rollout-rows.js'
import { checkContent, checkEntityDocument, type Owner } from './foreign-document.js'
import { SubjectMemo } from './subject-memo.js'

interface RawDocument {
  readonly labels: Readonly<Record<string, number>>
  /** Absent in a snapshot file of a release that listed every version. */
  readonly since?: number
  readonly versions: readonly (readonly [version: number, id: number, isActive: boolean, createdAtMicros: number])[]
  readonly contents: readonly Row[]
  readonly rollouts: readonly Row[]
}

/** What reads need of a kind. */
type EntityKind<Content extends VersionContent, Entity> = Pick<KindDefinition<Content, Entity>, 'decode' | 'view'>

/** The subject that a read is for. */
export interface Subject {
  readonly subject?: string | undefined
  readonly attributes?: Readonly<Record<string, unknown>> | undefined
}

/** The answer to a memory hit, and the same as a promise: a new one for each reader would cost more than the rest of a hit. */
export interface Answer<Entity> {
  readonly entity: Entity | undefined
  readonly settled: Promise<Entity | undefined>
  /** The error, when the host's `upgrade` failed on the content. */
  readonly failure?: unknown
}

/** What a label stands for in one document, and the answers to memory hits that were built for it. */
interface LabelView<Entity> {
  readonly label: string
  /** The active version the label points at. */
  readonly version: number | undefined
  readonly rollout: Rollout | undefined
  /**
   * The answer for all readers while no rollout is open; built at the first hit, because the read that loaded the document got an answer
   * with another `source`.
   */
  own: Answer<Entity> | undefined
  /** The answers while a rollout is open, by reason and version, which together determine the selection. */
  chosen: Map<SelectionReason, Map<number, Answer<Entity>>> | undefined
  /** What each subject got, in rollouts where only the subject and the clock decide. */
  readonly memo: SubjectMemo<Answer<Entity>> | undefined
  /** When the schedule's next step takes other subjects in; milliseconds since 1970. */
  memoUntil: number
}

/** A document as it is held in memory. It is a class for the same reason as `NewEntry`. */
class ParsedDocument<Content> implements EntityDocument<Content> {
  readonly labels: EntityDocument<Content>['labels']
  readonly since: number
  readonly versions: readonly VersionEntry[]
  readonly contents: readonly Content[]
  readonly rollouts: readonly Rollout[]

  constructor(raw: RawDocument, decode: (row: Row) => Content) {
    this.labels = raw.labels
    this.since = raw.since ?? 1
    this.versions = raw.versions.map(([version, id, isActive, createdAtMicros]) => ({ version, id, isActive, createdAtMicros }))
    this.contents = raw.contents.map(decode)
    this.rollouts = raw.rollouts.map(decodeRollout)
  }
}

/** One cached document of a labelled kind, and the answers made from it: each is built and frozen once, then shared. */
export class EntityView<Content extends VersionContent, Entity> {
  readonly revision: number
  readonly #kind: EntityKind<Content, Entity>
  readonly #document: EntityDocument<Content>
  /** Of the label that was asked for first, which is nearly always the only one. */
  #first: LabelView<Entity> | undefined
  #others: Map<string, LabelView<Entity>> | undefined
  /** Whether its answers to memory hits have `stale: true`. */
  readonly #stale: boolean
  /** Whether a `$regex` among its conditions was met before the engine for it was loaded. */
  readonly #hasPatterns: boolean
  /** Versions that the document does not list, as they were asked for. */
  #older: Map<number, VersionEntry | undefined> | undefined
  #unconfirmed: EntityView<Content, Entity> | undefined
  /** The label that `own` was asked for last, which is nearly always the same one, and the answer. */
  #ownLabel: string | undefined
  #own: Answer<Entity> | undefined

  private constructor(kind: EntityKind<Content, Entity>, document: EntityDocument<Content>, revision: number, stale: boolean) {
    this.#kind = kind
    this.#document = document
    this.revision = revision
    this.#stale = stale
    this.#hasPatterns = document.rollouts.some(({ when }) => needsPatterns(when))
  }

  /** @param owner the entity that a foreign document has to belong to; absent for one from PostgreSQL, which is not checked */
  static parse<Content extends VersionContent, Entity>(
    kind: EntityKind<Content, Entity>,
    text: string,
    revision: number,
    owner?: Owner,
  ): EntityView<Content, Entity> {
    const raw = JSON.parse(text) as RawDocument
    if (owner) checkEntityDocument(raw, owner)
    const document = new ParsedDocument(raw, (row) => (owner ? checkContent(kind.decode(row)) : kind.decode(row)))
    const view = new EntityView(kind, document, revision, false)
    // Load the engine now, so that a later `peek` finds it; a read waits for it and reports a failure.
    if (view.awaitsPatterns) loadPatternEngine().catch(() => {})
    return view
  }

  /** Whether no version can be chosen before the engine for `$regex` is loaded. */
  get awaitsPatterns(): boolean {
    return this.#hasPatterns && !isPatternEngineLoaded()
  }

  /** The same document while it cannot be confirmed: its answers have `stale: true`, and are kept as the others are. */
  get unconfirmed(): EntityView<Content, Entity> {
    this.#unconfirmed ??= new EntityView(this.#kind, this.#document, this.revision, true)
    return this.#unconfirmed
  }

  /** Whether it was made from the same document; the order of its keys does not matter. */
  equals(other: EntityView<Content, Entity>): boolean {
    const since = Math.max(this.#document.since, other.#document.since)
    return isDeepStrictEqual(this.#listing(since), other.#listing(since))
  }

  /** The document as if it listed no more: one in a snapshot file of an earlier release lists every version. */
  #listing(since: number): EntityDocument<Content> {
    const versions = this.#document.versions.filter((entry) => entry.version >= since || this.contentOf(entry.version))
    return { ...this.#document, since, versions }
  }

  /** The running or paused rollout on a label. */
  rolloutOn(label: string): Rollout | undefined {
    return this.#labelView(label).rollout
  }

  /** The version of a label while it has no rollout; `undefined` while it has one, or points at no active version. */
  own(label: string): Answer<Entity> | undefined {
    if (label === this.#ownLabel) return this.#own
    this.#own = this.#ownOf(this.#labelView(label), label)
    this.#ownLabel = label
    return this.#own
  }

  /** The answer that needs no choice: the label's own version where no rollout is open, or what a rollout gave this subject before. */
  known(label: string, subject: string | undefined): Answer<Entity> | undefined {
    const view = this.#labelView(label)
    const own = this.#ownOf(view, label)
    if (own || !subject) return own
    // Only a schedule needs the clock, which costs as much as the rest.
    if (view.memoUntil !== Number.POSITIVE_INFINITY && view.memoUntil <= Date.now()) {
      view.memo?.clear()
      view.memoUntil = nextStepAt(view.rollout)
    }
    return view.memo?.get(subject)
  }

  /** Remembers what a rollout gave a subject. */
  remember(label: string, subject: string, answer: Answer<Entity>): void {
    this.#labelView(label).memo?.set(subject, answer)
  }

  /** Which version a read of a label gets; `undefined` when there is no active one. */
  select(label: string, { subject, attributes }: Subject, stickyArm?: number): Selection | undefined {
    const { version, rollout } = this.#labelView(label)
    const selection = chooseVersion({ rollout, labelVersion: version, label, subject, attributes, now: Date.now(), stickyArm })
    if (!selection || this.entry(selection.version)?.isActive) return selection
    // The arm was deactivated by plain SQL: its subjects get the label's own version.
    return version === undefined ? undefined : { label, version, ...(rollout && { rolloutId: rollout.id }), reason: 'label' }
  }

  /** The answer to a memory hit for a selection of a label. */
  chosen(selection: Selection): Answer<Entity> {
    const view = this.#labelView(selection.label)
    view.chosen ??= new Map()
    const { chosen } = view
    let byVersion = chosen.get(selection.reason)
    if (!byVersion) {
      byVersion = new Map()
      chosen.set(selection.reason, byVersion)
    }
    let answer = byVersion.get(selection.version)
    if (!answer) {
      answer = answerOf(() => this.view(selection, 'memory', this.#stale))
      byVersion.set(selection.version, answer)
    }
    return answer
  }

  /** Whether the document, or an earlier answer of PostgreSQL, says if this version exists. */
  lists(version: number): boolean {
    return version >= this.#document.since || this.#older?.has(version) === true || this.entry(version) !== undefined
  }

  /** Remembers what PostgreSQL says of a version that the document does not list, as of this document. */
  learn(version: number, entry: VersionEntry | undefined): void {
    this.#older ??= new Map()
    this.#older.set(version, entry)
  }

  /** What is known of a version; `undefined` when there is none, or it is not known here. */
  entry(version: number): VersionEntry | undefined {
    return this.#document.versions.find((entry) => entry.version === version) ?? this.#older?.get(version)
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
    const labels = Object.freeze(labelsOn(targets, selection.version))
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
    const known = this.#first?.label === label ? this.#first : this.#others?.get(label)
    if (known) return known
    const pointed = label === 'latest' ? latestVersion(this.#document) : this.#pointedAt(label)
    const version = pointed !== undefined && this.entry(pointed)?.isActive ? pointed : undefined
    const rollout = this.#document.rollouts.find((open) => open.label === label)
    // With conditions nothing is kept: the attributes of a subject can differ between reads.
    const memo = rollout && !rollout.when ? new SubjectMemo<Answer<Entity>>() : undefined
    const view: LabelView<Entity> = { label, version, rollout, own: undefined, chosen: undefined, memo, memoUntil: nextStepAt(rollout) }
    // Not remembered: callers could ask for any number of labels that do not exist.
    if (version !== undefined || rollout) this.#remember(view)
    return view
  }

  #remember(view: LabelView<Entity>): void {
    if (!this.#first) {
      this.#first = view
      return
    }
    this.#others ??= new Map()
    this.#others.set(view.label, view)
  }

  #ownOf(view: LabelView<Entity>, label: string): Answer<Entity> | undefined {
    const { version, rollout } = view
    if (version === undefined || rollout) return undefined
    view.own ??= answerOf(() => this.view({ label, version, reason: 'label' }, 'memory', this.#stale))
    return view.own
  }

  // Own properties only: a label may be called `__proto__`.
  #pointedAt(label: string): number | undefined {
    return Object.hasOwn(this.#document.labels, label) ? this.#document.labels[label] : undefined
  }
}

/** In order. A copy, since a list that `filter` makes has room for sixteen more. */
function labelsOn(targets: Readonly<Record<string, number>>, version: number): string[] {
  return Object.keys(targets)
    .filter((label) => targets[label] === version)
    .sort()
    .slice()
}

function answerOf<Entity>(build: () => Entity | undefined): Answer<Entity> {
  try {
    const entity = build()
    return { entity, settled: Promise.resolve(entity) }
  } catch (failure) {
    const settled = Promise.reject(failure)
    // The error is kept, and thrown only when this version is read.
    settled.catch(() => {})
    return { entity: undefined, settled, failure }
  }
}

function nextStepAt(rollout: Rollout | undefined): number {
  return rollout?.schedule?.find((step) => step.atMs > Date.now())?.atMs ?? Number.POSITIVE_INFINITY
}
