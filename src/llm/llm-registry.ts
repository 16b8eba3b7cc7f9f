import { InvalidArgumentError } from '../shared/errors.js'
import type { LLMClient } from './llm-client.js'
import { ModelCooldown } from './model-cooldown.js'

/** A client and the model to ask it for. */
export interface ResolvedModel {
  readonly client: LLMClient
  /** The model's name without the provider's prefix. */
  readonly model: string
}

/** How an `LLMRegistry` treats its models. */
export interface LLMRegistryOptions {
  /** How long a model whose server failed is asked after the other choices, in milliseconds; 0 for never. @default 30_000 */
  readonly cooldownMs?: number
}

/** The defaults of an `LLMRegistry`. */
export const REGISTRY_DEFAULTS = { cooldownMs: 30_000 } as const

/**
 * Clients by the name of their provider. Two servers of one kind get names of their own: `new OllamaClient({ name: 'gpu-2' })`.
 *
 * @example
 * ```ts
 * const { client, model } = new LLMRegistry([ollama]).resolve('ollama:qwen3:14b') // model is 'qwen3:14b'
 * ```
 */
export class LLMRegistry {
  readonly #clients = new Map<string, LLMClient>()
  /** Which models failed lately; shared by every agent that uses this registry. */
  readonly cooldown: ModelCooldown

  /**
   * @param clients the first one also answers for names without a provider
   * @throws {InvalidArgumentError} without a client, with two of one name, or for a cooldown that is no duration
   */
  constructor(clients: readonly LLMClient[], options: LLMRegistryOptions = {}) {
    const { cooldownMs = REGISTRY_DEFAULTS.cooldownMs } = options
    if (!(cooldownMs >= 0)) throw new InvalidArgumentError('cooldownMs', 'must be a number of milliseconds, 0 or more')
    this.cooldown = new ModelCooldown(cooldownMs)
    for (const client of clients) {
      if (this.#clients.has(client.provider)) {
        throw new InvalidArgumentError(
          'clients',
          `hold two named "${client.provider}"; give one of them another name: new OllamaClient({ name: 'gpu-2' })`,
        )
      }
      this.#clients.set(client.provider, client)
    }
    if (clients.length === 0) throw new InvalidArgumentError('clients', 'must hold one client or more')
  }

  /** The names of the providers, in the order of the clients. */
  get providers(): readonly string[] {
    return [...this.#clients.keys()]
  }

  /** The client of a provider. */
  get(provider: string): LLMClient | undefined {
    return this.#clients.get(provider)
  }

  /**
   * Finds client and model for a name such as `ollama:qwen3:14b`.
   *
   * The name is cut at its first colon only when a client of that name is registered: `qwen3:14b` and
   * `hf.co/x/y:Q4_K_M` stay whole and go to the first client.
   *
   * @throws {InvalidArgumentError} when no model is named
   */
  resolve(name: string): ResolvedModel {
    const colon = name.indexOf(':')
    const prefixed = colon === -1 ? undefined : this.#clients.get(name.slice(0, colon))
    const model = prefixed === undefined ? name : name.slice(colon + 1)
    if (model.trim() === '') throw new InvalidArgumentError('name', `must name a model, as in "ollama:qwen3:14b"; got "${name}"`)
    const [first] = this.#clients.values()
    return { client: prefixed ?? (first as LLMClient), model }
  }
}
