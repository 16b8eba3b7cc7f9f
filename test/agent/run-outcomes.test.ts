import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outcomesOf } from '../../src/agent/run-outcomes.js'
import { BaseAgent, type ConfigurationManager, LLMError, type Outcome, type RunContext } from '../../src/index.js'
import { createTestManager, FakeLLMClient } from '../../src/testing/index.js'

const PRICES = { inputPerMillion: 1, outputPerMillion: 1, currency: 'USD' }
const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
]

/** How a run goes: what the model says, or what the agent does. */
type Run = 'good' | 'fails' | 'falls back' | 'says no JSON' | 'makes do without JSON' | 'is aborted'
const RUNS: readonly Run[] = ['good', 'fails', 'falls back', 'says no JSON', 'makes do without JSON', 'is aborted']
const ANY_JSON = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const

/** Callers that leave in the middle of their run. */
const callers = new WeakMap<AbortSignal, AbortController>()

class Sorter extends BaseAgent<Run, string> {
  readonly name = 'sorter'
  override promptName = 'sort'
  pause = 0

  protected override fallback(input: Run): string | undefined {
    return input === 'falls back' ? 'from code' : undefined
  }

  protected override async run(input: Run, context: RunContext): Promise<string> {
    const prompt = await this.getPrompt({}, { context })
    if (this.pause > 0) await new Promise((resolve) => setTimeout(resolve, this.pause))
    callers.get(context.signal)?.abort()
    context.signal.throwIfAborted()
    const asking = this.chatJSON(ANY_JSON, { messages: [{ role: 'user', content: `${prompt} ${input}` }] }, context)
    if (input === 'makes do without JSON') return asking.then(({ value }) => String(value)).catch(() => 'none')
    return String((await asking).value)
  }
}

function answer(input: string) {
  if (input.endsWith('fails') || input.endsWith('falls back'))
    return new LLMError('down', { reason: 'server', provider: 'fake', model: 'm' })
  return input.includes('JSON') ? 'no JSON at all' : { text: '[1]', usage: { inputTokens: 1_000_000, outputTokens: 0 } }
}

let manager: ConfigurationManager
let recorded: Outcome[] = []

beforeAll(async () => {
  manager = createTestManager({
    prompts: { sort: 'one' },
    models: [{ name: 'default', provider: 'fake', model: 'm', prices: PRICES }],
    flags: { 'db-prompts': true },
  })
  await manager.prompts.createVersion({ name: 'sort', template: 'two', labels: [] })
  await manager.models.createVersion({ name: 'default', provider: 'fake', model: 'm', labels: [] })
  await manager.flags.createVersion({ name: 'db-prompts', value: true, labels: [] })
  const { outcomes } = manager
  const record = outcomes.record.bind(outcomes)
  outcomes.record = (outcome) => {
    recorded.push(outcome)
    record(outcome)
  }
})
afterAll(() => manager.shutdown())

function sorter(options: ConstructorParameters<typeof Sorter>[0] = {}): Sorter {
  return new Sorter({ manager, llm: new FakeLLMClient(({ messages }) => answer(String(messages[0]?.content))), ...options })
}

async function execute(agent: Sorter, run: Run, subject: string | undefined): Promise<void> {
  const caller = new AbortController()
  if (run === 'is aborted') callers.set(caller.signal, caller)
  const options = { signal: caller.signal, ...(subject !== undefined && { subject }) }
  await agent.execute(run, options).catch(() => {})
}

async function whileGuarded<Value>(
  what: { kind?: 'prompt' | 'model' | 'flag'; name?: string; metrics?: object[]; guard?: undefined; forced?: Record<string, number> },
  work: (rolloutId: string) => Promise<Value>,
): Promise<Value> {
  const { kind = 'prompt', name = 'sort', metrics = [{ name: 'error' }], forced } = what
  const guard = { metrics, settleMs: 0, action: 'notify' } as never
  const start = { kind, name, arms: ARMS, ...(forced && { forced }), ...(!('guard' in what) && { guard }) }
  const { id } = await manager.rollouts.start(start as never)
  recorded = []
  try {
    return await work(id)
  } finally {
    await manager.rollouts.conclude(id)
  }
}

describe('an agent', () => {
  it('records nothing where no guarded rollout chose for the run', async () => {
    await whileGuarded({ guard: undefined }, () => execute(sorter(), 'fails', 'user-1'))
    const unguarded = recorded
    await whileGuarded({}, () => execute(sorter(), 'fails', undefined))
    const nobody = recorded
    await whileGuarded({ forced: { 'user-1': 2 } }, () => execute(sorter(), 'fails', 'user-1'))
    const forced = recorded
    await whileGuarded({ kind: 'flag', name: 'db-prompts' }, () => execute(sorter(), 'fails', 'user-1'))

    expect([unguarded, nobody, forced, recorded]).toEqual([[], [], [], []])
  })

  it('records for the rollout that chose its prompt, its model, or whether the database is asked at all', async () => {
    for (const [kind, name] of [
      ['prompt', 'sort'],
      ['model', 'default'],
      ['flag', 'db-prompts'],
    ] as const) {
      const agent = sorter(kind === 'flag' ? { databasePrompts: { flag: name } } : {})
      await whileGuarded({ kind, name }, async (rolloutId) => {
        await execute(agent, 'fails', 'user-1')
        await execute(agent, 'good', 'user-2')

        expect(recorded).toEqual([
          { subject: 'user-1', metric: 'error', bad: true, rolloutId },
          { subject: 'user-2', metric: 'error', bad: false, rolloutId },
          { subject: 'user-2', metric: 'cost', value: 1, rolloutId },
        ])
      })
    }
  })

  it('says how a run went: bad outcomes always, good ones of what the guard watches', async () => {
    const of = async (run: Run, metrics = ['error'], pause = 0) =>
      whileGuarded(
        { metrics: metrics.map((name) => (name === 'slow' ? { name, overMs: pause > 0 ? 20 : 60_000 } : { name })) },
        async () => {
          const agent = sorter()
          agent.pause = pause
          await execute(agent, run, 'user-1')
          return Object.fromEntries(recorded.map(({ metric, bad, value }) => [metric, bad ?? value]))
        },
      )

    expect(await of('good')).toEqual({ error: false, cost: 1 })
    expect(await of('good', ['degraded', 'invalid_output'])).toEqual({ degraded: false, invalid_output: false, cost: 1 })
    expect(await of('fails')).toEqual({ error: true })
    expect(await of('falls back')).toEqual({ error: false, degraded: true })
    // Nobody counted the tokens of what is no JSON, so there is no cost.
    expect(await of('says no JSON')).toEqual({ error: true, invalid_output: true })
    expect(await of('makes do without JSON')).toEqual({ error: false, invalid_output: true })
    expect(await of('is aborted', ['error', 'slow'])).toEqual({})
    expect(await of('is aborted', ['error', 'slow'], 40)).toEqual({ slow: true })
    expect(await of('good', ['slow'], 40)).toEqual({ slow: true, cost: 1 })
    expect(await of('good', ['slow'])).toEqual({ slow: false, cost: 1 })
  })

  it('is in the report as its subjects fared, whatever runs came in whatever order', async () => {
    const runs = fc.array(fc.tuple(fc.nat(9), fc.constantFrom(...RUNS)), { minLength: 1, maxLength: 25 })
    let round = 0
    await fc.assert(
      fc.asyncProperty(runs, async (given) => {
        const prefix = `r${round++}`
        await whileGuarded({ metrics: ['error', 'degraded', 'invalid_output'] as never }, async (id) => {
          const agent = sorter()
          for (const [person, run] of given) await execute(agent, run, `${prefix}-${person}`)
          await manager.outcomes.flush()
          const { arms } = await manager.rollouts.report(id)

          const people = [...new Set(given.map(([person]) => person))]
          const badOf = (...bad: readonly Run[]) =>
            people.filter((one) => given.some(([who, run]) => who === one && bad.includes(run))).length
          const sumOf = (metric: string) => arms.reduce((sum, { metrics }) => sum + (metrics[metric]?.bad ?? 0), 0)
          expect(arms.reduce((sum, { subjects }) => sum + subjects, 0)).toBe(people.length)
          expect(sumOf('error')).toBe(badOf('fails', 'says no JSON'))
          expect(sumOf('degraded')).toBe(badOf('falls back'))
          expect(sumOf('invalid_output')).toBe(badOf('says no JSON', 'makes do without JSON'))
        })
      }),
      { numRuns: 15 },
    )
  })

  it('does its work when outcomes cannot be recorded', async () => {
    const broken = {
      getPrompt: manager.getPrompt.bind(manager),
      getModelConfig: manager.getModelConfig.bind(manager),
      outcomes: {
        metricsOf: () => [{ name: 'error' }],
        record: () => {
          throw new Error('no')
        },
      },
    }
    await whileGuarded({}, async () => expect(await sorter({ manager: broken as never }).execute('good', { subject: 'user-1' })).toBe('1'))
  })
})

it('a run that is slow is slow at more than the limit, and the cost is there only where it is known', () => {
  const metrics = [{ name: 'slow', overMs: 100 }, { name: 'error' }, { name: 'stuck', overMs: 10_000 }]
  fc.assert(
    fc.property(fc.nat(20_000), fc.boolean(), fc.option(fc.double({ min: 0, max: 1 }), { nil: undefined }), (durationMs, ok, cost) => {
      const found = outcomesOf(
        { ok, degraded: false, durationMs, ...(cost !== undefined && { cost }) },
        { isAborted: false, isInvalid: false },
        metrics,
      )

      const of = (name: string) => found.filter(({ metric }) => metric === name)
      expect(of('slow')).toEqual([{ metric: 'slow', bad: durationMs > 100 }])
      expect(of('stuck')).toEqual([{ metric: 'stuck', bad: durationMs > 10_000 }])
      expect(of('error')).toEqual([{ metric: 'error', bad: !ok }])
      expect(of('cost')).toEqual(cost === undefined ? [] : [{ metric: 'cost', value: cost }])
    }),
  )
})
