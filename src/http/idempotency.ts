import { createHash } from 'node:crypto'
import { type Answer, jsonAnswer } from './answer.js'
import { Problem } from './problem.js'

/** An answer as it is kept for a repeated request. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Whose key it is. */
export interface IdempotencyKey {
  readonly actor: string
  readonly key: string
}

/** What is known of a key. */
export type IdempotencyClaim =
  | { readonly state: 'new' }
  | { readonly state: 'running'; readonly fingerprint: string }
  | { readonly state: 'kept'; readonly fingerprint: string; readonly answer: KeptAnswer }

/** Where idempotency keys are kept. A manager that has one (`manager.idempotencyKeys`) keeps them in PostgreSQL, for all workers. */
export interface IdempotencyKeys {
  /** Notes a key that is new, or whose time is over, and says so; else says what is known of it. */
  claim(claim: IdempotencyKey & { readonly fingerprint: string; readonly ttlMs: number }): Promise<IdempotencyClaim>
  /** Keeps the answer of a key that was claimed. */
  keep(key: IdempotencyKey, answer: KeptAnswer): Promise<void>
  /** Forgets a key whose request failed in a way that a repetition may mend. */
  release(key: IdempotencyKey): Promise<void>
}

const DAY_MS = 86_400_000
const KEY = /^[\x21-\x7e]{1,255}$/

/** Carries a request out once for each key of an actor, and gives the same answer to the ones that repeat it. */
export async function once(
  keys: IdempotencyKeys,
  { actor, key, request }: IdempotencyKey & { readonly request: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (!KEY.test(key)) throw new Problem(400, 'E_INVALID_ARGUMENT', 'Idempotency-Key must have 1 to 255 characters without blanks.')
  const fingerprint = createHash('sha256').update(request).digest('base64url')
  const claim = await keys.claim({ actor, key, fingerprint, ttlMs: DAY_MS })
  if (claim.state !== 'new' && claim.fingerprint !== fingerprint) {
    throw new Problem(422, 'E_KEY_REUSED', `Idempotency-Key "${key}" was sent with another request before. Send a new one.`)
  }
  if (claim.state === 'running') {
    throw new Problem(409, 'E_KEY_RUNNING', `The request with Idempotency-Key "${key}" is still running.`, {
      headers: { 'retry-after': '1' },
    })
  }
  if (claim.state === 'kept') {
    const { status, headers, body } = claim.answer
    return { ...jsonAnswer(status, null, { ...headers, 'idempotency-replayed': 'true' }), body }
  }
  try {
    const answer = await work()
    const body = typeof answer.body === 'string' ? answer.body : ''
    await keys.keep({ actor, key }, { status: answer.status, headers: answer.headers, body })
    return answer
  } catch (error) {
    await keys.release({ actor, key })
    throw error
  }
}
