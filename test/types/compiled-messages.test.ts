import type { ModelMessage } from 'ai'
import type OpenAI from 'openai'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type ChatMessage, type DefinedPrompt, definePrompt, type Message, type Prompt } from '../../src/index.js'
import { type toAnthropicMessages, toOpenAIMessages } from '../../src/llm/index.js'

type OpenAIMessage = OpenAI.ChatCompletionMessageParam

const Chat = definePrompt({ name: 'chat', fallback: [{ role: 'system', content: 'Hi {who}' }, { placeholder: 'history' }] })
type Compiled = ReturnType<DefinedPrompt<{ who: string }, NonNullable<(typeof Chat)['~types']>['compiled']>['compile']>

describe('messages that compile gives', () => {
  it('are what the openai package and the AI SDK take, as they are', () => {
    expectTypeOf<ChatMessage[]>().toExtend<OpenAIMessage[]>()
    expectTypeOf<ChatMessage[]>().toExtend<ModelMessage[]>()
    expectTypeOf<Compiled>().toExtend<OpenAIMessage[]>()
    expectTypeOf<Compiled>().toExtend<ModelMessage[]>()
    expectTypeOf<Exclude<ReturnType<Prompt['compile']>, string>>().toExtend<OpenAIMessage[]>()
  })

  it('are what the converters take, texts and parts', () => {
    expectTypeOf<ChatMessage[]>().toExtend<Parameters<typeof toOpenAIMessages>[0]>()
    expectTypeOf<Message[]>().toExtend<Parameters<typeof toAnthropicMessages>[0]>()
    expectTypeOf<ReturnType<typeof toOpenAIMessages>>().toExtend<OpenAIMessage[]>()

    const texts: ChatMessage[] = [{ role: 'user', content: 'hi' }]
    expect(toOpenAIMessages(texts)).toEqual(texts)
  })
})
