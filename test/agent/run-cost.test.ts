import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf, RunCost } from '../../src/agent/run-cost.js'
import { BaseAgent, LLMError, type RunContext } from '../../src/index.js'
import { createTestManager, FakeLLMClient } from '../../src/testing/index.js'
import { Asker, eventsOf } from './chat-agent.js'

const PRICES = { inputPerMillion: 2, outputPerMillion: 10, cachedInputPerMillion: 0.5, currency: 'USD' } as const
const USAGE = { inputTokens: 1_000, outputTokens: 100, cachedInputTokens: 400 } as const

describe('what an answer cost', () => {
  it('counts cached tokens among those read, at their own price, or at that of the others', () => {
    expect(costOf(USAGE, PRICES)).toEqual({ amount: (600 * 2 + 400 * 0.5 + 100 * 10) / 1e6, currency: 'USD' })
    const { cachedInputPerMillion: _, ...plain } = PRICES
    expect(costOf(USAGE, plain)?.amount).toBe((1_000 * 2 + 100 * 10) / 1e6)
    expect(costOf({ ...USAGE, reasoningTokens: 90 }, PRICES)).toEqual(costOf(USAGE, PRICES))
  })

  it('is unknown, never 0, without prices, without one of the counts, and with prices that are none', () => {
    for (const prices of [undefined, null, {}, { ...PRICES, outputPerMillion: 'dear' }, { ...PRICES, currency: 7 }])
      expect(costOf(USAGE, prices as never)).toBeUndefined()
    for (const usage of [{}, { inputTokens: 1 }, { outputTokens: 1 }, { totalTokens: 2 }]) expect(costOf(usage, PRICES)).toBeUndefined()
    expect(costOf({ inputTokens: 0, outputTokens: 0 }, PRICES)?.amount).toBe(0)
    expect(costOf(USAGE, { ...PRICES, inputPerMillion: 0, outputPerMillion: 0, cachedInputPerMillion: 0 })?.amount).toBe(0)
  })

  it('is never more than without the cache, and never less than 0', () => {
    const tokens = fc.nat(2_000_000)
    fc.assert(
      fc.property(tokens, tokens, tokens, (inputTokens, outputTokens, cachedInputTokens) => {
        const cost = costOf({ inputTokens, outputTokens, cachedInputTokens }, PRICES)?.amount as number
        expect(cost).toBeGreaterThanOrEqual(0)
        expect(cost).toBeLessThanOrEqual(costOf({ inputTokens, outputTokens }, PRICES)?.amount as number)
      }),
    )
  })

  it('adds up only where every answer has a cost of the same currency', () => {
    const cost = fc.option(fc.record({ amount: fc.double({ min: 0, max: 10, noNaN: true }), currency: fc.constantFrom('USD', 'EUR') }), {
      nil: undefined,
    })
    fc.assert(
      fc.property(fc.array(cost, { maxLength: 5 }), (costs) => {
        const run = new RunCost()
        for (const one of costs) run.add(one)
        const isKnown = costs.length > 0 && costs.every((one) => one !== undefined && one.currency === costs[0]?.currency)
        if (!isKnown) {
          expect(run.total).toBeUndefined()
          return
        }
        expect(run.total?.amount).toBeCloseTo(
          costs.reduce((sum, one) => sum + (one?.amount ?? 0), 0),
          6,
        )
      }),
    )
  })
})

describe('a run', () => {
  const answer = { text: 'yes', usage: { inputTokens: 1_000, outputTokens: 100 } }
  const models = [
    {
      name: 'default',
      provider: 'fake',
      model: 'dear',
      prices: PRICES,
      fallbacks: [
        { provider: 'fake', model: 'cheap', prices: { ...PRICES, inputPerMillion: 1 } },
        { provider: 'fake', model: 'unpriced' },
      ],
    },
  ]

  async function costOfRun(answers: ConstructorParameters<typeof FakeLLMClient>[0]) {
    const manager = createTestManager({ models })
    const agent = new Asker({ manager, llm: new FakeLLMClient(answers) })
    const events = eventsOf(agent)
    await agent.execute('?').catch(() => {})
    await manager.shutdown()
    return events[0]
  }

  it('costs what the model that answered costs, be it a fallback', async () => {
    const failure = new LLMError('no', { reason: 'overloaded', provider: 'fake', model: 'x' })

    expect(await costOfRun([answer])).toMatchObject({ cost: 0.003, currency: 'USD' })
    expect(await costOfRun([failure, answer])).toMatchObject({ cost: 0.002, currency: 'USD' })
    const unpriced = await costOfRun([failure, failure, answer])
    expect(unpriced).toMatchObject({ ok: true, usage: answer.usage })
    expect(unpriced).not.toHaveProperty('cost')
    expect(await costOfRun([failure, failure, failure])).not.toHaveProperty('cost')
  })

  it('has the cost of all its answers, and none when the provider counted no tokens of one of them', async () => {
    class Twice extends BaseAgent<string, string> {
      readonly name = 'twice'
      protected override async run(input: string, context: RunContext): Promise<string> {
        const messages = [{ role: 'user' as const, content: input }]
        await this.chat({ messages }, context)
        let text = ''
        for await (const event of this.stream({ messages }, context)) if (event.type === 'text') text += event.delta
        return text
      }
    }
    const manager = createTestManager({ models })
    const cost = async (second: { text: string; usage?: object }) => {
      const agent = new Twice({ manager, llm: new FakeLLMClient([answer, second]) })
      const events = eventsOf(agent)
      await agent.execute('?')
      return events[0]?.cost
    }

    expect(await cost(answer)).toBeCloseTo(0.006, 10)
    expect(await cost({ text: 'yes', usage: {} })).toBeUndefined()
    await manager.shutdown()
  })
})
