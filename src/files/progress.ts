/** Tells how far long work is, after each page that was read or each version that was written. */
export type OnProgress = (progress: FilesProgress) => void

export interface FilesProgress {
  readonly doing: 'read' | 'written'
  /** Versions so far. */
  readonly done: number
  /** How many there will be, where that is known. */
  readonly total?: number
}
