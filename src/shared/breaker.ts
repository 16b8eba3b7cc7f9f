export interface BreakerOptions {
  /** Failures in a row that open the breaker. */
  readonly threshold: number
  /** How long an open breaker refuses before it lets one call try again, in milliseconds. */
  readonly coolDownMs: number
  readonly onOpen?: (error: Error) => void
  readonly onClose?: () => void
}

/** Stops asking a server that does not answer, so that only the first callers wait for its deadline. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #retryAt = 0

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.threshold
  }

  /** Whether a call may be sent now. While open, one caller per cooldown may try. */
  allows(): boolean {
    if (!this.isOpen) return true
    const now = performance.now()
    if (now < this.#retryAt) return false
    this.#retryAt = now + this.#options.coolDownMs
    return true
  }

  succeeded(): void {
    const wasOpen = this.isOpen
    this.#failures = 0
    if (wasOpen) this.#options.onClose?.()
  }

  failed(error: Error): void {
    this.#failures++
    this.#retryAt = performance.now() + this.#options.coolDownMs
    if (this.#failures === this.#options.threshold) this.#options.onOpen?.(error)
  }
}
