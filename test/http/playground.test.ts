import { LLMRegistry } from 'agent-config/llm'
import { FakeLLMClient } from 'agent-config/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunLimiter } from '../../src/http/run-limiter.js'
import { LLMError } from '../../src/shared/errors.js'
import { ADMIN, EDITOR, type OpenHandler, openHandler, VIEWER } from './open-handler.js'

let open: OpenHandler
let llm: FakeLLMClient

beforeAll(async () => {
  llm = new FakeLLMClient(() => ({ text: 'Good day', usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 } }))
  open = await openHandler({ llm: new LLMRegistry([llm]), playground: { runsPerMinute: 8, maxOutputTokens: 100, tokensPerMinute: 2_000 } })
  await open.ask('POST', '/prompts', { name: 'greeting', template: 'Hello {name}', labels: ['production'] })
  const template = [
    { role: 'system', content: 'You sell {product}.' },
    { placeholder: 'history', optional: true },
    { role: 'user', content: '{question} about {product}?' },
  ]
  await open.ask('POST', '/prompts', { name: 'chat', template, labels: ['production'] })
})

afterAll(() => open.close())

describe('a preview', () => {
  it('renders text and messages', async () => {
    const text = await open.ask('POST', '/prompts/greeting/preview', { version: 1, variables: { name: 'Ada' } }, VIEWER)
    const history = [{ role: 'assistant', content: 'Hi' }]
    const chat = await open.ask('POST', '/prompts/chat/preview', { variables: { product: 'tea', question: 'What', history } })

    expect(text.body).toEqual({ version: 1, text: 'Hello Ada', problems: [] })
    expect(chat.body.messages).toEqual([
      { role: 'system', content: 'You sell tea.' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: 'What about tea?' },
    ])
  })

  it('tells what is wrong message by message, and shows the rest', async () => {
    const text = await open.ask('POST', '/prompts/greeting/preview', {})
    const chat = await open.ask('POST', '/prompts/chat/preview', { variables: { product: 'tea', history: 7 } })

    expect(text.body).toMatchObject({ text: 'Hello {name}', problems: [{ message: null, variables: ['name'] }] })
    expect(chat.body.messages).toEqual([
      { role: 'system', content: 'You sell tea.' },
      { role: 'user', content: '{question} about tea?' },
    ])
    expect(chat.body.problems).toMatchObject([
      { message: 1, variables: ['history'] },
      { message: 2, variables: ['question'] },
    ])
  })

  it('takes a template that nobody has stored', async () => {
    const draft = { template: '{{#a}}x{{/a}}{{b}}', template_format: 'mustache', variables: { a: [1, 2], b: 3 } }

    expect((await open.ask('POST', '/prompts/new/preview', draft)).body).toEqual({ text: 'xx3', problems: [] })
    expect(await open.ask('POST', '/prompts/new/preview', { template: '{' })).toMatchObject({ status: 422, body: { line: 1, column: 1 } })
    expect((await open.ask('POST', '/prompts/new/preview', {})).status).toBe(404)
    expect((await open.ask('POST', '/prompts/greeting/preview', { variables: [] })).status).toBe(400)
  })

  it('of a slow template is cut short, and says so', async () => {
    const slow = { role: 'user', content: '{{#a}}{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}{{/a}}{{missing}}' }
    const body = { template: Array.from({ length: 500 }, () => slow), template_format: 'mustache', variables: { a: Array(20).fill(1) } }

    const { body: answer } = await open.ask('POST', '/prompts/slow/preview', body)

    expect(answer.problems.at(-1).detail).toContain('took too long')
  })
})

describe('a run', () => {
  it('asks the model with the rendered prompt, within bounds', async () => {
    const run = await open.ask('POST', '/playground/run', {
      name: 'greeting',
      variables: { name: 'Ada' },
      input: 'And?',
      model: 'fake:m',
      max_output_tokens: 5_000,
      temperature: 0,
    })

    expect(run.body).toMatchObject({
      text: 'Good day',
      model: 'm',
      provider: 'fake',
      version: 1,
      usage: { input_tokens: 7, total_tokens: 10 },
      messages: [
        { role: 'system', content: 'Hello Ada' },
        { role: 'user', content: 'And?' },
      ],
    })
    expect(llm.calls.at(-1)?.request).toMatchObject({ model: 'm', maxOutputTokens: 100, temperature: 0 })
  })

  it('asks the model that is configured, when nobody names one', async () => {
    const body = { template: 'Hi', name: 'draft' }
    expect(await open.ask('POST', '/playground/run', body, EDITOR)).toMatchObject({ status: 422, body: { code: 'E_NO_MODEL' } })
    const parameters = { num_predict: 9_999, top_p: 0.5 }
    await open.ask('POST', '/models', { name: 'default', provider: 'fake', model_name: 'configured', parameters, labels: ['production'] })

    await open.ask('POST', '/playground/run', body, EDITOR)

    expect(llm.calls.at(-1)?.request).toMatchObject({ model: 'configured', maxOutputTokens: 100, topP: 0.5 })
  })

  it('is not made without all variables, without a prompt, or by somebody who only reads', async () => {
    const calls = llm.calls.length
    const missing = await open.ask('POST', '/playground/run', { name: 'chat', variables: {}, model: 'fake:m' })

    expect(missing).toMatchObject({ status: 422, body: { code: 'E_TEMPLATE_VARIABLE', field: 'variables' } })
    expect((await open.ask('POST', '/playground/run', {})).status).toBe(400)
    expect((await open.ask('POST', '/playground/run', { name: 'nobody', model: 'fake:m' })).status).toBe(404)
    expect((await open.ask('POST', '/playground/run', { name: 'greeting' }, VIEWER)).status).toBe(403)
    expect(llm.calls.length).toBe(calls)
  })

  it('that fails says so', async () => {
    const failing = new FakeLLMClient([new LLMError('Down.', { reason: 'server' })])
    const other = await openHandler({ llm: new LLMRegistry([failing]) })

    expect(await other.ask('POST', '/playground/run', { template: 'x', model: 'm' })).toMatchObject({
      status: 502,
      body: { code: 'E_LLM', reason: 'server' },
    })
    await other.close()
  })

  it('is counted for each actor', async () => {
    const run = (headers: Record<string, string>) => open.ask('POST', '/playground/run', { template: 'x', model: 'fake:m' }, headers)
    let last = await run(ADMIN)
    for (let runs = 0; runs < 10 && last.status === 200; runs++) last = await run(ADMIN)

    expect(last).toMatchObject({ status: 429, body: { code: 'E_RATE_LIMITED' } })
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await run(EDITOR)).status).toBe(200)
  })

  it('is not there without models', async () => {
    const other = await openHandler()

    expect((await other.ask('POST', '/playground/run', { template: 'x' })).status).toBe(404)
    await other.close()
  })
})

describe('the limits of an actor', () => {
  it('count tokens too, and begin anew each minute', () => {
    let now = 0
    const runs = new RunLimiter({ runsPerMinute: 100, tokensPerMinute: 1_000 }, () => now)

    runs.begin('ada', 400)(300)
    runs.begin('ada', 400)(undefined)
    expect(() => runs.begin('ada', 400)).toThrow(/1,000 tokens/)
    runs.begin('eve', 5_000)
    now = 60_000
    runs.begin('ada', 400)
  })
})
