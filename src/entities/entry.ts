import type { Selection } from './selection.js'
import type { Provenance } from './source.js'

/** What one version of an entity of a host's kind says. It never changes after it is written. */
export interface EntryContent<Content = unknown> {
  readonly kind: string
  readonly id: number
  readonly project: string
  readonly name: string
  /** Counts from 1 within a name. */
  readonly version: number
  /** As the kind's schema made it, brought up to date by `upgrade`. Deeply frozen. */
  readonly content: Content
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}

/** One version of an entity of a host's kind, as an answer: frozen, and shared by everybody who asks. */
export interface Entry<Content = unknown> extends EntryContent<Content>, Provenance {
  readonly isActive: boolean
  /** The labels that point at this version. */
  readonly labels: readonly string[]
  /** Why this version was chosen. */
  readonly selection: Selection
}
