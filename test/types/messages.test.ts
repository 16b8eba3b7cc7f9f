import type { generateText, ModelMessage } from 'ai'
import type { generateText as generateText7, ModelMessage as ModelMessage7 } from 'ai7'
import type OpenAI from 'openai'
import { expectTypeOf, it } from 'vitest'
import type { AISDKPrompt, CompilablePrompt } from '../../src/ai-sdk/index.js'
import type { Prompt } from '../../src/index.js'
import type { AnthropicMessages, Message, MessagePart, OpenAIMessage, toAnthropicMessages, toOpenAIMessages } from '../../src/llm/index.js'
import { isImagePart, isTextPart } from '../../src/shared/message-parts.js'

type OpenAIParam = OpenAI.Chat.ChatCompletionMessageParam

it('gives the openai package messages it takes', () => {
  expectTypeOf<OpenAIMessage>().toExtend<OpenAIParam>()
  expectTypeOf<ReturnType<typeof toOpenAIMessages>>().toExtend<OpenAIParam[]>()
  expectTypeOf<ReturnType<typeof toAnthropicMessages>>().toEqualTypeOf<AnthropicMessages>()
})

it('gives the AI SDK, 6 and 7, messages and instructions they take', () => {
  expectTypeOf<AISDKPrompt['messages']>().toExtend<ModelMessage[]>()
  expectTypeOf<AISDKPrompt['messages']>().toExtend<ModelMessage7[]>()
  expectTypeOf<Prompt>().toExtend<CompilablePrompt>()
  expectTypeOf<AISDKPrompt['system']>().toExtend<Parameters<typeof generateText>[0]['system']>()
  expectTypeOf<AISDKPrompt['instructions']>().toExtend<Parameters<typeof generateText7>[0]['instructions']>()
})

it('takes text messages of the roles a template has, without a conversion, in every library', () => {
  type TextMessage = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }
  expectTypeOf<TextMessage>().toExtend<Message>()
  expectTypeOf<TextMessage>().toExtend<OpenAIParam>()
  expectTypeOf<TextMessage>().toExtend<ModelMessage>()
  expectTypeOf<TextMessage>().toExtend<ModelMessage7>()
})

it('tells parts apart by questions', () => {
  const part = {} as MessagePart
  if (isTextPart(part)) expectTypeOf(part.text).toBeString()
  if (isImagePart(part)) expectTypeOf(part.data).toEqualTypeOf<string | Uint8Array | undefined>()
})
