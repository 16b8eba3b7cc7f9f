import type { IdempotencyClaim, IdempotencyKey, IdempotencyKeys, KeptAnswer } from '../entities/idempotency.js'

/** Keys beyond these are forgotten, oldest first. */
const MOST_KEYS = 10_000
/** Of a larger answer only that there was one is kept. In characters. */
const LONGEST_ANSWER = 100_000

interface Entry {
  readonly fingerprint: string
  readonly until: number
  readonly answer?: KeptAnswer | 'forgotten'
}

/** Idempotency keys of this process alone, for managers that keep none. */
export class MemoryIdempotencyKeys implements IdempotencyKeys {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  async claim({
    fingerprint,
    ttlMs,
    ...key
  }: IdempotencyKey & { readonly fingerprint: string; readonly ttlMs: number }): Promise<IdempotencyClaim> {
    const id = idOf(key)
    const known = this.#entries.get(id)
    if (known && known.until > this.#now()) {
      const { answer, fingerprint: first } = known
      if (answer === 'forgotten') return { state: 'forgotten', fingerprint: first }
      return answer ? { state: 'kept', fingerprint: first, answer } : { state: 'running', fingerprint: first }
    }
    this.#entries.delete(id)
    this.#entries.set(id, { fingerprint, until: this.#now() + ttlMs })
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > MOST_KEYS && oldest !== undefined) this.#entries.delete(oldest)
    return { state: 'new' }
  }

  async keep(key: IdempotencyKey, answer: KeptAnswer): Promise<void> {
    const id = idOf(key)
    const known = this.#entries.get(id)
    if (known) this.#entries.set(id, { ...known, answer: answer.body.length > LONGEST_ANSWER ? 'forgotten' : answer })
  }

  async release(key: IdempotencyKey): Promise<void> {
    this.#entries.delete(idOf(key))
  }
}

function idOf({ actor, key }: IdempotencyKey): string {
  return JSON.stringify([actor, key])
}
