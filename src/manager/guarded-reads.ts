import { Breaker } from '../shared/breaker.js'
import { withDeadline } from '../shared/deadline.js'
import { isConfigError, StoreUnavailableError } from '../shared/errors.js'
import { storeError } from '../store/postgres/store-errors.js'

export interface GuardedReadsOptions {
  readonly schema: string
  /** Most milliseconds one read may take; `undefined` for none (the embedded database, which first has to start). */
  readonly databaseMs: number | undefined
  /** A cheap statement that finds out whether a server that did not answer is back. */
  readonly probe: () => Promise<unknown>
  readonly onLost: (error: Error) => void
  readonly onRestored: () => void
}

const FAILURES_UNTIL_OPEN = 3
const COOL_DOWN_MS = 1_000

/** Reads of PostgreSQL that do not hang: a deadline for each, and none sent while the server is known not to answer. */
export class GuardedReads {
  readonly #options: GuardedReadsOptions
  readonly #breaker: Breaker

  constructor(options: GuardedReadsOptions) {
    this.#options = options
    this.#breaker = new Breaker({
      threshold: FAILURES_UNTIL_OPEN,
      coolDownMs: COOL_DOWN_MS,
      onOpen: options.onLost,
      onClose: options.onRestored,
    })
  }

  get isUp(): boolean {
    return !this.#breaker.isOpen
  }

  /** Called when PostgreSQL has answered another statement. */
  answered(): void {
    this.#breaker.succeeded()
  }

  /** @throws {StoreUnavailableError} when PostgreSQL does not answer, or has not answered lately */
  async run<Value>(query: () => Promise<Value>): Promise<Value> {
    if (this.#breaker.isOpen) {
      // Fail at once, without waiting for the server's deadline; a statement in the background finds out whether it is back.
      if (this.#breaker.allows()) void this.#send(this.#options.probe).catch(() => {})
      throw new StoreUnavailableError('PostgreSQL has not answered lately; it is tried again within a second.')
    }
    return this.#send(query)
  }

  async #send<Value>(query: () => Promise<Value>): Promise<Value> {
    try {
      const value = await this.#timely(query())
      this.#breaker.succeeded()
      return value
    } catch (error) {
      const mapped = storeError(error, this.#options.schema)
      if (isConfigError(mapped, 'E_STORE_UNAVAILABLE') && !answers(mapped as StoreUnavailableError)) this.#breaker.failed(mapped)
      else this.#breaker.succeeded()
      throw mapped
    }
  }

  #timely<Value>(work: Promise<Value>): Promise<Value> {
    const { databaseMs } = this.#options
    if (databaseMs === undefined) return work
    return withDeadline(
      work,
      databaseMs,
      () =>
        new StoreUnavailableError(`PostgreSQL did not answer within ${databaseMs} ms (timeouts.databaseMs).`, {
          reason: 'timeout',
          retryable: true,
        }),
    )
  }
}

/** Whether the server answered with an error: then it is reachable, and other reads may succeed. */
function answers({ reason }: StoreUnavailableError): boolean {
  return reason === 'permission' || reason === 'refused' || reason === 'conflict' || reason === 'limit' || reason === 'read_only'
}
