import fc from 'fast-check'
import mustache from 'mustache'
import { describe, expect, it } from 'vitest'
import { TemplateSyntaxError, TemplateVariableError } from '../../src/shared/errors.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { renderTemplate } from '../../src/template/render-template.js'
import { caught } from './caught.js'

const format = { format: 'mustache' } as const

describe('mustache templates', () => {
  it.each([
    ['Hello {{name}}!', { name: 'Ada' }, 'Hello Ada!'],
    ['{{ a.b.c }}', { a: { b: { c: 1 } } }, '1'],
    ['{{name}} {{{name}}} {{&name}}', { name: '<b>&"' }, '<b>&" <b>&" <b>&"'],
    ['{"a": {"b": [{"c": "}"}]}, "d": {{d}}}', { d: 4 }, '{"a": {"b": [{"c": "}"}]}, "d": 4}'],
    ['{{#x}}yes{{/x}}{{^x}}no{{/x}}', { x: true }, 'yes'],
    ['{{#x}}yes{{/x}}{{^x}}no{{/x}}', {}, 'no'],
    ['{{#x}}yes{{/x}}{{^x}}no{{/x}}', { x: [] }, 'no'],
    ['{{#items}}{{name}}={{.}};{{/items}}', { name: 'n', items: ['a', 2] }, 'n=a;n=2;'],
    ['{{#rows}}{{#.}}{{.}},{{/.}};{{/rows}}', { rows: [[1, 2], [3]] }, '1,2,;3,;'],
    ['{{#user}}{{name}} of {{team.name}}{{/user}}', { user: { name: 'Ada' }, team: { name: 'A' } }, 'Ada of A'],
    ['{{! a remark with } and { }}x', {}, 'x'],
    ['list:\n{{#items}}\n- {{.}}\n{{/items}}\nend', { items: ['a', 'b'] }, 'list:\n- a\n- b\nend'],
    ['list:\r\n  {{#items}}  \r\n- {{.}}\r\n{{/items}}\r\nend', { items: ['a'] }, 'list:\r\n- a\r\nend'],
    ['{{a}}{{constructor}}', { a: null, constructor: 'own' }, 'nullown'],
  ])('renders %j with %j as %j', (template, values, expected) => {
    expect(renderTemplate(template, values, format)).toBe(expected)
  })

  it.each([
    ['{"b": "{{"}}', 1, 8, '{{"}} is not a variable'],
    ['a\n{{b', 2, 1, 'never closed'],
    ['{{{b}}', 1, 1, 'never closed with }}}'],
    ['{{}}', 1, 1, 'names no variable'],
    ['{{ name | upper }}', 1, 1, 'expression'],
    ['{{user-id}}', 1, 1, 'letters, digits and underscores'],
    ['{{a..b}}', 1, 1, 'is not a variable'],
    ['{{items.0}}', 1, 1, 'is not a variable'],
    ['{{> other}}', 1, 1, 'another template'],
    ['{{=<% %>=}}', 1, 1, 'delimiters'],
    ['{{.}}', 1, 1, 'item of a section'],
    ['a {{#x}} b', 1, 3, '{{/x}}'],
    ['{{/x}}', 1, 1, 'never opened'],
    ['{{#x}}\n{{#y}}{{/x}}{{/y}}', 2, 7, '{{/y}} is due'],
    ['{{#a}}'.repeat(101) + '{{/a}}'.repeat(101), 1, 601, 'deeper than 100'],
  ])('refuses %j at line %i, column %i and says why', (template, line, column, reason) => {
    const error = caught(() => parseTemplate(template, 'mustache'))

    expect(error).toBeInstanceOf(TemplateSyntaxError)
    expect(error).toMatchObject({ line, column })
    expect((error as Error).message).toContain(reason)
  })

  it('counts variables inside sections, and section names, as optional', () => {
    const parsed = parseTemplate('{{a}} {{#items}}{{b}}{{a}}{{.}}{{/items}} {{^none}}{{c.d}}{{/none}} {{e.f}}', 'mustache')

    expect(parsed.variables).toEqual(['a', 'e.f'])
    expect(parsed.optionalVariables).toEqual(['items', 'b', 'none', 'c.d'])
  })

  it('names every missing variable outside of sections, and writes nothing for those within', () => {
    const template = '{{a}} {{b.c}} {{#list}}{{gone}}{{/list}}'

    expect(caught(() => renderTemplate(template, { b: {}, list: [1] }, format))).toMatchObject({ variables: ['a', 'b.c'] })
    expect(renderTemplate(template, { a: 1, b: { c: 2 }, list: [1] }, format)).toBe('1 2 ')
    expect(renderTemplate(template, { list: [1] }, { ...format, onMissing: 'keep' })).toBe('{{a}} {{b.c}} {{gone}}')
    expect(renderTemplate(template, { list: [1] }, { ...format, onMissing: 'empty' })).toBe('  ')
  })

  it('looks at own properties only, at every step of a path', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'a.constructor', 'a.__proto__', 'text.length']) {
      expect(caught(() => renderTemplate(`{{${name}}}`, { a: {}, text: 'x' }, format))).toMatchObject({ variables: [name] })
      expect(renderTemplate(`{{#${name}}}found{{/${name}}}`, { a: {}, text: 'x' }, format)).toBe('')
    }
  })

  it('runs no function among the values', () => {
    let runs = 0
    const values = {
      f: () => {
        runs += 1
        return 'text'
      },
    }

    expect(caught(() => renderTemplate('{{f}}', values, format))).toBeInstanceOf(TemplateVariableError)
    expect(caught(() => renderTemplate('{{#f}}x{{/f}}', values, format))).toBeInstanceOf(TemplateVariableError)
    expect(runs).toBe(0)
  })

  it('never reads a value again', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('{{a}}', '{{#a}}', '{{/a}}', '{', '}', '{{', 'x', '\n')), (parts) => {
        const value = parts.join('')
        expect(renderTemplate('<{{a}}|{{#list}}{{.}}{{/list}}|{{b.c}}>', { a: value, list: [value], b: { c: value } }, format)).toBe(
          `<${value}|${value}|${value}>`,
        )
      }),
    )
  })

  it('parses and renders what mustache.js renders, blank lines and all', () => {
    const writer = new mustache.Writer()
    const values = { a: 'A', b: 0, yes: true, no: false, list: [{ a: 1 }, { a: 2 }], none: [], words: ['x', 'y'], o: { p: 'P' } }
    const leaf = fc.constantFrom(
      ' ',
      '\n',
      '\r\n',
      '  ',
      '\t',
      '{ ',
      '}',
      'text',
      ' {"k": [1]} ',
      '{{a}}',
      '{{ a }}',
      '{{&a}}',
      '{{{a}}}',
      '{{o.p}}',
      '{{! note }}',
      '{{!\nlong\n}}',
    )
    const { template } = fc.letrec<{ template: string }>((tie) => ({
      template: fc
        .array(
          fc.oneof(
            { maxDepth: 4, withCrossShrink: true },
            leaf,
            fc
              .tuple(fc.constantFrom('#', '^'), fc.constantFrom('yes', 'no', 'list', 'none', 'words', 'o', 'b', 'gone'), tie('template'))
              .map(([sigil, name, body]) => `{{${sigil}${name}}}${body}{{/${name}}}`),
          ),
          { maxLength: 12 },
        )
        .map((parts) => parts.join('')),
    }))

    fc.assert(
      fc.property(template, (text) => {
        expect(renderTemplate(text, values, format)).toBe(writer.render(text, values, undefined, { escape: String }))
      }),
      { numRuns: 3_000 },
    )
  })

  it('throws nothing but a syntax error, whatever the text', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom('{{', '}}', '{', '}', '#', '^', '/', '!', '>', '=', '&', 'a', '.', ' ', '\n', '"'))
          .map((parts) => parts.join('')),
        (template) => {
          try {
            parseTemplate(template, 'mustache')
          } catch (error) {
            expect(error).toBeInstanceOf(TemplateSyntaxError)
            expect((error as TemplateSyntaxError).column).toBeGreaterThan(0)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('the global mustache module', () => {
  it('is as it was after our parser and renderer were used', () => {
    const before = snapshot()

    renderTemplate('{{a}}{{{a}}}{{#a}}x{{/a}}', { a: '<' }, format)
    caught(() => renderTemplate('{{a', {}, format))

    expect(snapshot()).toEqual(before)
    expect(mustache.render('{{a}}', { a: '<' })).toBe('&lt;')
  })

  it('has no say in how our templates are parsed and rendered', () => {
    const { tags, escape: escapeBefore } = mustache
    mustache.tags = ['<%', '%>']
    mustache.escape = () => 'escaped'

    try {
      expect(renderTemplate('{{a}} <%a%>', { a: '<' }, format)).toBe('< <%a%>')
    } finally {
      mustache.tags = tags
      mustache.escape = escapeBefore
    }
  })
})

function snapshot(): unknown {
  const cache = (mustache.templateCache as unknown as { _cache: object } | undefined)?._cache
  return { ...mustache, tags: [...mustache.tags], cached: Object.keys(cache ?? {}) }
}
