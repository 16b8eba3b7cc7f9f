import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TemplateSyntaxError } from '../../src/shared/errors.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { renderTemplate } from '../../src/template/render-template.js'
import { caught } from './caught.js'

describe('f-string templates', () => {
  it.each([
    ['Hello {name}!', { name: 'Ada' }, 'Hello Ada!'],
    ['{a}{b}{a}', { a: 1, b: 2 }, '121'],
    ['{{name}}', {}, '{name}'],
    ['{{{name}}}', { name: 'x' }, '{x}'],
    ['{{{{name}}}}', {}, '{{name}}'],
    ['{name}}}', { name: 'x' }, 'x}'],
    ['{{}}', {}, '{}'],
    ['', {}, ''],
    ['{_a1} {größe} {名前}', { _a1: 1, größe: 2, 名前: 3 }, '1 2 3'],
    ['{constructor}{__proto__}', JSON.parse('{"constructor":"a","__proto__":"b"}'), 'ab'],
  ])('renders %j with %j as %j', (template, values, expected) => {
    expect(renderTemplate(template, values)).toBe(expected)
  })

  it.each([
    ['a } b', 1, 3, 'has no { before it'],
    ['{a}}', 1, 4, 'has no { before it'],
    ['{a', 1, 1, 'never closed'],
    ['\n\n  {', 3, 3, 'never closed'],
    ['{}', 1, 1, 'names no variable'],
    ['{ }', 1, 1, 'names no variable'],
    ['a {x!r}', 1, 3, 'Write {x} '],
    ['{price:.2f}', 1, 1, 'Write {price} '],
    ['{a.b}', 1, 1, '{{a.b}}'],
    ['{a[0]}', 1, 1, 'variable of its own'],
    ['{0}', 1, 1, '{value_0}'],
    ['{ name }', 1, 1, 'Write {name}.'],
    ['one\r\ntwo {"a": 1}', 2, 5, 'Double literal braces'],
    ['one\rtwo\n{a-b}', 3, 1, 'Double literal braces'],
    ['{😀}', 1, 1, 'is not a variable'],
  ])('refuses %j at line %i, column %i and says what to write', (template, line, column, mend) => {
    const error = caught(() => parseTemplate(template, 'f-string'))

    expect(error).toBeInstanceOf(TemplateSyntaxError)
    expect(error).toMatchObject({ line, column, chatMessage: undefined })
    expect((error as Error).message).toContain(`Line ${line}, column ${column}: `)
    expect((error as Error).message).toContain(mend)
  })

  it('lists variables once, in order of first use', () => {
    const parsed = parseTemplate('{b} {a} {b} {c} {{d}}', 'f-string')

    expect(parsed.variables).toEqual(['b', 'a', 'c'])
    expect(parsed.optionalVariables).toEqual([])
    expect(Object.isFrozen(parsed.variables)).toBe(true)
  })

  it('escapes exactly: any text with doubled braces renders as that text', () => {
    fc.assert(
      fc.property(textWithBraces(), (text) => {
        expect(renderTemplate(doubled(text))).toBe(text)
      }),
    )
  })

  it('renders any alternation of texts and variables as their concatenation, and never reads a value again', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            text: textWithBraces(),
            name: fc.constantFrom('a', 'b', 'constructor', '__proto__', 'größe'),
            value: textWithBraces(),
          }),
        ),
        (parts) => {
          const values = Object.create(null)
          for (const { name, value } of parts) Object.defineProperty(values, name, { value, enumerable: true, configurable: true })
          const template = parts.map(({ text, name }) => `${doubled(text)}{${name}}`).join('')

          expect(renderTemplate(template, values)).toBe(parts.map(({ text, name }) => text + values[name]).join(''))
        },
      ),
    )
  })

  it('finds the same variables again after rendering with onMissing keep', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ text: fc.string().map((text) => text.replace(/[{}]/g, '')), name: fc.constantFrom('a', 'b', 'c', 'd') })),
        (parts) => {
          const template = parts.map(({ text, name }) => `${text}{${name}}`).join('')

          const kept = renderTemplate(template, {}, { onMissing: 'keep' })

          expect(kept).toBe(template)
          expect(parseTemplate(kept, 'f-string').variables).toEqual([...new Set(parts.map(({ name }) => name))])
        },
      ),
    )
  })

  it('throws nothing but a syntax error with a place inside the text, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{', '}', 'a', ' ', '\r', '\n', '!', '.', ':', '0', '"', '😀')).map((parts) => parts.join('')),
        (template) => {
          try {
            parseTemplate(template, 'f-string')
          } catch (error) {
            expect(error).toBeInstanceOf(TemplateSyntaxError)
            const { line, column } = error as TemplateSyntaxError
            expect('{}').toContain(template.split(/\r\n|\r|\n/)[line - 1]![column - 1])
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

function textWithBraces(): fc.Arbitrary<string> {
  return fc.array(fc.oneof(fc.constantFrom('{', '}', '{{', '}}', '{a}', '\r\n', '😀'), fc.string())).map((parts) => parts.join(''))
}

function doubled(text: string): string {
  return text.replace(/[{}]/g, (brace) => brace + brace)
}
