import type { EmbeddingConfig } from '../entities/embedding-config.js'
import type { Prompt } from '../entities/prompt.js'
import type { Selection } from '../entities/selection.js'
import type { LLMClient } from '../llm/llm-client.js'
import { LLMRegistry } from '../llm/llm-registry.js'
import { checkQuery } from '../manager/config-query.js'
import { bucketOf } from '../rollout/bucket.js'
import { isConfigError, NotFoundError } from '../shared/errors.js'
import type { Logger } from '../shared/logger.js'
import { checkedParameters, type ModelDefinition } from '../shared/model-definition.js'
import type { PromptDefinition } from '../template/prompt-definition.js'
import type { AgentManager, AgentOutcomes, AgentQuery } from './agent-manager.js'
import type { AgentModel, AgentOptions, AgentReadOptions } from './agent-options.js'
import { type AgentSettings, defaultClient, settingOf } from './agent-settings.js'
import { CodePrompt, isStored } from './code-prompt.js'
import { defaultManager } from './default-manager.js'
import type { RunContext } from './run-context.js'

export interface AgentReadsParts {
  readonly options: AgentOptions
  readonly logger: Logger
  /** The agent's name. */
  readonly agent: () => string
  /** The declared prompt and model; read after the constructor has returned. */
  readonly promptName: () => string | PromptDefinition | undefined
  readonly modelName: () => string | ModelDefinition
  readonly fallbackPrompt: (name: string) => string | undefined
  /** Called with the selection of each version that was read for a run, whether or not it can be used. */
  readonly onRead: (context: RunContext | undefined, selection: SelectionFacts | undefined) => void
}

/** The parts of a selection that outcomes need. */
export type SelectionFacts = Pick<Selection, 'rolloutId'> & { readonly reason: Selection['reason'] | 'fallback' }

/** Most attempts to read a prompt and a model as of one moment. A further attempt is needed only when a change came in the middle of one. */
const MAX_ROUNDS = 3

/**
 * Reads an agent's prompts and models: from the database, then from the code and the settings.
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
    const { manager, project, label } = parts.options
    this.#check({ ...(project !== undefined && { project }), ...(label !== undefined && { label }) })
    // Fields of the subclass are set when its constructor has ended. In a microtask after it the definitions are registered, before any run.
    if (manager) queueMicrotask(() => this.#source())
  }

  /**
   * The manager answers from the database, a last good value or a snapshot. After it come the fallback of the definition, and the code's own text.
   *
   * @throws {NotFoundError} when neither the database nor the code has it
   * @throws {InvalidArgumentError} for a wrong name, label, version or subject, whether or not anything could answer
   */
  async prompt(name: string, options: AgentReadOptions): Promise<Prompt | CodePrompt> {
    const { logger, fallbackPrompt } = this.#parts
    const agent = this.#parts.agent()
    const query = this.#query(options)
    let cause: unknown
    if (await this.#usesDatabase(options)) {
      try {
        const prompt = await this.#source()?.getPrompt(name, query)
        if (prompt !== undefined) {
          this.#parts.onRead(options.context, prompt.selection)
          return prompt
        }
      } catch (error) {
        // A wrong argument is an error whether or not a fallback could answer.
        if (isConfigError(error, 'E_INVALID_ARGUMENT')) throw error
        cause = error
        logger.warn({ error, agent, prompt: name }, 'The prompt cannot be read; the one in code is used.')
      }
    }
    const definition = this.definitionOf(name)
    if (definition?.fallback !== undefined) return new CodePrompt(definition.fallback, definition.templateFormat)
    const text = fallbackPrompt(name)
    if (text !== undefined) return new CodePrompt(text, 'f-string')
    throw cause ?? new NotFoundError(`There is no prompt "${name}" for agent "${agent}": none in the database, none in fallbackPrompt().`)
  }

  /** The definition that the agent declares for a prompt, if it declares one. */
  definitionOf(name: string): PromptDefinition | undefined {
    const declared = this.#parts.promptName()
    return typeof declared === 'object' && declared.name === name ? declared : undefined
  }

  /** @throws {NotFoundError} when neither the database, nor the definition, nor DEFAULT_MODEL has one */
  async model(name: string, options: AgentReadOptions): Promise<AgentModel> {
    const { logger } = this.#parts
    const agent = this.#parts.agent()
    const query = this.#query(options)
    const declared = this.#parts.modelName()
    const definition = typeof declared === 'object' && declared.name === name ? declared : undefined
    let cause: unknown
    try {
      const config = await this.#source()?.getModelConfig(name, query)
      if (config !== undefined) this.#parts.onRead(options.context, config.selection)
      const problem = config && definition && problemOf(definition, config)
      if (problem !== undefined)
        logger.warn({ agent, model: name, problem }, 'The stored parameters do not fit; the model in code is used.')
      else if (config !== undefined) return config
    } catch (error) {
      if (isConfigError(error, 'E_INVALID_ARGUMENT')) throw error
      cause = error
      logger.warn({ error, agent, model: name }, 'The model configuration cannot be read; the one in code is used.')
    }
    if (definition !== undefined) {
      const { provider, model, parameters = {}, fallbacks = [], prices = null } = definition.fallback
      return { provider, model, parameters, fallbacks, prices, source: 'fallback' }
    }
    const fallback = settingOf(this.#settings, 'DEFAULT_MODEL')
    if (typeof fallback === 'string' && fallback !== '') {
      const { client, model } = this.clients().resolve(fallback)
      return { provider: client.provider, model, parameters: {}, fallbacks: [], source: 'settings' }
    }
    throw cause ?? new NotFoundError(`There is no model configuration "${name}" for agent "${agent}", and DEFAULT_MODEL is not set.`)
  }

  /** @throws {NotFoundError} when the database has none, or there is no database */
  async embedding(name: string, options: AgentReadOptions): Promise<EmbeddingConfig> {
    const query = this.#query(options)
    const config = await this.#source()?.getEmbeddingConfig?.(name, query)
    if (config !== undefined) {
      this.#parts.onRead(options.context, config.selection)
      return config
    }
    throw new NotFoundError(`There is no embedding configuration "${name}" for agent "${this.#parts.agent()}".`)
  }

  /**
   * Reads a prompt, if there is one to read, and a model as of one moment. When the prompt is still the same after the model was read, both
   * held at the moment of that reading; else both are read again. In place of one that cannot be read, the error is returned.
   */
  async together(
    promptName: string | undefined,
    modelName: string,
    context: RunContext,
  ): Promise<{ readonly prompt: Prompt | CodePrompt | Error | undefined; readonly model: AgentModel | Error }> {
    const readPrompt = async () => (promptName === undefined ? undefined : orError(this.prompt(promptName, { context })))
    let prompt = await readPrompt()
    for (let round = 1; ; round++) {
      const model = await orError(this.model(modelName, { context }))
      const again = await readPrompt()
      if (isSame(prompt, again) || !isStored(again) || round === MAX_ROUNDS) return { prompt: again, model }
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

  /** Where outcomes of runs go, if a manager was asked for anything. */
  get outcomes(): AgentOutcomes | undefined {
    return this.#manager?.outcomes
  }

  get #settings(): AgentSettings {
    return this.#parts.options.settings ?? (process.env as AgentSettings)
  }

  #source(): AgentManager | undefined {
    if (!this.#isReady) {
      const { options, logger, agent, promptName, modelName } = this.#parts
      const { manager } = options
      this.#manager = manager === false ? undefined : (manager ?? defaultManager())
      this.#isReady = true
      const [prompt, model] = [promptName(), modelName()]
      if (typeof prompt === 'object') this.#manager?.registerPrompt?.(prompt)
      if (typeof model === 'object') this.#manager?.registerModel?.(model)
      if (this.#manager === undefined) {
        logger.warn({ agent: agent() }, 'No database is configured: prompts come from the code and the model from the settings.')
      }
    }
    return this.#manager
  }

  #query({ label = this.#parts.options.label, version, context }: AgentReadOptions): AgentQuery {
    const { project } = this.#parts.options
    const given = { project, label, version, subject: context?.subject, attributes: context?.attributes }
    return this.#check(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
  }

  #check(query: AgentQuery): AgentQuery {
    checkQuery(query, { project: 'default', label: 'production' })
    return query
  }

  async #usesDatabase({ context }: AgentReadOptions): Promise<boolean> {
    const { databasePrompts = true } = this.#parts.options
    if (typeof databasePrompts === 'object') {
      const query = this.#query(context === undefined ? {} : { context })
      return this.#flag(databasePrompts.flag, query, context)
    }
    if (typeof databasePrompts === 'function') return databasePrompts(context)
    if (typeof databasePrompts === 'boolean') return databasePrompts
    return bucketOf(`${this.#parts.agent()}:${context?.subject ?? context?.runId ?? ''}`) < databasePrompts * 100
  }

  async #flag(name: string, query: AgentQuery, context: RunContext | undefined): Promise<boolean> {
    const manager = this.#source()
    const details = await manager?.getFlagDetails?.(name, false, query)
    if (!details) return (await manager?.getFlag?.(name, false, query)) ?? false
    this.#parts.onRead(context, details)
    return details.value
  }
}

function problemOf(definition: ModelDefinition, { parameters }: Pick<AgentModel, 'parameters'>): string | undefined {
  const checked = checkedParameters(definition, parameters)
  return 'problem' in checked ? checked.problem : undefined
}

function orError<Value>(reading: Promise<Value>): Promise<Value | Error> {
  return reading.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
}

type Found = Prompt | CodePrompt | Error | undefined

function isSame(one: Found, other: Found): boolean {
  return one === other || (isStored(one) && isStored(other) && one.version === other.version && one.revision === other.revision)
}
