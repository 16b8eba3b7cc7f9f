import { describe, expect, it } from 'vitest'
import type { ChatMessageTemplate } from '../../src/entities/template.js'
import { lintTemplate } from '../../src/template/lint-template.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { caught } from './caught.js'

const PHOTO: readonly ChatMessageTemplate[] = [
  { role: 'system', content: 'You describe pictures.', cache: '1h', providerOptions: { anthropic: { effort: 'low {x}' } } },
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is on {what}?', cache: true },
      { type: 'image', url: '{photo}', mediaType: 'image/{kind}' },
      { type: 'file', data: '{scan}', filename: '{what}.pdf', mediaType: 'application/pdf' },
      { type: 'input_audio', input_audio: { data: '{not_a_variable}' } },
    ],
  },
]
const VALUES = { what: 'it', photo: 'https://example.org/{a}.png', kind: 'png', scan: 'JVBERi0=' }

describe('content parts', () => {
  it('are filled in, and keep marks, options and what nobody knows', () => {
    const parsed = parseTemplate(PHOTO, 'f-string')

    expect(parsed.variables).toEqual(['what', 'photo', 'kind', 'scan'])
    expect(parsed.render(VALUES)).toEqual([
      { role: 'system', content: 'You describe pictures.', cache: '1h', providerOptions: { anthropic: { effort: 'low {x}' } } },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is on it?', cache: true },
          { type: 'image', url: 'https://example.org/{a}.png', mediaType: 'image/png' },
          { type: 'file', data: 'JVBERi0=', filename: 'it.pdf', mediaType: 'application/pdf' },
          { type: 'input_audio', input_audio: { data: '{not_a_variable}' } },
        ],
      },
    ])
  })

  it('take bytes where a variable is all of the data, and nowhere else', () => {
    const bytes = new Uint8Array([1, 2])
    const [, user] = parseTemplate(PHOTO, 'f-string').render({ ...VALUES, scan: bytes }) as unknown as { content: { data?: unknown }[] }[]

    expect(user?.content[2]?.data).toBe(bytes)
    const beside = parseTemplate([{ role: 'user', content: [{ type: 'image', data: 'x{a}' }] }])
    expect(beside.render({ a: 'y' })).toEqual([{ role: 'user', content: [{ type: 'image', data: 'xy' }] }])
    expect(parseTemplate([{ role: 'user', content: [{ type: 'image', data: '{{a}}' }] }], 'mustache').render({ a: bytes })).toEqual([
      { role: 'user', content: [{ type: 'image', data: bytes }] },
    ])
  })

  it('name what is missing, and which message does not parse', () => {
    expect(caught(() => parseTemplate(PHOTO).render({ what: 1 }))).toMatchObject({ variables: ['photo', 'kind', 'scan'] })
    const broken: ChatMessageTemplate[] = [
      { role: 'user', content: 'x' },
      { role: 'user', content: [{ type: 'image', url: '{' }] },
    ]
    expect(caught(() => parseTemplate(broken))).toMatchObject({ code: 'E_TEMPLATE_SYNTAX', chatMessage: 2, column: 1 })
  })

  it('do not share what they render: a caller may change its own messages', () => {
    const parsed = parseTemplate(PHOTO)
    const [first, second] = [parsed.render(VALUES), parsed.render(VALUES)] as unknown as { content: object[] }[][]

    expect(first).toEqual(second)
    expect(first?.[1]?.content).not.toBe(second?.[1]?.content)
  })
})

it('warns of a mark for five minutes before one for an hour, which Anthropic refuses', () => {
  const short = { role: 'system', content: 'x', cache: true } as const
  const long = { role: 'user', content: 'y', cache: '1h' } as const

  expect(lintTemplate([short, long])).toEqual([
    expect.stringContaining('Message 1 is marked for five minutes, before a mark for an hour (message 2)'),
  ])
  expect(lintTemplate([long, short])).toEqual([])
})

describe('a variable before the end of a cached prefix', () => {
  it.each<[string, readonly ChatMessageTemplate[], readonly string[]]>([
    ['none without a mark', [{ role: 'system', content: '{a}' }], []],
    [
      'none behind the mark',
      [
        { role: 'system', content: 'x', cache: true },
        { role: 'user', content: '{a}' },
      ],
      [],
    ],
    ['in the marked message', [{ role: 'system', content: '{a}', cache: '5m' }], ['Message 1 holds "a"']],
    [
      'before it',
      [
        { role: 'system', content: '{a}' },
        { role: 'user', content: 'x', cache: true },
      ],
      ['Message 1 holds "a", before the cached prefix ends (message 2)'],
    ],
    [
      'a placeholder',
      [
        { placeholder: 'h', optional: true },
        { role: 'user', content: 'x', cache: true },
      ],
      ['Message 1 holds "h"'],
    ],
    [
      'between two marks',
      [
        { role: 'system', content: 'x', cache: '1h' },
        { role: 'user', content: '{a}' },
        { role: 'user', content: 'y', cache: true },
      ],
      ['Message 2 holds "a"'],
    ],
    [
      'by parts',
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: '{a}' },
            { type: 'image', url: '{b}', cache: true },
            { type: 'text', text: '{c}' },
          ],
        },
      ],
      ['Message 1, part 1 holds "a", before the cached prefix ends (message 1, part 2)', 'Message 1, part 2 holds "b"'],
    ],
    [
      'a mark of a message is at its last part',
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: '{b}' },
          ],
          cache: true,
        },
      ],
      ['Message 1, part 2 holds "b"'],
    ],
    [
      'a mark of a part nobody knows',
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: '{a}' },
            { type: 'x', cache: true },
          ],
        },
      ],
      ['Message 1, part 1 holds "a"'],
    ],
  ])('is found: %s', (_name, template, expected) => {
    const warnings = lintTemplate(template)

    expect(warnings).toHaveLength(expected.length)
    for (const [index, part] of expected.entries()) expect(warnings[index]).toContain(part)
  })

  it('is nothing that a text has', () => {
    expect(lintTemplate('{a}')).toEqual([])
    expect(lintTemplate([{ role: 'system', content: '{{#a}}{{b}}{{/a}}', cache: true }], { format: 'mustache' })).toHaveLength(2)
  })
})
