import { isConfigError, type LLMError, type LLMErrorReason } from '../shared/errors.js'

/** A model at a provider. */
export interface CooledModel {
  readonly provider: string
  readonly model: string
}

/** Failures of the server, which the next caller would meet too. A fault of the request says nothing about the model. */
const SERVER_FAULTS: readonly LLMErrorReason[] = ['connection', 'timeout', 'rate_limit', 'overloaded', 'server']

/**
 * Which models failed a short while ago, so that the next run asks another one first instead of paying the same timeout.
 *
 * After the cooldown one caller tries the model again, and the others keep asking the next one until it has answered.
 * One of these is shared by all users of an `LLMRegistry`.
 */
export class ModelCooldown {
  readonly #cooldownMs: number
  readonly #until = new Map<string, number>()

  /** @param cooldownMs how long a model that failed is asked last, in milliseconds; 0 turns the cooldown off */
  constructor(cooldownMs: number) {
    this.#cooldownMs = cooldownMs
  }

  /** The models in the order to ask them: as given, but those in their cooldown come last. A single model is always asked. */
  order<Choice extends CooledModel>(choices: readonly Choice[]): readonly Choice[] {
    if (this.#until.size === 0 || choices.length < 2) return choices
    const ready: Choice[] = []
    const cooling: Choice[] = []
    for (const choice of choices) (this.#isReady(choice, ready.length === 0) ? ready : cooling).push(choice)
    return [...ready, ...cooling]
  }

  /** Whether the model is in its cooldown now. */
  isCooling(model: CooledModel): boolean {
    return (this.#until.get(keyOf(model)) ?? 0) > performance.now()
  }

  /**
   * Records a failed call. A model whose server is at fault (no connection, a timeout, 429, 5xx) begins its cooldown, for
   * as long as the server asked for (`retryAfterMs`) if that is longer.
   */
  failed(model: CooledModel, error: unknown): void {
    if (this.#cooldownMs === 0 || !isConfigError(error, 'E_LLM')) return
    const { reason, retryAfterMs = 0 } = error as LLMError
    if (SERVER_FAULTS.includes(reason)) this.#cool(model, Math.max(this.#cooldownMs, retryAfterMs))
  }

  /** Records an answer: the cooldown of the model is over. */
  answered(model: CooledModel): void {
    this.#until.delete(keyOf(model))
  }

  /** After its cooldown, the first caller who would ask a model gets it; the cooldown begins anew for the others. */
  #isReady(model: CooledModel, isFirst: boolean): boolean {
    const until = this.#until.get(keyOf(model))
    if (until === undefined) return true
    if (until > performance.now()) return false
    if (isFirst) this.#cool(model, this.#cooldownMs)
    return true
  }

  #cool(model: CooledModel, forMs: number): void {
    this.#until.set(keyOf(model), performance.now() + forMs)
  }
}

function keyOf({ provider, model }: CooledModel): string {
  return `${provider}:${model}`
}
