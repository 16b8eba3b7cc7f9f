import type { ModelPrices } from '../entities/model-prices.js'
import type { TokenUsage } from '../llm/llm-client.js'

/** An amount of one currency. */
export interface Cost {
  readonly amount: number
  /** ISO 4217: `USD`. */
  readonly currency: string
}

/**
 * What one answer cost, or `undefined` where that is not known: the model has no prices, or the provider did not count the tokens.
 *
 * Tokens from the provider's cache are part of those that were read, and thoughts part of those that were written.
 */
export function costOf(
  { inputTokens, outputTokens, cachedInputTokens = 0 }: TokenUsage,
  prices: ModelPrices | null | undefined,
): Cost | undefined {
  if (!prices || inputTokens === undefined || outputTokens === undefined) return undefined
  const { inputPerMillion, outputPerMillion, cachedInputPerMillion = inputPerMillion, currency } = prices
  const cached = Math.min(cachedInputTokens, inputTokens)
  const amount = ((inputTokens - cached) * inputPerMillion + cached * cachedInputPerMillion + outputTokens * outputPerMillion) / 1_000_000
  // By plain SQL prices may be any object.
  return Number.isFinite(amount) && amount >= 0 && typeof currency === 'string' ? { amount, currency } : undefined
}

/** What all answers of a run cost together: known only when each cost is known, in one currency. */
export class RunCost {
  #total: Cost | undefined
  #isUnknown = false

  /** @param cost of one more answer; `undefined` where it is unknown */
  add(cost: Cost | undefined): void {
    const total = this.#total
    if (cost === undefined || (total && total.currency !== cost.currency)) this.#isUnknown = true
    else this.#total = { amount: (total?.amount ?? 0) + cost.amount, currency: cost.currency }
  }

  /** `undefined` when no model answered, too. */
  get total(): Cost | undefined {
    return this.#isUnknown ? undefined : this.#total
  }
}
