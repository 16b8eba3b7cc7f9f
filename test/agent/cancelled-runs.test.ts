import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import type { ModelConfig } from '../../src/entities/model-config.js'
import type { Prompt } from '../../src/entities/prompt.js'
import type { ChatEvent, ChatResult, LLMClient } from '../../src/llm/llm-client.js'
import { isConfigError, LLMError, StoreUnavailableError } from '../../src/shared/errors.js'
import { MemoryManager } from './memory-manager.js'

/** What one step of a manager or a server does: after so many turns of the event loop, or at once as from a warm cache. */
interface Step {
  readonly turns: number
  readonly outcome: 'answers' | 'fails' | 'is silent'
}

const step: fc.Arbitrary<Step> = fc.record({
  turns: fc.nat({ max: 2 }),
  outcome: fc.oneof(
    { weight: 20, arbitrary: fc.constant('answers' as const) },
    { weight: 5, arbitrary: fc.constant('fails' as const) },
    { weight: 1, arbitrary: fc.constant('is silent' as const) },
  ),
})

/** Who plays steps, each its own ones in turn. */
type Actor = 'prompts' | 'models' | 'server'

/** Longest time until a run that was cancelled has ended. */
const SOON_MS = 3_000
const REASONS = [new Error('the user left'), new DOMException('too late', 'TimeoutError'), 'a word', { code: 7 }] as const

/** Plays the steps in order; each beginning and end of a step is a point at which the caller may cancel, or an editor publish. */
class Script {
  readonly controller = new AbortController()
  readonly manager = new MemoryManager()
  readonly #steps: Readonly<Record<Actor, readonly Step[]>>
  readonly #cancelAt: number
  readonly #publishAt: number
  readonly #reason: unknown
  readonly #played = { prompts: 0, models: 0, server: 0 }
  #point = 0

  constructor(plan: {
    readonly steps: Readonly<Record<Actor, readonly Step[]>>
    readonly cancelAt: number
    readonly publishAt: number
    readonly reason: unknown
  }) {
    this.#steps = plan.steps
    this.#cancelAt = plan.cancelAt
    this.#publishAt = plan.publishAt
    this.#reason = plan.reason
    this.#publish()
  }

  point(): void {
    this.#point += 1
    if (this.#point === this.#publishAt) this.#publish()
    if (this.#point === this.#cancelAt) this.controller.abort(this.#reason)
  }

  /** Heeds no signal, as code of hosts may not. */
  async play<Value>(actor: Actor, answer: () => Value): Promise<Value> {
    const steps = this.#steps[actor]
    const { turns, outcome } = steps[this.#played[actor]++ % steps.length] as Step
    this.point()
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    if (outcome === 'is silent') {
      // A caller of a run that hangs cancels it at some time.
      setImmediate(() => this.controller.abort(this.#reason))
      return new Promise(() => {})
    }
    this.point()
    if (outcome === 'fails') throw new StoreUnavailableError('down')
    return answer()
  }

  /** Prompt and model of one revision. */
  #publish(): void {
    this.manager.setPrompt('greeting', 'Stored {who}')
    this.manager.setModel('fake', 'm')
  }
}

class ScriptedManager {
  readonly #script: Script
  constructor(script: Script) {
    this.#script = script
  }
  async getPrompt(name: string): Promise<Prompt | undefined> {
    const asked = await this.#script.manager.getPrompt(name)
    return this.#script.play('prompts', () => asked)
  }
  async getModelConfig(name?: string): Promise<ModelConfig | undefined> {
    const asked = await this.#script.manager.getModelConfig(name)
    return this.#script.play('models', () => asked)
  }
  async getFlag(): Promise<boolean> {
    return this.#script.play('prompts', () => true)
  }
}

/** A client that is deaf to its signal. */
function scriptedClient(script: Script): LLMClient {
  const result = (): ChatResult => ({
    text: 'hello',
    toolCalls: [],
    finishReason: 'stop',
    usage: {},
    timings: { totalMs: 1 },
    model: 'm',
    provider: 'fake',
  })
  return {
    provider: 'fake',
    chat: () => script.play('server', result),
    async *stream(): AsyncGenerator<ChatEvent> {
      yield await script.play('server', (): ChatEvent => ({ type: 'text', delta: 'hello' }))
      yield await script.play('server', (): ChatEvent => ({ type: 'finish', result: result() }))
    },
  }
}

interface Seen {
  readonly prompts: readonly string[]
  readonly answer: string
}

class Greeter extends BaseAgent<string, Seen> {
  readonly name = 'greeter'
  protected override promptName = 'greeting'
  hasText = true

  protected override async run(who: string, context: RunContext): Promise<Seen> {
    const before = await this.getPrompt({ who }, { context })
    const { text } = await this.chat({ messages: [{ role: 'user', content: before }] }, context)
    let streamed = ''
    for await (const event of this.stream({ messages: [] }, context)) if (event.type === 'text') streamed += event.delta
    return { prompts: [before, await this.getPrompt({ who }, { context })], answer: text + streamed }
  }

  protected override fallbackPrompt(): string | undefined {
    return this.hasText ? 'In code {who}' : undefined
  }
}

const steps = fc.array(step, { minLength: 1, maxLength: 4 })
const plan = fc.record({
  steps: fc.record({ prompts: steps, models: steps, server: steps }),
  // Half of the callers wait for the end.
  cancelAt: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 16 })),
  publishAt: fc.integer({ min: 0, max: 8 }),
  reason: fc.constantFrom<unknown>(...REASONS),
  hasText: fc.boolean(),
  isFlagged: fc.boolean(),
  isStreamed: fc.boolean(),
})

async function outputOf(agent: Greeter, signal: AbortSignal, isStreamed: boolean): Promise<Seen> {
  if (!isStreamed) return agent.execute('Ada', { signal })
  let output: Seen | undefined
  for await (const event of agent.executeStream('Ada', { signal })) if (event.type === 'output') output = event.output
  return output as Seen
}

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

async function soon<Value>(work: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The run hangs.')), SOON_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

describe('a run that may be cancelled at any point, with caches cold or warm and a store or model that fails or is silent', () => {
  it('gives prompt and model of one revision, or rejects with the reason of its caller or a typed error, and leaves nothing behind', async () => {
    const kinds = new Set<string>()
    await fc.assert(
      fc.asyncProperty(plan, async ({ hasText, isFlagged, isStreamed, ...plan }) => {
        const script = new Script(plan)
        const { signal } = script.controller
        const before = timers()
        const agent = new Greeter({
          manager: new ScriptedManager(script),
          llm: scriptedClient(script),
          settings: { DEFAULT_MODEL: 'fake:m' },
          ...(isFlagged && { databasePrompts: { flag: 'stored-prompts' } }),
        })
        agent.hasText = hasText
        const events: { readonly prompt?: number; readonly model?: number }[] = []
        agent.on('run', ({ prompt, model }) =>
          events.push({ ...(prompt?.version && { prompt: prompt.version }), ...(model?.version && { model: model.version }) }),
        )

        const outcome = await soon(
          outputOf(agent, signal, isStreamed).then(
            (output) => ({ output }),
            (error: unknown) => ({ error }),
          ),
        )

        if ('output' in outcome) {
          const { prompts, answer } = outcome.output
          expect(prompts[1]).toBe(prompts[0])
          expect(['Stored Ada', 'In code Ada']).toContain(prompts[0])
          expect(answer).toBe('hellohello')
        } else if (signal.aborted) {
          const { error } = outcome
          const isReason = error === plan.reason || (error instanceof LLMError && error.reason === 'aborted' && error.cause === plan.reason)
          // The run may have failed for good before it was cancelled.
          expect(isReason || isConfigError(error), String(error)).toBe(true)
          if (!isReason) kinds.add('failed first')
        } else expect(isConfigError(outcome.error), String(outcome.error)).toBe(true)
        const [event, ...more] = events
        expect(more).toEqual([])
        if (event?.prompt && event.model) expect(event.prompt).toBe(event.model)
        expect(getEventListeners(signal, 'abort')).toEqual([])
        expect(timers()).toBeLessThanOrEqual(before)
        kinds.add('output' in outcome ? (outcome.output.prompts[0] as string) : signal.aborted ? 'cancelled' : 'failed')
      }),
      { numRuns: 400 },
    )
    expect([...kinds].filter((kind) => kind !== 'failed first').sort()).toEqual(['In code Ada', 'Stored Ada', 'cancelled', 'failed'])
  })
})
