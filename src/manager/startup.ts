import { withDeadline } from '../shared/deadline.js'
import type { ReadableDatabase } from './connections.js'

export interface StartupParts {
  readonly primary: ReadableDatabase
  /** Most milliseconds a read may take; a read waits for half of it at most. */
  readonly readMs: number
  /** Connects, prepares the tables and reads the log. */
  readonly start: () => Promise<void>
}

/** Connects a manager at its first use. After a failure the next use tries again. */
export class Startup {
  readonly #parts: StartupParts
  #starting: Promise<void> | undefined
  #isDone = false

  constructor(parts: StartupParts) {
    this.#parts = parts
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Further calls wait for the same start; after a failure they start again. */
  run(): Promise<void> {
    if (this.#isDone) return Promise.resolve()
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /** For reads: waits for a first start under way. When it fails the read goes on with the caches and a load of its own. */
  async forReads(): Promise<void> {
    if (this.#isDone) return
    const { primary, readMs } = this.#parts
    const start = this.run().catch(() => {})
    // Do not wait for a start that can only fail: its servers are known not to answer.
    if (!primary.reads.isUp) return
    // An embedded database takes seconds to start; a server that takes that long counts as unreachable.
    await (primary.database.isEmbedded ? start : withDeadline(start, readMs / 2, () => new Error()).catch(() => {}))
  }

  /** Waits for a start that is under way, however it ends. */
  async settled(): Promise<void> {
    await this.#starting?.catch(() => {})
  }

  async #start(): Promise<void> {
    await this.#parts.start()
    this.#isDone = true
  }
}
