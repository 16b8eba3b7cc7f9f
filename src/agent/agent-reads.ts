import type { Prompt } from '../entities/prompt.js'
import type { LLMClient } from '../llm/llm-client.js'
import { LLMRegistry } from '../llm/llm-registry.js'
import { bucketOf } from '../rollout/bucket.js'
import { NotFoundError } from '../shared/errors.js'
import type { Logger } from '../shared/logger.js'
import type { AgentManager, AgentQuery } from './agent-manager.js'
import type { AgentModel, AgentOptions, AgentReadOptions } from './agent-options.js'
import { type AgentSettings, defaultClient, settingOf } from './agent-settings.js'
import { defaultManager } from './default-manager.js'
import type { RunContext } from './run-context.js'

export interface AgentReadsParts {
  readonly options: AgentOptions
  readonly logger: Logger
  /** The agent's name. */
  readonly agent: () => string
  readonly fallbackPrompt: (name: string) => string | undefined
}

/** Rounds of reading a prompt and a model until both held at one moment; each needs a change in the middle of the one before. */
const MAX_ROUNDS = 3

/**
 * Where an agent's prompts and models come from: the database, then the code and the settings.
 *
 * Manager and clients are looked up at first use: a module may build its agents before the host has set its manager.
 */
export class AgentReads {
  readonly #parts: AgentReadsParts
  #manager: AgentManager | undefined
  #registry: LLMRegistry | undefined
  #isReady = false

  constructor(parts: AgentReadsParts) {
    this.#parts = parts
  }

  /**
   * Database, last good and snapshot are the manager's; after them the code's own text.
   *
   * @throws {NotFoundError} when nobody has it
   */
  async prompt(name: string, options: AgentReadOptions): Promise<Prompt | string> {
    const { logger, fallbackPrompt } = this.#parts
    const agent = this.#parts.agent()
    let cause: unknown
    if (this.#usesDatabase(options.context)) {
      try {
        const prompt = await this.#source()?.getPrompt(name, this.#query(options))
        if (prompt !== undefined) return prompt
      } catch (error) {
        cause = error
        logger.warn({ error, agent, prompt: name }, 'The prompt cannot be read; the one in code is used.')
      }
    }
    const text = fallbackPrompt(name)
    if (text !== undefined) return text
    throw cause ?? new NotFoundError(`There is no prompt "${name}" for agent "${agent}": none in the database, none in fallbackPrompt().`)
  }

  /** @throws {NotFoundError} when neither the database nor DEFAULT_MODEL has one */
  async model(name: string, options: AgentReadOptions): Promise<AgentModel> {
    const agent = this.#parts.agent()
    let cause: unknown
    try {
      const config = await this.#source()?.getModelConfig(name, this.#query(options))
      if (config !== undefined) return config
    } catch (error) {
      cause = error
      this.#parts.logger.warn({ error, agent, model: name }, 'The model configuration cannot be read; DEFAULT_MODEL is used.')
    }
    const fallback = settingOf(this.#settings, 'DEFAULT_MODEL')
    if (typeof fallback === 'string' && fallback !== '') {
      const { client, model } = this.clients().resolve(fallback)
      return { provider: client.provider, model, parameters: {}, fallbacks: [], source: 'settings' }
    }
    throw cause ?? new NotFoundError(`There is no model configuration "${name}" for agent "${agent}", and DEFAULT_MODEL is not set.`)
  }

  /**
   * Reads a prompt, if there is one to read, and a model as of one moment. When the prompt is still the same after the model was read, both
   * held at the moment of that reading; else both are read again. What cannot be had is the error that says why.
   */
  async together(
    promptName: string | undefined,
    modelName: string,
    context: RunContext,
  ): Promise<{ readonly prompt: Prompt | string | Error | undefined; readonly model: AgentModel | Error }> {
    const readPrompt = async () => (promptName === undefined ? undefined : orError(this.prompt(promptName, { context })))
    let prompt = await readPrompt()
    for (let round = 1; ; round++) {
      const model = await orError(this.model(modelName, { context }))
      const again = await readPrompt()
      if (isSame(prompt, again) || !isStored(again) || round === MAX_ROUNDS) return { prompt, model }
      prompt = again
    }
  }

  clients(): LLMRegistry {
    if (this.#registry === undefined) {
      const { llm = defaultClient(this.#settings) } = this.#parts.options
      this.#registry = llm instanceof LLMRegistry ? llm : new LLMRegistry(Array.isArray(llm) ? llm : [llm as LLMClient])
    }
    return this.#registry
  }

  get #settings(): AgentSettings {
    return this.#parts.options.settings ?? (process.env as AgentSettings)
  }

  #source(): AgentManager | undefined {
    if (!this.#isReady) {
      const { options, logger, agent } = this.#parts
      const { manager } = options
      this.#manager = manager === false ? undefined : (manager ?? defaultManager())
      this.#isReady = true
      if (this.#manager === undefined) {
        logger.warn({ agent: agent() }, 'No database is configured: prompts come from the code and the model from the settings.')
      }
    }
    return this.#manager
  }

  #query({ label = this.#parts.options.label, version, context }: AgentReadOptions): AgentQuery {
    const { project } = this.#parts.options
    const given = { project, label, version, subject: context?.subject, attributes: context?.attributes }
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  }

  #usesDatabase(context: RunContext | undefined): boolean {
    const { databasePrompts = true } = this.#parts.options
    if (typeof databasePrompts === 'boolean') return databasePrompts
    return bucketOf(`${this.#parts.agent()}:${context?.subject ?? context?.runId ?? ''}`) < databasePrompts * 100
  }
}

function orError<Value>(reading: Promise<Value>): Promise<Value | Error> {
  return reading.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
}

type Found = Prompt | string | Error | undefined

function isSame(one: Found, other: Found): boolean {
  return one === other || (isStored(one) && isStored(other) && one.version === other.version && one.revision === other.revision)
}

function isStored(found: Found): found is Prompt {
  return typeof found === 'object' && !(found instanceof Error)
}
