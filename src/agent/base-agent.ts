import type { Prompt } from '../entities/prompt.js'
import { extractJson, invalidOutput } from '../llm/extract-json.js'
import type { ChatEvent, ChatResult } from '../llm/llm-client.js'
import { problemsOf } from '../llm/schema-problems.js'
import { isConfigError, type LLMError, NotFoundError } from '../shared/errors.js'
import { Events } from '../shared/events.js'
import { type Logger, SILENT_LOGGER } from '../shared/logger.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { renderTemplate } from '../template/render-template.js'
import type { AgentModel, AgentOptions, AgentReadOptions } from './agent-options.js'
import { AgentReads } from './agent-reads.js'
import { type AgentRequest, chatWith, isAbort, type ModelChoice, streamWith } from './model-walk.js'
import type { ExecuteOptions, RunContext } from './run-context.js'
import type { AgentEvents, RunEvent, RunPrompt } from './run-event.js'
import { errorCode, RunState } from './run-state.js'

/** What `chatJSON` gives. */
export interface JsonAnswer<Value> {
  readonly value: Value
  /** The model's answer that held it. */
  readonly result: ChatResult
}

/** Longest part of a refused answer that is sent back to the model. */
const LONGEST_ECHO = 8_000

/**
 * An agent whose prompt and model come from the database, with fallbacks in code.
 *
 * A subclass writes `name` and `run()`, declares its prompt in `promptName`, and has a text for it in `fallbackPrompt()`.
 * `execute()` runs it: prompt and model are read together, once, so a change in the middle of a run cannot mix versions.
 */
export abstract class BaseAgent<Input, Output> {
  abstract readonly name: string
  /** The prompt that `getPrompt()` reads and the run event names. */
  protected promptName?: string
  /** The model configuration that `chat()` uses. */
  protected modelName = 'default'
  /** Makes JSON of what almost is, for `chatJSON`: `jsonrepair` of the package of that name fits. */
  protected repairJson?: (text: string) => string
  readonly #logger: Logger
  readonly #events: Events<AgentEvents>
  readonly #states = new WeakMap<RunContext, RunState>()
  readonly #reads: AgentReads

  constructor(options: AgentOptions = {}) {
    this.#logger = options.logger ?? SILENT_LOGGER
    this.#reads = new AgentReads({
      options,
      logger: this.#logger,
      // A subclass has its name once this constructor has returned.
      agent: () => this.name,
      fallbackPrompt: (name) => this.fallbackPrompt(name),
    })
    this.#events = new Events((error, event) => this.#logger.error({ error, event, agent: this.name }, 'A listener of an agent failed.'))
  }

  /** The agent's work. What it needs of prompts and models it asks for with `context`. */
  protected abstract run(input: Input, context: RunContext): Promise<Output>

  /** The text of a prompt when no database gives it; `undefined` for none. Written in the f-string format. */
  protected fallbackPrompt(_name: string): string | undefined {
    return undefined
  }

  /** An answer without a model, when the run failed; `undefined` for none. Never asked after an abort. */
  protected fallback(_input: Input, _error: unknown): Output | undefined | Promise<Output | undefined> {
    return undefined
  }

  /**
   * Runs the agent once.
   *
   * @throws what `run()` threw, when `fallback()` has no answer
   */
  async execute(input: Input, options: ExecuteOptions = {}): Promise<Output> {
    const { subject, attributes, signal = new AbortController().signal, timeoutMs, runId = globalThis.crypto.randomUUID() } = options
    const context: RunContext = { runId, subject, attributes, signal }
    const state = new RunState(timeoutMs)
    this.#states.set(context, state)
    try {
      await this.#readTogether(context)
      const output = await this.run(input, context)
      this.#emit(context, state, { ok: true, degraded: false })
      return output
    } catch (error) {
      const output = isAbort(error, context) ? undefined : await this.#degraded(input, error)
      this.#emit(context, state, { ok: output !== undefined, degraded: output !== undefined, errorCode: errorCode(error), error })
      if (output === undefined) throw error
      return output
    }
  }

  /** Listens to runs. @returns the function that stops listening */
  on<Name extends keyof AgentEvents>(event: Name, listener: AgentEvents[Name]): () => void {
    return this.#events.on(event, listener)
  }

  /**
   * The prompt with its variables filled in; messages of a chat prompt are joined by empty lines.
   *
   * @throws {NotFoundError} when neither the database nor `fallbackPrompt()` has it
   * @throws {TemplateVariableError} when variables are missing
   */
  protected async getPrompt(variables: Readonly<Record<string, unknown>> = {}, options: AgentReadOptions = {}): Promise<string> {
    const name = options.name ?? this.promptName
    if (name === undefined) throw new NotFoundError(`Agent "${this.name}" declares no promptName, and none was given.`)
    const { context, label, version } = options
    const found = await this.#pinned(context, `prompt ${name} ${label} ${version}`, () => this.#reads.prompt(name, options))
    if (typeof found === 'string') return renderTemplate(found, variables)
    const compiled = found.compile(variables)
    return typeof compiled === 'string' ? compiled : compiled.map(({ content }) => content).join('\n\n')
  }

  /**
   * The model configuration: the database's, else DEFAULT_MODEL of the settings.
   *
   * @throws {NotFoundError} when there is neither
   */
  protected getModelConfig(options: AgentReadOptions = {}): Promise<AgentModel> {
    const { name = this.modelName, context } = options
    return this.#pinned(context, `model ${name} ${options.label} ${options.version}`, () => this.#reads.model(name, options))
  }

  /** Asks the configured model, then its fallbacks, each with its own parameters; what the request says goes first. */
  protected async chat(request: AgentRequest, context: RunContext): Promise<ChatResult> {
    return chatWith(await this.#choices(context), this.#reads.clients(), request, context, this.#stateOf(context))
  }

  /** The same as a stream; it stays with the model whose first part came. */
  protected async *stream(request: AgentRequest, context: RunContext): AsyncGenerator<ChatEvent, void, undefined> {
    yield* streamWith(await this.#choices(context), this.#reads.clients(), request, context, this.#stateOf(context))
  }

  /**
   * Asks for JSON that fits a schema; when the answer does not, asks once more and says what was wrong.
   *
   * @param schema any Standard Schema: valibot, zod, arktype
   * @throws {LLMError} with reason `invalid_output` when the second answer does not fit either
   */
  protected async chatJSON<Value>(
    schema: StandardSchema<unknown, Value>,
    request: AgentRequest,
    context: RunContext,
  ): Promise<JsonAnswer<Value>> {
    const asked: AgentRequest = { responseFormat: { type: 'json' }, ...request }
    const result = await this.chat(asked, context)
    try {
      return { value: await this.#valueIn(result, schema), result }
    } catch (error) {
      if (!isConfigError(error, 'E_LLM')) throw error
      const { problems, message } = error as LLMError
      const said = (problems ?? [message]).map((problem) => `- ${problem}`).join('\n')
      const messages: AgentRequest['messages'] = [
        ...request.messages,
        { role: 'assistant', content: result.text.slice(0, LONGEST_ECHO) },
        { role: 'user', content: `That answer cannot be used:\n${said}\nAnswer again with the corrected JSON alone.` },
      ]
      const second = await this.chat({ ...asked, messages }, context)
      return { value: await this.#valueIn(second, schema), result: second }
    }
  }

  async #valueIn<Value>(result: ChatResult, schema: StandardSchema<unknown, Value>): Promise<Value> {
    const found = extractJson(result.text, this.repairJson === undefined ? {} : { repair: this.repairJson })
    const checked = await schema['~standard'].validate(found)
    if (checked.issues === undefined) return checked.value
    throw invalidOutput(result.text, problemsOf(checked.issues))
  }

  /** Reads the declared prompt and the model together, and keeps them for the run. */
  async #readTogether(context: RunContext): Promise<void> {
    const state = this.#stateOf(context)
    const { promptName, modelName } = this
    const { prompt, model } = await this.#reads.together(promptName, modelName, context)
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

  async #choices(context: RunContext): Promise<readonly ModelChoice[]> {
    const model = await this.getModelConfig({ context })
    return [model, ...model.fallbacks]
  }

  async #degraded(input: Input, error: unknown): Promise<Output | undefined> {
    try {
      return await this.fallback(input, error)
    } catch (cause) {
      this.#logger.error({ error: cause, agent: this.name }, 'The fallback of an agent failed.')
      return undefined
    }
  }

  #pinned<Value>(context: RunContext | undefined, question: string, ask: () => Promise<Value>): Promise<Value> {
    return context === undefined ? ask() : this.#stateOf(context).once(question, ask)
  }

  /** A context that a test made by hand gets a state of its own. */
  #stateOf(context: RunContext): RunState {
    const state = this.#states.get(context) ?? new RunState(undefined)
    this.#states.set(context, state)
    return state
  }

  #emit({ runId, subject }: RunContext, state: RunState, outcome: Pick<RunEvent, 'ok' | 'degraded' | 'errorCode' | 'error'>): void {
    const { prompt, model, attempts, usage, startedAt } = state
    this.#events.emit('run', {
      agent: this.name,
      runId,
      subject,
      durationMs: performance.now() - startedAt,
      ...(prompt && { prompt }),
      ...(model && { model }),
      attempts: [...attempts],
      usage,
      ...outcome,
    })
  }
}

function runPrompt(name: string, prompt: Prompt | string | Error): RunPrompt | undefined {
  if (prompt instanceof Error) return undefined
  if (typeof prompt === 'string') return { name, source: 'fallback' }
  const { version, selection, source } = prompt
  const { label, rolloutId } = selection
  return { name, version, label, ...(rolloutId !== undefined && { rolloutId }), source }
}

async function settled<Value>(value: Value | Error): Promise<Value> {
  if (value instanceof Error) throw value
  return value
}
