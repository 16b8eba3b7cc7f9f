import { describe, expect, it } from 'vitest'
import { defineLLMClient, LLMError, LLMRegistry } from '../../src/llm/index.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { eventually } from '../support/eventually.js'
import { Asker, eventsOf, managerOf } from './chat-agent.js'

const limited = (retryAfterMs: number) => new LLMError('slow down', { reason: 'rate_limit', status: 429, retryable: true, retryAfterMs })
const dead = new LLMError('refused', { reason: 'connection', retryable: true })

describe('models that fail', () => {
  it('are all told of by the last error, once each', async () => {
    const unknown = new LLMError('no such model', { reason: 'model_not_found', hint: 'Pull it.' })
    const llm = new FakeLLMClient([dead, new LLMError('busy', { reason: 'overloaded' }), unknown])

    const error = await new Asker({ llm, manager: managerOf('one', 'two', 'three') }).execute('hi').catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(LLMError)
    expect(error).toMatchObject({ reason: 'model_not_found', message: 'no such model Pull it.', hint: 'Pull it.' })
    expect((error as LLMError).errors?.map((one) => (one as LLMError).reason)).toEqual(['connection', 'overloaded', 'model_not_found'])
    expect(() => JSON.stringify(error)).not.toThrow()
  })

  it('are one error where there is one model', async () => {
    const error = await new Asker({ llm: new FakeLLMClient([dead]), manager: managerOf('one') })
      .execute('hi')
      .catch((thrown: unknown) => thrown)

    expect((error as LLMError).errors).toBeUndefined()
  })

  it('do not keep a healthy fallback waiting for their Retry-After', async () => {
    // Within what a client waits for, and longer than this test may take.
    const llm = new FakeLLMClient([limited(59_000), 'hello'], { maxRetries: 2 })

    expect(await new Asker({ llm, manager: managerOf('one', 'two') }).execute('hi')).toBe('hello')

    expect(llm.calls.map(({ request }) => request.model)).toEqual(['one', 'two'])
  }, 30_000)

  it('are waited for when no other answers, the soonest first, within the time of the run', async () => {
    // Far apart: which is the sooner one does not depend on when each of them said so.
    const llm = new FakeLLMClient([limited(20_000), limited(40), dead, 'hello'])
    const agent = new Asker({ llm, manager: managerOf('one', 'two', 'three') })
    const started = performance.now()

    expect(await agent.execute('hi')).toBe('hello')

    expect(llm.calls.map(({ request }) => request.model)).toEqual(['one', 'two', 'three', 'two'])
    expect(performance.now() - started).toBeGreaterThan(30)
    const short = new Asker({ llm: new FakeLLMClient([limited(20_000), limited(20_000), 'late']), manager: managerOf('one', 'two') })
    await expect(short.execute('hi', { timeoutMs: 5_000 })).rejects.toMatchObject({ reason: 'rate_limit' })
  })

  it('end with the run while they are waited for', async () => {
    const llm = new FakeLLMClient([limited(5_000), limited(5_000), 'late'])
    const controller = new AbortController()
    const run = new Asker({ llm, manager: managerOf('one', 'two') }).execute('hi', { signal: controller.signal })
    void eventually(() => llm.calls.length === 2).then(() => controller.abort())

    await expect(run).rejects.toMatchObject({ reason: 'aborted' })
    expect(llm.calls).toHaveLength(2)
  })

  it('cool down, for every agent of the registry', async () => {
    const llm = new FakeLLMClient([dead, 'by two', 'by two again', 'by two for another'])
    const registry = new LLMRegistry([llm])
    const manager = managerOf('one', 'two')
    const agent = new Asker({ llm: registry, manager })

    await agent.execute('hi')
    await agent.execute('hi')
    await new Asker({ llm: registry, manager }).execute('hi')

    expect(llm.calls.map(({ request }) => request.model)).toEqual(['one', 'two', 'two', 'two'])
  })
})

describe('the time of a run', () => {
  it('bounds only the wait for the first part by a share: a model that has begun is not cut by the presence of others', async () => {
    const slow = defineLLMClient({
      provider: 'slow',
      async *stream() {
        for (const delta of ['a', 'b', 'c', 'd']) {
          // The first part comes at once; all of them take longer than the second that is the share of one model.
          if (delta !== 'a') await new Promise((resolve) => setTimeout(resolve, 500))
          yield { type: 'text', delta } as const
        }
      },
    })
    const agent = new Asker({ llm: slow, manager: managerOf('slow/one', 'slow/two', 'slow/three') })
    const events = eventsOf(agent)

    expect(await agent.execute('hi', { timeoutMs: 3_000 })).toBe('abcd')
    expect(events[0]?.attempts).toHaveLength(1)
  })

  it('leaves some to the others where the first is silent, and holds as a whole', async () => {
    const llm = new FakeLLMClient([{ delayMs: Number.POSITIVE_INFINITY }, 'hello'])
    expect(await new Asker({ llm, manager: managerOf('one', 'two') }).execute('hi', { timeoutMs: 2_000 })).toBe('hello')

    const silent = new FakeLLMClient(() => ({ delayMs: Number.POSITIVE_INFINITY }))
    await expect(
      new Asker({ llm: silent, manager: managerOf('one', 'two', 'three') }).execute('hi', { timeoutMs: 150 }),
    ).rejects.toMatchObject({
      reason: 'timeout',
    })
  })

  it('may be shorter for one question', async () => {
    const agent = new Asker({ llm: new FakeLLMClient([{ delayMs: Number.POSITIVE_INFINITY }]), manager: managerOf('one') })
    agent.call = { timeoutMs: 30 }

    await expect(agent.execute('hi')).rejects.toMatchObject({ reason: 'timeout' })
  })
})

describe('a question', () => {
  it('takes headers, retries and a tool choice along', async () => {
    const llm = new FakeLLMClient(['hello'])
    const agent = new Asker({ llm, manager: managerOf('one') })
    agent.call = { headers: { 'x-tenant': 't' }, maxRetries: 5 }
    agent.request = { toolChoice: 'required', tools: [{ name: 't', inputSchema: { type: 'object' } }] }

    await agent.execute('hi', { runId: 'run-1' })

    expect(llm.calls[0]?.options).toMatchObject({ headers: { 'x-tenant': 't' }, metadata: { runId: 'run-1' } })
    expect(llm.calls[0]?.request.toolChoice).toBe('required')
  })

  it('goes to the prompt’s own model with the prompt’s parameters, then to the configured ones', async () => {
    const manager = managerOf('one', 'other/two')
    manager.setModel('fake', 'one', [{ provider: 'other', model: 'two', parameters: { temperature: 1, num_ctx: 1 } }], {
      temperature: 0.9,
      top_k: 3,
    })
    manager.setPrompt('p', 'x', { model: 'fake:special', parameters: { temperature: 0.1, num_ctx: 4096 } })
    const llm = new FakeLLMClient([dead, dead])
    const other = new FakeLLMClient(['hello'], { provider: 'other' })
    class Prompted extends Asker {
      protected override promptName = 'p'
    }

    await new Prompted({ llm: [llm, other], manager }).execute('hi')

    expect(llm.calls.map(({ request: { messages: _, ...request } }) => request)).toEqual([
      { model: 'special', temperature: 0.1, providerOptions: { num_ctx: 4096 } },
      { model: 'one', temperature: 0.1, topK: 3, providerOptions: { num_ctx: 4096 } },
    ])
    // What only one provider understands does not go to another.
    expect(other.calls[0]?.request).toMatchObject({ model: 'two', temperature: 0.1, providerOptions: { num_ctx: 1 } })
  })

  it('goes to the configured model with its parameters where the prompt names the same', async () => {
    const manager = managerOf('one')
    manager.setModel('fake', 'one', [{ provider: 'fake', model: 'two' }], { top_k: 3 })
    manager.setPrompt('p', 'x', { model: 'two', parameters: {} })
    const llm = new FakeLLMClient([dead, 'hello'])
    class Prompted extends Asker {
      protected override promptName = 'p'
    }

    await new Prompted({ llm, manager }).execute('hi')

    expect(llm.calls.map(({ request }) => [request.model, request.topK])).toEqual([
      ['two', undefined],
      ['one', 3],
    ])
  })
})
