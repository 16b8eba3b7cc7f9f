import { expect, it } from 'vitest'
import { type Message, toAnthropicMessages, toMessages, toOpenAIMessages } from '../../src/llm/index.js'

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

it.each([
  ['our', toolTurn],
  ["OpenAI's", openAITurn],
  ["the AI SDK's", sdkTurn],
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
