import { expect, it } from 'vitest'
import { AnalyzeAgent } from '../../examples/agents/analyze-agent.js'
import { ParametersAgent } from '../../examples/agents/parameters-agent.js'
import { VerifyAgent } from '../../examples/agents/verify-agent.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'
import { MemoryManager } from './memory-manager.js'

const settings = { DEFAULT_MODEL: 'fake:qwen3:14b' }

it('ParametersAgent takes the parameters out of a question, and keeps to the keys that are allowed', async () => {
  const llm = new FakeLLMClient(['```json\n{"time_frame":"2025-07-14","domain":"payments","query_keys":["bkash","password"]}\n```'])

  const parameters = await new ParametersAgent({ llm, manager: false, settings }).execute('failed bkash payments on 14 July')

  expect(parameters).toEqual({ time_frame: '2025-07-14', domain: 'payments', query_keys: ['bkash'] })
  expect(llm.calls[0]?.request.messages[0]?.content).toContain('merchant, amount')
})

it('ParametersAgent answers without a model when none does', async () => {
  const agent = new ParametersAgent({ llm: new FakeLLMClient([new Error('down')]), manager: false, settings })

  expect(await agent.execute('failed bkash payments, by customer id')).toEqual({
    time_frame: null,
    domain: 'transactions',
    query_keys: ['customer_id', 'bkash'],
  })
})

it('VerifyAgent judges a log with the prompt of the database', async () => {
  const manager = new MemoryManager()
  manager.setPrompt('relevance_analysis', 'Judge. Important: {important}. Ignore: {ignore}.')
  manager.setModel('fake', 'small')
  const llm = new FakeLLMClient(['{"relevance":140,"reason":"?"}', '{"relevance":80,"reason":"names the merchant"}'])

  const relevance = await new VerifyAgent({ llm, manager }).execute({ question: 'Who?', log: 'merchant=7', important: 'merchants' })

  expect(relevance).toEqual({ relevance: 80, reason: 'names the merchant' })
  expect(llm.calls[0]?.request.messages[0]?.content).toBe('Judge. Important: merchants. Ignore: nothing.')
})

it('AnalyzeAgent goes through a trace with three prompts in one run', async () => {
  const llm = new FakeLLMClient([
    '{"finding":"request came in","severity":"info"}',
    '{"finding":"bank timed out","severity":"error"}',
    'The bank timed out.',
    '{"score":90,"missing":[]}',
  ])

  const report = await new AnalyzeAgent({ llm, manager: false, settings }).execute(['in', 'timeout'])

  expect(report).toMatchObject({
    summary: 'The bank timed out.',
    entries: [{ severity: 'info' }, { severity: 'error' }],
    quality: { score: 90 },
  })
})
