import { readSnapshot, removeAbandonedDrafts, type Snapshot, UnusableSnapshot, writeSnapshot } from './snapshot-file.js'

export interface SnapshotsParts {
  readonly file: string
  readonly schema: string
  /** The documents to write now; `undefined` while none was confirmed. */
  readonly take: () => Omit<Snapshot, 'schema'> | undefined
  readonly onError: (error: unknown, message: string) => void
}

/** Changes that follow one another within this time are written together, in milliseconds. */
const PAUSE_MS = 1_000
/** Bounds the share of time that goes into writing a large file: after a write the next one waits this many times as long as it took. */
const REST = 20
const PAUSE_AFTER_FAILURE_MS = 30_000

/** Keeps the last good documents in a file, for a start with every server away. */
export class Snapshots {
  readonly #parts: SnapshotsParts
  #isDirty = false
  #isClosed = false
  #mayWrite = true
  #hasFailed = false
  #pauseMs = PAUSE_MS
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
  }

  /** What an earlier process left. A file that cannot be used is reported and passed over. */
  async load(): Promise<Snapshot | undefined> {
    await removeAbandonedDrafts(this.#parts.file)
    try {
      return await readSnapshot(this.#parts.file, this.#parts.schema)
    } catch (error) {
      this.#mayWrite = !(error instanceof UnusableSnapshot) || error.mayReplace
      this.#parts.onError(error, 'The snapshot file is not used.')
      return undefined
    }
  }

  /** What is in memory changed: it is written soon. */
  changed(): void {
    if (this.#isDirty || !this.#mayWrite || this.#isClosed) return
    this.#isDirty = true
    this.#timer = setTimeout(() => {
      this.#writing = this.#write()
    }, this.#pauseMs).unref()
  }

  /** Writes what has not been written yet. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#writing
    if (this.#isDirty) await this.#write()
  }

  async #write(): Promise<void> {
    const { file, schema, take, onError } = this.#parts
    this.#isDirty = false
    const snapshot = take()
    if (!snapshot) return
    const startedAt = performance.now()
    try {
      await writeSnapshot(file, { ...snapshot, schema })
      this.#pauseMs = Math.max(PAUSE_MS, (performance.now() - startedAt) * REST)
      this.#hasFailed = false
    } catch (error) {
      this.#pauseMs = PAUSE_AFTER_FAILURE_MS
      // Report a full disk once, not every half minute.
      if (!this.#hasFailed) onError(error, 'The snapshot file could not be written; it is tried again with the next changes.')
      this.#hasFailed = true
    }
  }
}
