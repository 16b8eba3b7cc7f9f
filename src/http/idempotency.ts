import { createHash } from 'node:crypto'
import type { IdempotencyKey, IdempotencyKeys } from '../entities/idempotency.js'
import { type Answer, jsonAnswer } from './answer.js'
import { Problem } from './problem.js'

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
  if (claim.state === 'lost') {
    const detail =
      `Whoever took the request with Idempotency-Key "${key}" is gone, and whether it was carried out is not known. ` +
      'Read what it was to write, and send what is missing with a new key.'
    throw new Problem(409, 'E_KEY_LOST', detail)
  }
  if (claim.state === 'forgotten') {
    const detail = `The request with Idempotency-Key "${key}" was carried out, and its answer is not kept. Read what it wrote.`
    throw new Problem(409, 'E_KEY_ANSWERED', detail)
  }
  if (claim.state === 'kept') {
    const { status, headers, body } = claim.answer
    return { ...jsonAnswer(status, null, { ...headers, 'idempotency-replayed': 'true' }), body }
  }
  return firstTime(keys, { actor, key }, work)
}

async function firstTime(keys: IdempotencyKeys, key: IdempotencyKey, work: () => Promise<Answer>): Promise<Answer> {
  let answer: Answer
  try {
    answer = await work()
  } catch (error) {
    // A key that cannot be freed is reported as running, and later as lost, so that nothing is carried out twice.
    await keys.release(key).catch(() => {})
    throw error
  }
  const { status, headers } = answer
  const body = typeof answer.body === 'string' ? answer.body : ''
  // The request was carried out, so it is answered; a repetition will find no stored answer.
  await keys.keep(key, { status, headers, body }).catch(() => {})
  return answer
}
