/** A key, and the actor who sent it: two actors may use the same key. */
export interface IdempotencyKey {
  readonly actor: string
  readonly key: string
}

/** An answer as it is kept for a repeated request. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * What is known of a key. `lost`: the process that claimed it has not answered for so long that it must have ended; whether it carried the
 * request out is not known.
 * `forgotten`: it was answered, and the answer is not kept any more.
 */
export type IdempotencyClaim =
  | { readonly state: 'new' }
  | { readonly state: 'running' | 'lost' | 'forgotten'; readonly fingerprint: string }
  | { readonly state: 'kept'; readonly fingerprint: string; readonly answer: KeptAnswer }

/** Where idempotency keys are kept. A manager keeps them in PostgreSQL, for all workers (`manager.idempotencyKeys`). */
export interface IdempotencyKeys {
  /** Notes a key that is new, or whose time is over, and says so; else says what is known of it. */
  claim(claim: IdempotencyKey & { readonly fingerprint: string; readonly ttlMs: number }): Promise<IdempotencyClaim>
  /** Keeps the answer of a key that was claimed. */
  keep(key: IdempotencyKey, answer: KeptAnswer): Promise<void>
  /** Frees a key whose request failed in a way that a repetition may mend. */
  release(key: IdempotencyKey): Promise<void>
}
