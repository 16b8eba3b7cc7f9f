import type { ModelName, PromptName } from '../entities/config-types.js'
import type { Message } from '../entities/message.js'
import type { Prompt } from '../entities/prompt.js'
import type { ChatEvent, ChatResult, EmbedResult } from '../llm/llm-client.js'
import { toPlacedMessages } from '../llm/to-messages.js'
import { checkQuery } from '../manager/config-query.js'
import { InvalidArgumentError, isConfigError, LLMError, NotFoundError } from '../shared/errors.js'
import { Events } from '../shared/events.js'
import { type Logger, SILENT_LOGGER } from '../shared/logger.js'
import type { ModelDefinition } from '../shared/model-definition.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { checkedVariables } from '../template/contract.js'
import type { PromptDefinition } from '../template/prompt-definition.js'
import type { AgentCallOptions, AgentModel, AgentOptions, AgentReadOptions } from './agent-options.js'
import { AgentReads } from './agent-reads.js'
import { askForJson, type JsonAnswer } from './chat-json.js'
import { type CodePrompt, isStored } from './code-prompt.js'
import { embedWith } from './embed-with.js'
import { EventChannel } from './event-channel.js'
import type { AgentRequest } from './model-choice.js'
import { modelChoices } from './model-choices.js'
import { chatWith, isAbort, type ModelWalk, streamWith } from './model-walk.js'
import { type ExecuteOptions, givenSignal, LazyContext, type RunContext } from './run-context.js'
import type { AgentEvents, AgentStreamEvent, RunEvent, RunPrompt } from './run-event.js'
import { observeRun, type RunObserver } from './run-observer.js'
import { outcomesOf } from './run-outcomes.js'
import { errorCode, RunState } from './run-state.js'
import { answerWithTools, type ToolAnswer, type ToolRequest } from './tool-loop.js'
import { untilAborted } from './until-aborted.js'

/**
 * An agent whose prompt and model come from the database, with fallbacks in code.
 *
 * A subclass writes `name` and `run()`, declares its prompt in `promptName`, and has a text for it in `fallbackPrompt()` or in a definition.
 * `execute()` runs it: prompt and model are read together, once, so a change in the middle of a run cannot mix versions.
 */
export abstract class BaseAgent<Input, Output> {
  abstract readonly name: string
  /**
   * The prompt that `getPrompt()` and `getMessages()` read and the run event names. A definition says its variables and its fallback, too,
   * and is registered with the manager: a version that the agent cannot fill is refused.
   */
  protected promptName?: string | PromptDefinition
  /** The model configuration that `chat()` uses. A definition says its fallback, too. */
  protected modelName: string | ModelDefinition = 'default'
  /** The embedding configuration that `embed()` uses. */
  protected embeddingName = 'default'
  /** Repairs JSON that is slightly broken, for `chatJSON`: `jsonrepair` of the package of that name fits. */
  protected repairJson?: (text: string) => string
  readonly #logger: Logger
  readonly #events: Events<AgentEvents>
  readonly #observers = new Set<RunObserver>()
  readonly #states = new WeakMap<RunContext, RunState>()
  readonly #reads: AgentReads

  /** @throws {InvalidArgumentError} for a project or label that is not valid */
  constructor(options: AgentOptions = {}) {
    this.#logger = options.logger ?? SILENT_LOGGER
    this.#reads = new AgentReads({
      options,
      logger: this.#logger,
      // Fields of the subclass are set only after this constructor has returned, so they are read later.
      agent: () => this.name,
      promptName: () => this.promptName,
      modelName: () => this.modelName,
      fallbackPrompt: (name) => this.fallbackPrompt(name),
      onRead: (context, selection) => {
        if (context === undefined || selection?.reason !== 'split' || selection.rolloutId === undefined) return
        this.#stateOf(context).rollouts.add(selection.rolloutId)
      },
    })
    this.#events = new Events((error, event) => this.#logger.error({ error, event, agent: this.name }, 'A listener of an agent failed.'))
  }

  /** The agent's work. It reads prompts and calls models with `context`. */
  protected abstract run(input: Input, context: RunContext): Promise<Output>

  /** The text of a prompt when no database gives it; `undefined` for none. Written in the f-string format. */
  protected fallbackPrompt(_name: string): string | undefined {
    return undefined
  }

  /** An answer without a model, when the run failed; `undefined` for none. Never called after an abort. */
  protected fallback(_input: Input, _error: unknown): Output | undefined | Promise<Output | undefined> {
    return undefined
  }

  /**
   * Runs the agent once.
   *
   * @throws {InvalidArgumentError} for a wrong subject, attributes or timeout, whatever is cached or away
   * @throws what `run()` threw, when `fallback()` has no answer
   */
  async execute(input: Input, options: ExecuteOptions = {}): Promise<Output> {
    return (await this.#execute(input, options)).output
  }

  /**
   * Runs the agent once and gives the parts of every answer as they are written, whether `run()` asks with `chat`, `stream`, `chatJSON` or
   * `chatWithTools`; the last event has the output. Leaving the loop ends the run.
   *
   * @throws like `execute`, at the first step of the loop
   */
  executeStream(input: Input, options: ExecuteOptions = {}): AsyncGenerator<AgentStreamEvent<Output>, Output, undefined> {
    const leaving = new AbortController()
    const events = this.#eventsOf(input, options, leaving)
    // A generator's own return() and throw() queue behind a step that still waits for the model: the run is ended first.
    for (const verb of ['return', 'throw'] as const) {
      const leave = events[verb].bind(events)
      events[verb] = (value?: unknown) => {
        leaving.abort()
        return leave(value as Output)
      }
    }
    return events
  }

  /** Listens to runs. @returns the function that stops listening */
  on<Name extends keyof AgentEvents>(event: Name, listener: AgentEvents[Name]): () => void {
    return this.#events.on(event, listener)
  }

  /** Watches runs and their calls from within, as `traceAgents` of `agent-config/otel` does. @returns the function that stops watching */
  observe(observer: RunObserver): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /**
   * The text prompt with its variables filled in.
   *
   * @throws {NotFoundError} when neither the database nor the code has it
   * @throws {TemplateVariableError} when variables are missing, or do not fit the definition
   * @throws {InvalidArgumentError} when it is a chat prompt: `getMessages()` reads those
   */
  protected async getPrompt(
    variables: Readonly<Record<string, unknown>> = {},
    options: AgentReadOptions<PromptName> = {},
  ): Promise<string> {
    const compiled = await this.#compiled(variables, options)
    if (typeof compiled === 'string') return compiled
    throw new InvalidArgumentError(
      'prompt',
      `"${this.#promptNameOf(options)}" is a chat prompt: read it with getMessages(), which keeps its messages apart.`,
    )
  }

  /**
   * The messages of a chat prompt with its variables filled in, ready to be sent; a text prompt is one system message.
   *
   * @throws {NotFoundError} when neither the database nor the code has it
   * @throws {TemplateVariableError} when variables are missing, or do not fit the definition
   */
  protected async getMessages(
    variables: Readonly<Record<string, unknown>> = {},
    options: AgentReadOptions<PromptName> = {},
  ): Promise<Message[]> {
    const compiled = await this.#compiled(variables, options)
    return typeof compiled === 'string' ? [{ role: 'system', content: compiled }] : compiled
  }

  /**
   * The model configuration: the database's, else the fallback of the definition, else DEFAULT_MODEL of the settings.
   *
   * @throws {NotFoundError} when there is none of them
   */
  protected getModelConfig(options: AgentReadOptions<ModelName> = {}): Promise<AgentModel> {
    const { name = nameOf(this.modelName), context } = options
    return this.#pinned(context, `model ${name} ${options.label} ${options.version}`, () => this.#reads.model(name, options))
  }

  /**
   * Asks the prompt's own model, if it names one, then the configured one, then its fallbacks, each with its own parameters and the
   * prompt's over them; parameters of the request go before both.
   *
   * @throws {LLMError} of the last model, with those of all in `errors`
   */
  protected async chat(request: AgentRequest, context: RunContext, options: AgentCallOptions = {}): Promise<ChatResult> {
    const walk = await this.#walk(request, context, options)
    const { sink } = walk.state
    if (sink === undefined) return chatWith(walk)
    let result: ChatResult | undefined
    for await (const event of streamWith(walk)) {
      if (event.type === 'finish') result = event.result
      await sink(event)
    }
    if (result !== undefined) return result
    throw new LLMError('The stream ended without a finish event.', { reason: 'stream' })
  }

  /** The same as a stream; it stays with the model whose first part came. */
  protected async *stream(
    request: AgentRequest,
    context: RunContext,
    options: AgentCallOptions = {},
  ): AsyncGenerator<ChatEvent, void, undefined> {
    const walk = await this.#walk(request, context, options)
    for await (const event of streamWith(walk)) {
      await walk.state.sink?.(event)
      yield event
    }
  }

  /**
   * Asks for JSON that fits a schema; when the answer does not, asks once more and says what was wrong. A schema that describes itself as
   * JSON Schema (zod from 4.2, arktype) is sent along.
   *
   * @param schema any Standard Schema: valibot, zod, arktype
   * @throws {LLMError} with reason `invalid_output` when the second answer does not fit either
   */
  protected chatJSON<Value>(
    schema: StandardSchema<unknown, Value>,
    request: AgentRequest,
    context: RunContext,
    options: AgentCallOptions = {},
  ): Promise<JsonAnswer<Value>> {
    const answer = askForJson(schema, request, (asked) => this.chat(asked, context, options), this.repairJson)
    return this.#noted(context, answer)
  }

  /**
   * Asks with tools, runs those that the model asks for, and asks again with their results, until it answers without one.
   *
   * @throws {LLMError} with reason `invalid_output` when it still asks for tools after `maxSteps` (10) questions
   */
  protected chatWithTools(request: ToolRequest, context: RunContext, options: AgentCallOptions = {}): Promise<ToolAnswer> {
    const ask = (asked: AgentRequest) => this.chat(asked, context, options)
    return this.#noted(context, answerWithTools(request, ask, { context, state: this.#stateOf(context) }))
  }

  /**
   * Vectors for texts, by the stored embedding configuration of `embeddingName`: its model (`provider:model`), and its `dimensions`,
   * `batchSize` and provider's own options from `parameters`.
   *
   * @throws {NotFoundError} when there is no such configuration
   * @throws {LLMError} when the provider fails, or gives other vectors than were asked for
   */
  protected async embed(values: readonly string[], context: RunContext, options: AgentCallOptions = {}): Promise<EmbedResult> {
    const { embeddingName: name } = this
    const config = await this.#pinned(context, `embedding ${name}`, () => this.#reads.embedding(name, { context }))
    return embedWith(config, values, { registry: this.#reads.clients(), context, state: this.#stateOf(context), options })
  }

  async *#eventsOf(
    input: Input,
    options: ExecuteOptions,
    leaving: AbortController,
  ): AsyncGenerator<AgentStreamEvent<Output>, Output, undefined> {
    const channel = new EventChannel<ChatEvent>()
    const signal = options.signal === undefined ? leaving.signal : AbortSignal.any([options.signal, leaving.signal])
    const run = this.#execute(input, { ...options, signal }, (event) => channel.put(event)).finally(() => channel.close())
    // Awaited below; a reader that leaves early never sees the rejection.
    run.catch(() => {})
    try {
      yield* channel
      const { output, degraded } = await run
      yield { type: 'output', output, degraded }
      return output
    } finally {
      leaving.abort()
      await run.catch(() => {})
    }
  }

  async #execute(
    input: Input,
    options: ExecuteOptions,
    sink?: (event: ChatEvent) => Promise<void>,
  ): Promise<{ readonly output: Output; readonly degraded: boolean }> {
    const { subject, attributes, timeoutMs } = options
    checkQuery(
      { ...(subject !== undefined && { subject }), ...(attributes !== undefined && { attributes }) },
      { project: 'default', label: 'production' },
    )
    if (timeoutMs !== undefined && !(timeoutMs > 0)) throw new InvalidArgumentError('timeoutMs', 'must be a number of milliseconds above 0')
    const context = new LazyContext(options)
    const state = new RunState(timeoutMs, sink)
    this.#states.set(context, state)
    state.observation = observeRun(this.#observers, { agent: this.name, context }, (error) =>
      this.#logger.error({ error, agent: this.name }, 'An observer of an agent failed.'),
    )
    return state.observation.within(async () => {
      try {
        await this.#readTogether(context)
        const output = await this.run(input, context)
        this.#emit(context, state, { ok: true, degraded: false })
        return { output, degraded: false }
      } catch (thrown) {
        const wasAborted = isAbort(context)
        const output = wasAborted ? undefined : await this.#degraded(input, thrown, context)
        const error = output === undefined && !wasAborted && isAbort(context) ? context.signal.reason : thrown
        this.#emit(context, state, { ok: output !== undefined, degraded: output !== undefined, errorCode: errorCode(error), error })
        if (output === undefined) throw error
        return { output, degraded: true }
      }
    })
  }

  #promptNameOf({ name = nameOf(this.promptName) }: AgentReadOptions): string {
    if (name === undefined) throw new NotFoundError(`Agent "${this.name}" declares no promptName, and none was given.`)
    return name
  }

  #readPrompt(options: AgentReadOptions): Promise<Prompt | CodePrompt> {
    const name = this.#promptNameOf(options)
    const { context, label, version } = options
    return this.#pinned(context, `prompt ${name} ${label} ${version}`, () => this.#reads.prompt(name, { ...options, name }))
  }

  async #compiled(variables: Readonly<Record<string, unknown>>, options: AgentReadOptions): Promise<string | Message[]> {
    const found = await this.#readPrompt(options)
    const definition = this.#reads.definitionOf(this.#promptNameOf(options))
    return found.compile(definition === undefined ? variables : (checkedVariables(definition, variables) as Record<string, unknown>))
  }

  /** Reads the declared prompt and the model together, and keeps them for the run. */
  async #readTogether(context: RunContext): Promise<void> {
    const state = this.#stateOf(context)
    const promptName = nameOf(this.promptName)
    const modelName = nameOf(this.modelName)
    const signal = givenSignal(context)
    signal?.throwIfAborted()
    const { prompt, model } = await untilAborted(this.#reads.together(promptName, modelName, context), signal)
    if (promptName !== undefined && prompt !== undefined) {
      state.once(`prompt ${promptName} undefined undefined`, () => settled(prompt))
      state.prompt = runPrompt(promptName, prompt)
    }
    state.once(`model ${modelName} undefined undefined`, () => settled(model))
    if (!(model instanceof Error)) {
      const { provider, version, source } = model
      state.model = { provider, model: model.model, ...(version !== undefined && { version }), source }
    }
  }

  async #walk(request: AgentRequest, context: RunContext, options: AgentCallOptions): Promise<ModelWalk> {
    const name = options.promptName ?? nameOf(this.promptName)
    const registry = this.#reads.clients()
    // A prompt that cannot be read names no model. The call that needs its text throws the error.
    const prompt = name === undefined ? undefined : await this.#readPrompt({ name, context }).catch(() => undefined)
    const choices = modelChoices(await this.getModelConfig({ context }), isStored(prompt) ? prompt : undefined, registry)
    const used = name !== undefined && prompt !== undefined ? runPrompt(name, prompt) : undefined
    // Histories come out of placeholders as their library wrote them; clients take our form.
    const messages = toPlacedMessages(request.messages)
    return { choices, registry, request: { ...request, messages }, context, state: this.#stateOf(context), options, prompt: used }
  }

  async #degraded(input: Input, error: unknown, context: RunContext): Promise<Output | undefined> {
    try {
      return await untilAborted((async () => this.fallback(input, error))(), givenSignal(context))
    } catch (cause) {
      if (isAbort(context)) return undefined
      this.#logger.error({ error: cause, agent: this.name }, 'The fallback of an agent failed.')
      return undefined
    }
  }

  #pinned<Value>(context: RunContext | undefined, question: string, ask: () => Promise<Value>): Promise<Value> {
    return context === undefined ? ask() : untilAborted(this.#stateOf(context).once(question, ask), givenSignal(context))
  }

  /** The state of a run. A context that was made by hand, as in tests, gets a new one. */
  #stateOf(context: RunContext): RunState {
    const state = this.#states.get(context) ?? new RunState(undefined)
    this.#states.set(context, state)
    return state
  }

  #emit(context: RunContext, state: RunState, outcome: Pick<RunEvent, 'ok' | 'degraded' | 'errorCode' | 'error'>): void {
    const { runId, subject } = context
    const { prompt, model, attempts, usage, startedAt } = state
    const cost = state.cost.total
    const event: RunEvent = {
      agent: this.name,
      runId,
      subject,
      durationMs: performance.now() - startedAt,
      ...(prompt && { prompt }),
      ...(model && { model }),
      attempts: [...attempts],
      usage,
      ...(cost && { cost: cost.amount, currency: cost.currency }),
      ...outcome,
    }
    this.#recordOutcomes(context, state, event)
    this.#events.emit('run', event)
    state.observation.end(event)
  }

  /** Records the outcomes of a run that a guarded rollout gave a version to; for other runs nothing is done. */
  #recordOutcomes(context: RunContext, state: RunState, event: RunEvent): void {
    const { subject } = context
    const { outcomes } = this.#reads
    if (state.rollouts.size === 0 || subject === undefined || outcomes === undefined) return
    const facts = { isAborted: isAbort(context), isInvalid: state.isInvalid || isInvalidOutput(event.error) }
    try {
      for (const rolloutId of state.rollouts) {
        const metrics = outcomes.metricsOf(rolloutId)
        if (metrics === undefined) continue
        for (const outcome of outcomesOf(event, facts, metrics)) outcomes.record({ subject, ...outcome, rolloutId })
      }
    } catch (error) {
      this.#logger.error({ error, agent: this.name }, 'The outcomes of a run could not be recorded.')
    }
  }

  /** Records that an answer did not fit its schema, even when `run()` catches the error. */
  async #noted<Answer>(context: RunContext, answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer
    } catch (error) {
      if (isInvalidOutput(error)) this.#stateOf(context).isInvalid = true
      throw error
    }
  }
}

function nameOf(declared: string | { readonly name: string }): string
function nameOf(declared: string | { readonly name: string } | undefined): string | undefined
function nameOf(declared: string | { readonly name: string } | undefined): string | undefined {
  return typeof declared === 'object' ? declared.name : declared
}

function runPrompt(name: string, prompt: Prompt | CodePrompt | Error): RunPrompt | undefined {
  if (prompt instanceof Error) return undefined
  if (!isStored(prompt)) return { name, source: 'fallback' }
  const { version, selection, source } = prompt
  const { label, rolloutId } = selection
  return { name, version, label, ...(rolloutId !== undefined && { rolloutId }), source }
}

function isInvalidOutput(error: unknown): boolean {
  return isConfigError(error, 'E_LLM') && (error as LLMError).reason === 'invalid_output'
}

async function settled<Value>(value: Value | Error): Promise<Value> {
  if (value instanceof Error) throw value
  return value
}
