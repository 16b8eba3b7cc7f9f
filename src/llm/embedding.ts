import { LLMError } from '../shared/errors.js'
import type { CallLimits } from './call-scope.js'
import type { CallTimeouts, EmbedRequest, EmbedResult } from './llm-client.js'
import { sum } from './wire-values.js'

/** Texts in one request, when the caller says nothing. */
const BATCH_SIZE = 100

/** The vectors of one request. */
export interface EmbeddedBatch {
  readonly embeddings: readonly (readonly number[])[]
  readonly inputTokens: number | undefined
}

/**
 * Embeds texts in batches, one after the other, within the time for the whole call, and checks what comes back: one
 * vector for each text, of finite numbers, all of one length, of the length that was asked for.
 *
 * @param embed one batch, within the timers it is handed
 * @throws {LLMError} with reason `invalid_output` for vectors that are not what was asked for
 */
export async function embedInBatches(
  provider: string,
  request: EmbedRequest,
  limits: CallLimits,
  warnings: Iterable<string>,
  embed: (values: readonly string[], timeout: Required<CallTimeouts>) => Promise<EmbeddedBatch>,
): Promise<EmbedResult> {
  const { model, values, dimensions } = request
  const size = Math.max(1, Math.floor(request.batchSize ?? BATCH_SIZE) || 1)
  const startedAt = performance.now()
  const passedMs = () => performance.now() - startedAt
  const embeddings: (readonly number[])[] = []
  let inputTokens: number | undefined
  for (let from = 0; from < values.length; from += size) {
    const batch = values.slice(from, from + size)
    const { timeouts } = limits
    const answer = await embed(batch, { ...timeouts, totalMs: Math.max(1, timeouts.totalMs - passedMs()) })
    const problem = problemIn(answer.embeddings, batch.length, dimensions ?? embeddings[0]?.length)
    if (problem !== undefined) {
      throw new LLMError(`${provider}: "${model}" gave ${problem}.`, {
        reason: 'invalid_output',
        provider,
        model,
      })
    }
    for (const vector of answer.embeddings) embeddings.push(vector)
    inputTokens = sum(from === 0 ? 0 : inputTokens, answer.inputTokens)
  }
  const told = [...warnings]
  return {
    embeddings,
    usage: inputTokens === undefined ? {} : { inputTokens, totalTokens: inputTokens },
    timings: { totalMs: passedMs() },
    model,
    provider,
    ...(told.length > 0 && { warnings: told }),
  }
}

/** What is wrong with the vectors of a batch; JSON writes NaN and infinities as `null`. */
function problemIn(vectors: readonly unknown[], count: number, length: number | undefined): string | undefined {
  if (vectors.length !== count) return `${vectors.length} vectors for ${count} texts`
  let expected = length
  for (const vector of vectors) {
    const numbers = vector as ArrayLike<unknown> | null
    expected ??= numbers?.length
    if (!expected || numbers?.length !== expected) return `a vector of ${numbers?.length} numbers instead of ${expected || 'some'}`
    for (let at = 0; at < expected; at += 1) if (!Number.isFinite(numbers[at])) return `a vector with ${numbers[at]} in it`
  }
  return undefined
}
