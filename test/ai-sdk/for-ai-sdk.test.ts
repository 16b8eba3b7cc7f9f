import { generateText, streamText } from 'ai'
import { describe, expect, it } from 'vitest'
import { forAISDK, toAISDK } from '../../src/ai-sdk/index.js'
import type { ChatMessageTemplate } from '../../src/index.js'
import type { Message } from '../../src/llm/index.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { FakeLLMClient } from '../../src/testing/fake-llm-client.js'

const prompt = (template: string | readonly ChatMessageTemplate[]) => ({
  compile: (variables: Record<string, unknown> = {}) => parseTemplate(template).render(variables),
})
const greeting = prompt([
  { role: 'system', content: 'Answer in a {tone} tone.' },
  { placeholder: 'history', optional: true },
  { role: 'user', content: '{question}' },
])
const compiled = (messages: Message[]) => ({ compile: () => messages as never })

describe('a compiled prompt for the AI SDK', () => {
  it('has its system messages apart, under the names of ai 7 and of ai 6', () => {
    expect(forAISDK(greeting, { tone: 'friendly', question: 'Why?' })).toEqual({
      instructions: 'Answer in a friendly tone.',
      system: 'Answer in a friendly tone.',
      messages: [{ role: 'user', content: 'Why?' }],
    })
  })

  it.each(['generateText', 'streamText'])('runs %s of ai 6', async (verb) => {
    const llm = new FakeLLMClient(['Because.'])
    const options = { model: toAISDK(llm, 'm'), ...forAISDK(greeting, { tone: 'friendly', question: 'Why?' }) }

    expect(verb === 'generateText' ? (await generateText(options)).text : await streamText(options).text).toBe('Because.')
    expect(llm.calls[0]?.request.messages).toEqual([
      { role: 'system', content: 'Answer in a friendly tone.' },
      { role: 'user', content: 'Why?' },
    ])
  })

  it('of a text is one message of a user, and one without system messages has no instructions', () => {
    expect(forAISDK(prompt('Say {word}.'), { word: 'hello' })).toEqual({ messages: [{ role: 'user', content: 'Say hello.' }] })
  })

  it('has every system message, in order, and a mark for the cache as options', () => {
    const messages: Message[] = [
      { role: 'system', content: 'One.' },
      { role: 'user', content: 'Why?' },
      { role: 'developer', content: 'Two.' },
    ]
    expect(forAISDK(compiled(messages))).toMatchObject({ instructions: 'One.\n\nTwo.', messages: [{ role: 'user' }] })
    expect(
      forAISDK(compiled([{ role: 'system', content: [{ type: 'text', text: 'One.', cache: true }] }, ...messages.slice(1, 2)]))
        .instructions,
    ).toEqual([{ role: 'system', content: 'One.', providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } }])
  })

  it('carries histories with tools, in our words and in the words of others', async () => {
    const histories = [
      [
        {
          role: 'assistant',
          content: null,
          toolCalls: [
            { id: 'c1', name: 'time', input: {} },
            { id: 'c2', name: 'date', input: {} },
          ],
        },
        { role: 'tool', content: '12:00', toolCallId: 'c1', toolName: 'time' },
        { role: 'tool', content: 'today', toolCallId: 'c2', toolName: 'date' },
      ],
      [
        {
          role: 'assistant',
          content: null,
          tool_calls: ['time', 'date'].map((name, index) => ({
            id: `c${index + 1}`,
            type: 'function',
            function: { name, arguments: '{}' },
          })),
        },
        { role: 'tool', content: '12:00', tool_call_id: 'c1', name: 'time' },
        { role: 'tool', content: 'today', tool_call_id: 'c2', name: 'date' },
      ],
    ] as unknown as Message[][]
    for (const history of [...histories, histories[1]!.map(({ name, ...message }: Message & { name?: unknown }) => message)]) {
      const { messages } = forAISDK(compiled([{ role: 'user', content: 'When?' }, ...history]))
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
      expect(messages[2]).toMatchObject({ content: [{ toolName: 'time' }, { toolName: 'date' }] })
      const llm = new FakeLLMClient(['Now.'])
      await generateText({ model: toAISDK(llm, 'm'), messages })
      expect(llm.calls[0]?.request.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool'])
    }
  })

  it('leave out an assistant’s turn that says nothing: providers refuse it', () => {
    const history = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null },
      { role: 'assistant', content: '' },
      { role: 'assistant', content: [] },
      { role: 'user', content: '' },
    ] as Message[]

    expect(forAISDK(compiled(history)).messages).toEqual([
      { role: 'user', content: 'a' },
      { role: 'user', content: '' },
    ])
  })
})
