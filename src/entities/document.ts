import type { Rollout } from './rollout.js'

/** One row of a document's table of versions. */
export interface VersionEntry {
  readonly version: number
  readonly id: number
  readonly isActive: boolean
  /** When the row was written, in microseconds since 1970: with the id it names the row in every history of the database. */
  readonly createdAtMicros: number
}

/**
 * All that is known of one entity with labels, such as a prompt: this is what the caches hold. An entity that does not
 * exist has a document too, with nothing in it.
 */
export interface EntityDocument<Content> {
  /** Label → version. */
  readonly labels: Readonly<Record<string, number>>
  /** Every version from this one on is in `versions`. */
  readonly since: number
  /** The newest hundred versions, and of the older ones those whose content is part of the document, ascending. */
  readonly versions: readonly VersionEntry[]
  /** The contents of the versions that carry a label or are an arm of an open rollout, and of the highest active one. */
  readonly contents: readonly Content[]
  /** Running and paused rollouts, at most one a label. */
  readonly rollouts: readonly Rollout[]
}

/** The highest active version: what the computed label `latest` stands for. */
export function latestVersion(document: { readonly versions: readonly VersionEntry[] }): number | undefined {
  return document.versions.findLast((entry) => entry.isActive)?.version
}

/**
 * The format of documents in Redis. A release that changes it increases the number, so that old and new code can run side by side. Since
 * format 2 a document
 * does not list every version.
 */
export const DOCUMENT_FORMAT = 2

/** Forms that snapshot files may have. A document of form 1 lists every version. */
export const READABLE_FORMATS: readonly unknown[] = [1, DOCUMENT_FORMAT]
