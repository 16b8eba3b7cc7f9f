import { expect, it } from 'vitest'
import type { AnthropicText } from '../../src/llm/anthropic-messages.js'
import {
  type Message,
  OllamaClient,
  OpenAICompatibleClient,
  toAnthropicMessages,
  toMessages,
  toOpenAIMessages,
} from '../../src/llm/index.js'

const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)
const toolTurn: Message[] = [
  { role: 'assistant', content: null, toolCalls: [{ id: 'c1', name: 'time', input: { zone: 'UTC' } }] },
  { role: 'tool', content: '12:00', toolName: 'time', toolCallId: 'c1' },
]
// The same history as other libraries keep it.
const openAITurn = [
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'time', arguments: '{"zone":"UTC"}' } }],
  },
  { role: 'tool', content: '12:00', name: 'time', tool_call_id: 'c1' },
] as unknown as Message[]
const sdkTurn = [
  { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'time', input: { zone: 'UTC' } }] },
  { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', toolName: 'time', output: { type: 'text', value: '12:00' } }] },
] as unknown as Message[]
const claudeTurn = [
  { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'time', input: { zone: 'UTC' } }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: '12:00' }] },
] as unknown as Message[]

it('takes histories in the words of OpenAI and the AI SDK, and leaves its own as they are', () => {
  expect(toMessages(openAITurn)).toEqual(toolTurn)
  expect(toMessages(sdkTurn)).toEqual([{ ...toolTurn[0], content: [] }, toolTurn[1]])
  expect(toMessages(toolTurn)).toBe(toolTurn)
  expect(
    toMessages([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://x/y.png' } },
          { type: 'image', image: png },
          { type: 'file', data: new URL('https://x/z.pdf') },
        ],
      },
    ]),
  ).toEqual([
    {
      role: 'user',
      content: [
        { type: 'image', url: 'https://x/y.png' },
        { type: 'image', data: png },
        { type: 'file', url: 'https://x/z.pdf' },
      ],
    },
  ])
})

it('passes on what only OpenAI has words for', () => {
  const history = [
    { role: 'user', name: 'ada', content: 'hello' },
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } }] },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'assistant', content: null, audio: { id: 'a1' } },
    { role: 'assistant', content: null, function_call: { name: 'time', arguments: '{}' } },
  ] as unknown as Message[]

  expect(toOpenAIMessages(history)).toEqual(history)
})

it('takes all that Claude says and is told, and gives it back to Claude unchanged', () => {
  const history = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'The document:', cache_control: { type: 'ephemeral', ttl: '1h' } },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' },
          title: 'a.pdf',
          citations: { enabled: true },
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Zwölf লেন' } },
        { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
        { type: 'document', source: { type: 'file', file_id: 'f1' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
        { type: 'redacted_thinking', data: 'xyz' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } },
        { type: 'tool_use', id: 'c2', name: 'look', input: {}, cache_control: { type: 'ephemeral' } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'c1',
          content: [
            { type: 'text', text: 'It is:' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } },
          ],
        },
        { type: 'tool_result', tool_use_id: 'c2', content: 'not there', is_error: true, cache_control: { type: 'ephemeral' } },
        { type: 'text', text: 'And?' },
      ],
    },
  ]
  const given = structuredClone(history)

  expect(toAnthropicMessages(history as Message[])).toEqual({ messages: history })
  expect(toMessages(history as Message[]).map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'user'])
  expect(toOpenAIMessages(history as Message[]).slice(1)).toEqual([
    {
      role: 'assistant',
      content: 'I look.',
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } },
        { id: 'c2', type: 'function', function: { name: 'look', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'It is:' },
    { role: 'tool', tool_call_id: 'c2', content: 'not there' },
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } }] },
    { role: 'user', content: 'And?' },
  ])
  expect(history).toEqual(given)
})

it("gives Claude OpenAI's files, sounds, refusals and what Gemini wants back with its calls", () => {
  const history = [
    {
      role: 'user',
      content: [
        { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0x', filename: 'a.pdf' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K', detail: 'low' } },
        { type: 'input_audio', input_audio: { data: 'UklGR', format: 'wav' } },
      ],
    },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }], tool_calls: null },
    {
      role: 'assistant',
      name: 'bot',
      content: null,
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'time', arguments: '' }, extra_content: { google: { thought_signature: 'sig' } } },
      ],
      reasoning_details: [{ type: 'reasoning.encrypted', data: 'abc' }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '12:00' },
  ] as unknown as Message[]

  expect(toAnthropicMessages(history).messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' }, title: 'a.pdf' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } },
        { type: 'document', source: { type: 'base64', media_type: 'audio/wav', data: 'UklGR' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'No.' },
        { type: 'tool_use', id: 'c1', name: 'time', input: {} },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: '12:00' }] },
  ])
  // What is in OpenAI's words stays as it is for OpenAI.
  expect(toOpenAIMessages(history)).toEqual([history[0], { role: 'assistant', content: 'No.' }, history[2], history[3]])
})

it.each([
  ['messages', { role: 'user', content: 'Why?' }],
  ['messages', undefined],
  ['messages[0].role', ['Why?']],
  ['messages[0].role', [null]],
  [
    'messages[1].role',
    [
      { role: 'user', content: 'Why?' },
      { role: 'function', content: 'x' },
    ],
  ],
  ['messages[0].role', [{ content: 'Why?' }]],
  ['messages[0].content', [{ role: 'user', content: { text: 'Why?' } }]],
  ['messages[0].content', [{ role: 'tool', content: 12, toolCallId: 'c1' }]],
  ['messages[0].content[1]', [{ role: 'user', content: [{ type: 'text', text: 'a' }, 'b'] }]],
  ['messages[0].content[0]', [{ role: 'user', content: [null] }]],
  ['messages[0].toolCalls', [{ role: 'assistant', content: null, toolCalls: { id: 'c1' } }]],
])('refuses what is no message, naming %s', async (field, wrong) => {
  const messages = wrong as unknown as Message[]
  for (const convert of [toMessages, toOpenAIMessages, toAnthropicMessages])
    expect(() => convert(messages)).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field }))

  for (const client of clients()) {
    const error = await client.chat({ model: 'm', messages }).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'E_LLM', reason: 'bad_request', message: expect.stringContaining(field) })
  }
})

it.each([
  ["the AI SDK's", sdkTurn],
  ["Claude's", claudeTurn],
])('clients refuse tool calls in %s words instead of leaving them out', async (_, turn) => {
  for (const client of clients()) {
    const error = await client.chat({ model: 'm', messages: turn }).catch((error: unknown) => error)
    expect(error).toMatchObject({ reason: 'bad_request', message: 'messages[0] must go through toMessages() first.' })
  }
})

it("sends tool calls in OpenAI's words to servers that speak like OpenAI, and has Ollama refuse them", async () => {
  const [ollama, openai] = clients()

  await expect(ollama.chat({ model: 'm', messages: openAITurn })).rejects.toThrow('messages[0] must go through toMessages() first.')
  await openai.chat({ model: 'm', messages: openAITurn })
  expect(sent.at(-1)).toMatchObject({ messages: [openAITurn[0], { role: 'tool', tool_call_id: 'c1', content: '12:00' }] })
})

const sent: unknown[] = []
function clients(): [OllamaClient, OpenAICompatibleClient] {
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    sent.push(JSON.parse(String(init?.body)))
    return Response.json({ choices: [{ message: { content: 'Yes.' }, finish_reason: 'stop' }] })
  }
  return [new OllamaClient({ fetch }), new OpenAICompatibleClient({ name: 'local', baseUrl: 'http://localhost/v1', fetch })]
}

it.each([
  ['our', toolTurn],
  ["OpenAI's", openAITurn],
  ["the AI SDK's", sdkTurn],
  ["Claude's", claudeTurn],
])('gives OpenAI and Anthropic a turn with tools in %s words', (_, turn) => {
  expect(toOpenAIMessages(turn)).toEqual([
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'time', arguments: '{"zone":"UTC"}' } }],
    },
    { role: 'tool', content: '12:00', tool_call_id: 'c1' },
  ])
  expect(toAnthropicMessages(turn)).toEqual({
    messages: [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'time', input: { zone: 'UTC' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: '12:00' }] },
    ],
  })
})

it('gives OpenAI every role, parts of every kind and what stands under its name', () => {
  const messages: Message[] = [
    {
      role: 'system',
      content: [
        { type: 'text', text: 'One. ' },
        { type: 'text', text: 'Two.' },
      ],
    },
    { role: 'developer', content: 'Three.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look:' },
        { type: 'image', url: 'https://x/y.png', providerOptions: { openai: { detail: 'low' } } },
        { type: 'image', data: 'iVBORw0K' },
        { type: 'file', data: 'JVBERi0x', filename: 'a.pdf' },
        { type: 'file', data: 'UklGR', mediaType: 'audio/wav' },
        { type: 'video_url', video_url: { url: 'v' } },
      ],
      images: [png],
    },
    { role: 'assistant', content: 'A sky.', thinking: 'Hm.', providerOptions: { openai: { name: 'bot' }, other: { x: 1 } } },
  ]
  const frozen = structuredClone(messages)

  expect(toOpenAIMessages(messages)).toEqual([
    { role: 'system', content: 'One. Two.' },
    { role: 'developer', content: 'Three.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look:' },
        { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
        { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0x', filename: 'a.pdf' } },
        { type: 'input_audio', input_audio: { data: 'UklGR', format: 'wav' } },
        { type: 'video_url', video_url: { url: 'v' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
      ],
    },
    { role: 'assistant', content: 'A sky.', name: 'bot' },
  ])
  expect(messages).toEqual(frozen)
})

it('gives Anthropic a system of its own, cache marks, signed thoughts, and sides that alternate', () => {
  const messages: Message[] = [
    { role: 'system', content: 'Be brief.', cache: '1h' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'The document:' },
        { type: 'file', data: 'JVBERi0x', filename: 'a.pdf', cache: true },
      ],
    },
    { role: 'developer', content: 'And kind.' },
    { role: 'user', content: 'What does it say?' },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.', providerMetadata: { anthropic: { signature: 'sig' } } },
        { type: 'reasoning', text: '', providerMetadata: { anthropic: { redactedData: 'xyz' } } },
        { type: 'reasoning', text: 'unsigned' },
        { type: 'text', text: 'I look.' },
      ],
      toolCalls: [{ id: 'c1', name: 'look', input: '{"at":1}' }],
    },
    {
      role: 'tool',
      toolCallId: 'c1',
      content: [
        { type: 'text', text: 'It is:' },
        { type: 'image', url: 'data:image/png;base64,iVBORw0K' },
      ],
    },
    { role: 'tool', toolCallId: 'c2', content: '' },
    { role: 'user', content: 'And?', cache: '5m' },
  ]

  expect(toAnthropicMessages(messages)).toEqual({
    system: [
      { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } },
      { type: 'text', text: 'And kind.' },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'The document:' },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0x' },
            title: 'a.pdf',
            cache_control: { type: 'ephemeral' },
          },
          { type: 'text', text: 'What does it say?' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
          { type: 'redacted_thinking', data: 'xyz' },
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'c1', name: 'look', input: { at: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'c1',
            content: [
              { type: 'text', text: 'It is:' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } },
            ],
          },
          { type: 'tool_result', tool_use_id: 'c2', content: '' },
          { type: 'text', text: 'And?', cache_control: { type: 'ephemeral', ttl: '5m' } },
        ],
      },
    ],
  })
})

it('gives Anthropic a string where a string will do, and no more than four cache marks', () => {
  expect(
    toAnthropicMessages([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why?' },
    ]),
  ).toEqual({
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'Why?' }],
  })
  const many: Message[] = Array.from({ length: 6 }, (_, index) => ({
    role: index % 2 ? 'assistant' : 'user',
    content: `${index}`,
    cache: true,
  }))
  const marks = toAnthropicMessages(many).messages.map(({ content }) =>
    Array.isArray(content) ? content.filter((block) => 'cache_control' in block).length : 0,
  )
  expect(marks).toEqual([0, 0, 1, 1, 1, 1])
})

it('marks nothing for Anthropic with `cache: false`, and leaves no field of ours in parts that only Anthropic knows', () => {
  const found = { type: 'search_result', source: 's', title: 't', content: [] }
  const unmarked = [{ role: 'user', content: 'a', cache: false }] as unknown as Message[]
  const part = [{ role: 'user', content: [{ type: 'text', text: 'a', cache: null }] }] as unknown as Message[]

  for (const messages of [unmarked, part]) expect(toAnthropicMessages(messages)).toEqual({ messages: [{ role: 'user', content: 'a' }] })
  expect(toAnthropicMessages([{ role: 'user', content: [{ ...found, cache: true }] }]).messages[0]?.content).toEqual([
    { ...found, cache_control: { type: 'ephemeral' } },
  ])
})

it('counts the cache marks within results of tools among the four that Anthropic takes', () => {
  const content = ['a', 'b', 'c', 'd'].map((text) => ({ type: 'text' as const, text, cache: true as const }))
  const messages: Message[] = [
    { role: 'system', content: 'Brief.', cache: true },
    { role: 'tool', toolCallId: '1', content, cache: true },
  ]

  const sent = JSON.stringify(toAnthropicMessages(messages))

  expect(sent.match(/cache_control/g)).toHaveLength(4)
  expect(sent).toContain('"system":"Brief."')
})

it('gives Anthropic no mark of an hour behind a shorter one, which it refuses: marks before it last as long', () => {
  const messages: Message[] = [
    { role: 'system', content: 'Brief.', cache: true },
    { role: 'user', content: 'a', cache: '5m' },
    { role: 'assistant', content: 'b', cache: '1h' },
    { role: 'user', content: 'c', cache: '5m' },
  ]

  const { system, messages: turns } = toAnthropicMessages(messages)

  const marks = [system, ...turns.map(({ content }) => content)].map((blocks) => (blocks as AnthropicText[])[0]?.cache_control?.ttl)
  expect(marks).toEqual(['1h', '1h', '1h', '5m'])
})

it('gives Anthropic no text of blanks, which it refuses, and leaves the mark at what stands before it', () => {
  const blank = { type: 'text' as const, text: ' \n', cache: true as const }
  const messages: Message[] = [
    { role: 'system', content: '' },
    { role: 'user', content: [{ type: 'text', text: 'Read this.' }, blank] },
    { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'look', input: '{}' }], cache: true },
    { role: 'tool', toolCallId: 'c', content: [blank], cache: true },
    { role: 'assistant', content: [blank] },
  ]

  expect(toAnthropicMessages(messages)).toEqual({
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Read this.', cache_control: { type: 'ephemeral' } }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'look', input: {}, cache_control: { type: 'ephemeral' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: '', cache_control: { type: 'ephemeral' } }] },
    ],
  })
})

it.each(['system', 'developer'] as const)('refuses a picture for Anthropic in a message of role %s', (role) => {
  const content = [{ type: 'image', data: 'iVBORw0K' }]

  expect(() => toAnthropicMessages([{ role, content }])).toThrow(expect.objectContaining({ reason: 'unsupported' }))
})
