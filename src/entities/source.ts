/** Where an answer came from. */
export type Source = 'memory' | 'redis' | 'database' | 'snapshot' | 'fallback'

/** What every cached entity says about the answer itself. */
export interface Provenance {
  /** The revision of the last change to this entity; pass it as `minRevision` to read at least this new elsewhere. */
  readonly revision: number
  readonly source: Source
  /** Whether this is a last good value that could not be confirmed because the stores did not answer. */
  readonly stale: boolean
}
