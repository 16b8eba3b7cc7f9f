import { describe, expect, it } from 'vitest'
import type { ChatMessageTemplate } from '../../src/entities/template.js'
import { TemplateSyntaxError, TemplateVariableError } from '../../src/shared/errors.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { templateTypeOf } from '../../src/template/template-type.js'
import { caught } from './caught.js'

const SUPPORT: readonly ChatMessageTemplate[] = [
  { role: 'system', content: 'You help {company}.' },
  { placeholder: 'examples', optional: true },
  { placeholder: 'history' },
  { role: 'user', content: '{question} ({company})' },
]
const HISTORY = [
  { role: 'user', content: 'Hi {company}' },
  { role: 'assistant', content: '', toolCalls: [] },
]

describe('chat templates', () => {
  it('give real messages only, with the placeholders filled in as they are', () => {
    const messages = parseTemplate(SUPPORT, 'f-string').render({ company: 'Acme', question: 'Why {history}?', history: HISTORY })

    expect(messages).toEqual([
      { role: 'system', content: 'You help Acme.' },
      ...HISTORY,
      { role: 'user', content: 'Why {history}? (Acme)' },
    ])
  })

  it('list what they need and what they can do without', () => {
    const parsed = parseTemplate(SUPPORT, 'f-string')

    expect(parsed.variables).toEqual(['company', 'history', 'question'])
    expect(parsed.optionalVariables).toEqual(['examples'])
  })

  it('name what is missing in all messages in one error', () => {
    expect(caught(() => parseTemplate(SUPPORT, 'f-string').render({}))).toMatchObject({ variables: ['company', 'history', 'question'] })
  })

  it('leave a missing placeholder out with onMissing', () => {
    const parsed = parseTemplate(SUPPORT, 'f-string')

    expect(parsed.render({ company: 'Acme' }, { onMissing: 'keep' })).toEqual([
      { role: 'system', content: 'You help Acme.' },
      { role: 'user', content: '{question} (Acme)' },
    ])
    expect(parsed.render({}, { onMissing: 'empty' })).toEqual([
      { role: 'system', content: 'You help .' },
      { role: 'user', content: ' ()' },
    ])
  })

  it.each([
    ['text', 'hello'],
    ['null', null],
    ['an object', {}],
    ['a list of texts', ['hello']],
    ['a message without content', [{ role: 'user' }]],
    ['a message with an unknown role', [{ role: 'robot', content: '' }]],
    ['a message whose content is no text', [{ role: 'user', content: ['x'] }]],
    [
      'a message that fails while it is read',
      [
        {
          role: 'user',
          get content() {
            throw new Error('no')
          },
        },
      ],
    ],
    ['a list with holes', new Array(1)],
  ])('refuse %s for a placeholder', (_name, history) => {
    for (const name of ['history', 'examples']) {
      const error = caught(() =>
        parseTemplate([{ placeholder: name, optional: name === 'examples' }], 'f-string').render({ [name]: history }),
      )

      expect(error).toBeInstanceOf(TemplateVariableError)
      expect(error).toMatchObject({ variables: [name] })
    }
  })

  it('say which message does not parse', () => {
    const error = caught(() =>
      parseTemplate(
        [
          { role: 'system', content: 'fine' },
          { role: 'user', content: 'a\n b }' },
        ],
        'f-string',
      ),
    )

    expect(error).toBeInstanceOf(TemplateSyntaxError)
    expect(error).toMatchObject({ chatMessage: 2, line: 2, column: 4 })
    expect((error as Error).message).toMatch(/^Message 2, line 2, column 4: This } has no { before it/)
  })

  it('work in mustache and raw', () => {
    const template: readonly ChatMessageTemplate[] = [
      { role: 'user', content: '{{#a}}{{b}}{{/a}}{{c}} {d}' },
      { placeholder: 'more', optional: true },
    ]

    expect(parseTemplate(template, 'mustache').render({ a: { b: 1 }, c: 2 })).toEqual([{ role: 'user', content: '12 {d}' }])
    expect(parseTemplate(template, 'mustache').optionalVariables).toEqual(['a', 'b', 'more'])
    expect(parseTemplate(template, 'raw').render({})).toEqual([{ role: 'user', content: '{{#a}}{{b}}{{/a}}{{c}} {d}' }])
  })

  it.each([
    [[], 'template'],
    [{}, 'template'],
    [7, 'template'],
    [null, 'template'],
    [['text'], 'template[0]'],
    [new Array(1), 'template[0]'],
    [
      [
        { role: 'user', content: 'x' },
        { role: 'robot', content: 'x' },
      ],
      'template[1].role',
    ],
    [[{ role: 'user' }], 'template[0].content'],
    [[{ role: 'user', content: 'x', images: [] }], 'template[0].images'],
    [[{ role: 'user', content: [] }], 'template[0].content'],
    [[{ role: 'user', content: null }], 'template[0].content'],
    [[{ role: 'user', content: ['x'] }], 'template[0].content[0]'],
    [[{ role: 'user', content: [{ text: 'x' }] }], 'template[0].content[0].type'],
    [[{ role: 'user', content: [{ type: 'text' }] }], 'template[0].content[0].text'],
    [[{ role: 'user', content: [{ type: 'text', text: 'x', url: 'y' }] }], 'template[0].content[0].url'],
    [[{ role: 'user', content: [{ type: 'image' }] }], 'template[0].content[0]'],
    [[{ role: 'user', content: [{ type: 'image', url: 'x', data: 'y' }] }], 'template[0].content[0]'],
    [[{ role: 'user', content: [{ type: 'file', url: 7 }] }], 'template[0].content[0].url'],
    [[{ role: 'user', content: 'x', cache: false }], 'template[0].cache'],
    [[{ role: 'user', content: [{ type: 'text', text: 'x', cache: '2h' }] }], 'template[0].content[0].cache'],
    [[{ role: 'user', content: [{ type: 'other', cache: 1 }] }], 'template[0].content[0].cache'],
    [[{ role: 'user', content: 'x', providerOptions: { a: 1 } }], 'template[0].providerOptions'],
    [[{ placeholder: 'p', cache: true }], 'template[0]'],
    [[{ role: 'user', content: 'x', optional: true }], 'template[0].optional'],
    [[{ role: 'user', content: 'x', placeholder: 'p' }], 'template[0]'],
    [[{ placeholder: 'no name' }], 'template[0].placeholder'],
    [[{ placeholder: 'p', optional: 'yes' }], 'template[0].optional'],
  ])('of the wrong shape (%j) are refused, naming %s', (template, field) => {
    expect(caught(() => parseTemplate(template as never, 'f-string'))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field })
  })
})

describe('the type of a template', () => {
  it('is text for a string and chat for a list', () => {
    expect(templateTypeOf('x')).toBe('text')
    expect(templateTypeOf('x', 'text')).toBe('text')
    expect(templateTypeOf([], 'chat')).toBe('chat')
  })

  it('is refused when another one is given', () => {
    expect(caught(() => templateTypeOf('x', 'chat'))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'type' })
    expect(caught(() => templateTypeOf([], 'text'))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'type' })
  })

  it('is unknown for an unknown format', () => {
    expect(caught(() => parseTemplate('x', 'jinja' as never))).toMatchObject({ field: 'templateFormat' })
  })
})
