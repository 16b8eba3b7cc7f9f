import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isConfigError, TemplateVariableError } from '../../src/shared/errors.js'
import { renderTemplate } from '../../src/template/render-template.js'
import { caught } from './caught.js'

describe('values in templates', () => {
  it.each([
    ['text', 'text'],
    ['', ''],
    [0, '0'],
    [-0, '0'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [null, 'null'],
    [12345678901234567890n, '12345678901234567890'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [{ a: [1, null, 'x'] }, '{"a":[1,null,"x"]}'],
    [['a', 'b'], '["a","b"]'],
    [{ big: 1n }, '{"big":"1"}'],
    ['{name} {{x}} }', '{name} {{x}} }'],
  ])('writes %s as %j', (value, text) => {
    expect(renderTemplate('<{v}>', { v: value })).toBe(`<${text}>`)
    expect(renderTemplate('<{{v}}>', { v: value }, { format: 'mustache' })).toBe(`<${text}>`)
    expect(renderTemplate('<{{o.v}}>', { o: { v: value } }, { format: 'mustache' })).toBe(`<${text}>`)
  })

  const circular: { self?: unknown } = {}
  circular.self = circular
  let deep: unknown = 0
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]

  it.each([
    ['a circular value', circular],
    ['a function', () => 'x'],
    ['a symbol', Symbol('s')],
    ['an invalid date', new Date(Number.NaN)],
    [
      'an object whose toJSON throws',
      {
        toJSON: () => {
          throw new Error('no')
        },
      },
    ],
    ['an object whose toJSON gives nothing', { toJSON: () => undefined }],
    [
      'an object with a getter that throws nothing at all',
      {
        get a() {
          throw undefined
        },
      },
    ],
    [
      'a proxy that refuses',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no')
          },
          get: () => {
            throw new Error('no')
          },
          getPrototypeOf: () => {
            throw new Error('no')
          },
        },
      ),
    ],
    ['a value nested deeper than the stack', deep],
  ])('refuses %s with a TemplateVariableError that names the variable', (_name, value) => {
    for (const format of ['f-string', 'mustache'] as const) {
      const error = caught(() => renderTemplate(format === 'mustache' ? '{{v}}' : '{v}', { v: value }, { format }))

      expect(error).toBeInstanceOf(TemplateVariableError)
      expect(error).toMatchObject({ variables: ['v'] })
    }
  })

  it('refuses variables that fail while they are read', () => {
    const values = {
      get v() {
        throw new RangeError('no')
      },
    }

    expect(caught(() => renderTemplate('{v}', values))).toMatchObject({ code: 'E_TEMPLATE_VARIABLE', variables: ['v'] })
    expect(caught(() => renderTemplate('{{#a}}{{v}}{{/a}}', { a: values }, { format: 'mustache' }))).toMatchObject({ variables: ['v'] })
  })

  it('refuses to build a text longer than a string can be', () => {
    const long = 'x'.repeat(2 ** 28)

    expect(caught(() => renderTemplate('{a}{a}', { a: long }))).toBeInstanceOf(TemplateVariableError)
    expect(caught(() => renderTemplate('{{#l}}{{a}}{{/l}}', { a: long, l: [1, 2] }, { format: 'mustache' }))).toBeInstanceOf(
      TemplateVariableError,
    )
  })
})

describe('missing variables', () => {
  it('are all named in one error', () => {
    const error = caught(() => renderTemplate('{a} {b} {a} {c}', { b: 1, c: undefined }))

    expect(error).toBeInstanceOf(TemplateVariableError)
    expect(error).toMatchObject({ variables: ['a', 'c'] })
    expect((error as Error).message).toContain('Missing: "a", "c".')
  })

  it('include names that only the prototype has', () => {
    const template = '{constructor} {toString} {__proto__} {inherited}'

    expect(caught(() => renderTemplate(template, Object.create({ inherited: 'x' })))).toMatchObject({
      variables: ['constructor', 'toString', '__proto__', 'inherited'],
    })
  })

  it('stay as placeholders with keep, and leave nothing with empty', () => {
    expect(renderTemplate('<{a}|{b}>', { b: 1 }, { onMissing: 'keep' })).toBe('<{a}|1>')
    expect(renderTemplate('<{a}|{b}>', { b: 1 }, { onMissing: 'empty' })).toBe('<|1>')
  })

  it.each([[null], [42], ['text'], [undefined]])('are missing when the variables are %j', (values) => {
    expect(caught(() => renderTemplate('{a}', values as unknown as Record<string, unknown>))).toMatchObject({ variables: ['a'] })
  })
})

describe('raw templates', () => {
  it('have no variables, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(renderTemplate(`{a} {{b}} ${text} }`, {}, { format: 'raw' })).toBe(`{a} {{b}} ${text} }`)
      }),
    )
  })
})

describe('any template with any values', () => {
  it('renders, or throws one of the two template errors', () => {
    const pieces = fc.array(
      fc.constantFrom('{a}', '{b}', '{{a}}', '{{b.c}}', '{{#a}}', '{{/a}}', '{{^b}}', '{{/b}}', '{{.}}', '{', '}', '\n', 'text'),
    )
    const values = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withSparseArray: true }),
      fc.record({ a: fc.anything(), b: fc.anything() }),
    )

    fc.assert(
      fc.property(
        pieces,
        values,
        fc.constantFrom('f-string', 'mustache', 'raw'),
        fc.constantFrom('throw', 'keep', 'empty'),
        (parts, given, format, onMissing) => {
          try {
            expect(typeof renderTemplate(parts.join(''), given as Record<string, unknown>, { format, onMissing } as never)).toBe('string')
          } catch (error) {
            expect(isConfigError(error, 'E_TEMPLATE_SYNTAX') || isConfigError(error, 'E_TEMPLATE_VARIABLE')).toBe(true)
          }
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

describe('arguments of renderTemplate', () => {
  it('are refused when the template is no string or the format is unknown', () => {
    expect(caught(() => renderTemplate(7 as never, {}))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'template' })
    expect(caught(() => renderTemplate('x', {}, { format: 'jinja' as never }))).toMatchObject({
      code: 'E_INVALID_ARGUMENT',
      field: 'format',
    })
  })
})
