import { describe, expect, it } from 'vitest'
import { isConfigError } from '../../src/shared/errors.js'
import { renderTemplate } from '../../src/template/render-template.js'
import { caught } from './caught.js'

// What the required files of the mustache specification ask for (comments, delimiters, interpolation, inverted, partials, sections), in cases of our own.
// @see https://github.com/mustache/spec

type Case = readonly [name: string, template: string, data: object, expected: string]

const render = (template: string, data: object) =>
  renderTemplate(template, data as Record<string, unknown>, { format: 'mustache', onMissing: 'empty' })

const COMMENTS: readonly Case[] = [
  ['inline', 'ab{{! note }}cd', {}, 'abcd'],
  ['over several lines', 'ab{{!\n  one\n  two\n}}cd\n', {}, 'abcd\n'],
  ['alone on a line', 'a\n{{! note }}\nb\n', {}, 'a\nb\n'],
  ['alone and indented', 'a\n  {{! note }}\nb\n', {}, 'a\nb\n'],
  ['alone before CRLF', '|\r\n{{! note }}\r\n|', {}, '|\r\n|'],
  ['alone without a line before', '  {{! note }}\nx', {}, 'x'],
  ['alone without a line after', 'x\n  {{! note }}', {}, 'x\n'],
  ['alone over several lines', 'a\n{{!\nnote\n}}\nb\n', {}, 'a\nb\n'],
  ['alone over several lines, indented', 'a\n  {{!\n    note\n  }}\nb\n', {}, 'a\nb\n'],
  ['behind text on its line', '  12 {{! 34 }}\n', {}, '  12 \n'],
  ['with white space kept around it', '1 {{! note }} 2', {}, '1  2'],
  ['that look like a variable', 'a {{! name }} b', { '! name': 1, '!name': 2, name: 3 }, 'a  b'],
]

const INTERPOLATION: readonly Case[] = [
  ['of nothing', 'from {one} to {two}\n', {}, 'from {one} to {two}\n'],
  ['of a variable', 'Hello, {{who}}!\n', { who: 'world' }, 'Hello, world!\n'],
  ['once and no more', '{{a}}: {{b}}', { a: '{{b}}', b: 'x' }, '{{b}}: x'],
  ['of three braces, without escaping', '{{{mark}}}', { mark: '& " < >' }, '& " < >'],
  ['of an ampersand, without escaping', '{{&mark}}', { mark: '& " < >' }, '& " < >'],
  ['of an integer', '"{{n}} mph"', { n: 85 }, '"85 mph"'],
  ['of an integer, three braces', '"{{{n}}}"', { n: 85 }, '"85"'],
  ['of an integer, ampersand', '"{{&n}}"', { n: 85 }, '"85"'],
  ['of a decimal', '"{{p}} jiggawatts"', { p: 1.21 }, '"1.21 jiggawatts"'],
  ['of a decimal, three braces', '"{{{p}}}"', { p: 1.21 }, '"1.21"'],
  ['of a decimal, ampersand', '"{{&p}}"', { p: 1.21 }, '"1.21"'],
  ['of a missing name', 'I ({{cannot}})', {}, 'I ()'],
  ['of a missing name, three braces', 'I ({{{cannot}}})', {}, 'I ()'],
  ['of a missing name, ampersand', 'I ({{&cannot}})', {}, 'I ()'],
  ['of a dotted name', '"{{a.name}}" == "{{#a}}{{name}}{{/a}}"', { a: { name: 'Joe' } }, '"Joe" == "Joe"'],
  ['of a dotted name, three braces', '"{{{a.name}}}"', { a: { name: 'Joe' } }, '"Joe"'],
  ['of a dotted name, ampersand', '"{{&a.name}}"', { a: { name: 'Joe' } }, '"Joe"'],
  ['of a deep dotted name', '{{a.b.c.d.e.name}}', { a: { b: { c: { d: { e: { name: 'Phil' } } } } } }, 'Phil'],
  ['of a broken chain', '"{{a.b.c}}" == ""', { a: {} }, '"" == ""'],
  ['of a broken chain that a name outside would mend', '"{{a.b.c.name}}" == ""', { a: { b: {} }, c: { name: 'Jim' } }, '"" == ""'],
  [
    'of a chain that begins in the innermost scope',
    '{{#a}}{{b.c.name}}{{/a}}',
    { a: { b: { c: { name: 'Phil' } } }, b: { c: { name: 'Wrong' } } },
    'Phil',
  ],
  ['of a chain whose first part is masked', '{{#a}}{{b.c}}{{/a}}', { a: { b: {} }, b: { c: 'ERROR' } }, ''],
  ['of a chain with a masked last part', '{{#a}}{{#b}}{{c.name}}{{/b}}{{/a}}', { a: { b: {} }, c: { name: 'x' } }, 'x'],
  ['between white space', '| {{s}} |', { s: '---' }, '| --- |'],
  ['between white space, three braces', '| {{{s}}} |', { s: '---' }, '| --- |'],
  ['between white space, ampersand', '| {{&s}} |', { s: '---' }, '| --- |'],
  ['alone on a line', '  {{s}}\n', { s: '---' }, '  ---\n'],
  ['alone on a line, three braces', '  {{{s}}}\n', { s: '---' }, '  ---\n'],
  ['alone on a line, ampersand', '  {{&s}}\n', { s: '---' }, '  ---\n'],
  ['with padding', '|{{ s }}|', { s: '---' }, '|---|'],
  ['with padding, three braces', '|{{{ s }}}|', { s: '---' }, '|---|'],
  ['with padding, ampersand', '|{{& s }}|', { s: '---' }, '|---|'],
]

const SECTIONS: readonly Case[] = [
  ['for true', '"{{#on}}Shown.{{/on}}"', { on: true }, '"Shown."'],
  ['for false', '"{{#on}}Hidden.{{/on}}"', { on: false }, '""'],
  ['for null', '"{{#on}}Hidden.{{/on}}"', { on: null }, '""'],
  ['for a missing name', '[{{#missing}}Found.{{/missing}}]', {}, '[]'],
  ['for an object', '"{{#who}}Hi {{name}}.{{/who}}"', { who: { name: 'Joe' } }, '"Hi Joe."'],
  [
    'with a name of the outer scope',
    '"{{#sec}}{{a}}, {{b}}, {{c.d}}{{/sec}}"',
    { a: 'foo', b: 'wrong', sec: { b: 'bar' }, c: { d: 'baz' } },
    '"foo, bar, baz"',
  ],
  ['for a string', '{{#foo}}{{.}} is {{foo}}{{/foo}}', { foo: 'bar' }, 'bar is bar'],
  [
    'in sections of many depths',
    '{{#a}}\n{{one}}\n{{#b}}\n{{one}}{{two}}{{one}}\n{{#c}}\n{{one}}{{two}}{{three}}\n{{/c}}\n{{/b}}\n{{/a}}\n',
    { a: { one: 1 }, b: { two: 2 }, c: { three: 3 } },
    '1\n121\n123\n',
  ],
  ['for a list of objects', '"{{#list}}{{item}}{{/list}}"', { list: [{ item: 1 }, { item: 2 }, { item: 3 }] }, '"123"'],
  ['for an empty list', '"{{#list}}x{{/list}}"', { list: [] }, '""'],
  [
    'one after the other',
    '{{#on}}\n* first\n{{/on}}\n* {{two}}\n{{#on}}\n* third\n{{/on}}\n',
    { on: true, two: 'second' },
    '* first\n* second\n* third\n',
  ],
  ['nested, for true', '| A {{#on}}B {{#on}}C{{/on}} D{{/on}} E |', { on: true }, '| A B C D E |'],
  ['nested, for false', '| A {{#on}}B {{#on}}C{{/on}} D{{/on}} E |', { on: false }, '| A  E |'],
  ['over strings', '"{{#list}}({{.}}){{/list}}"', { list: ['a', 'b'] }, '"(a)(b)"'],
  ['over integers', '"{{#list}}({{.}}){{/list}}"', { list: [1, 2] }, '"(1)(2)"'],
  ['over decimals', '"{{#list}}({{.}}){{/list}}"', { list: [1.1, 2.2] }, '"(1.1)(2.2)"'],
  [
    'over lists',
    '"{{#list}}({{#.}}{{.}}{{/.}}){{/list}}"',
    {
      list: [
        [1, 2],
        ['a', 'b'],
      ],
    },
    '"(12)(ab)"',
  ],
  ['over items without escaping', '"{{#list}}({{{.}}}){{/list}}"', { list: ['&', '<'] }, '"(&)(<)"'],
  ['over items, ampersand', '"{{#list}}({{&.}}){{/list}}"', { list: ['&', '<'] }, '"(&)(<)"'],
  ['for a dotted name', '"{{#a.b.c}}Here{{/a.b.c}}" == "Here"', { a: { b: { c: true } } }, '"Here" == "Here"'],
  ['for a dotted name that is false', '"{{#a.b.c}}Here{{/a.b.c}}"', { a: { b: { c: false } } }, '""'],
  ['for a broken chain', '"{{#a.b.c}}Here{{/a.b.c}}"', { a: {} }, '""'],
  ['with white space around', ' | {{#on}}\t|\t{{/on}} | \n', { on: true }, ' | \t|\t | \n'],
  ['with white space inside', ' | {{#on}} {{! note }}\n {{/on}} | \n', { on: true }, ' |  \n  | \n'],
  ['indented inline', ' {{#on}}YES{{/on}}\n {{#on}}GOOD{{/on}}\n', { on: true }, ' YES\n GOOD\n'],
  ['alone on their lines', '| This Is\n{{#on}}\n|\n{{/on}}\n| A Line\n', { on: true }, '| This Is\n|\n| A Line\n'],
  ['alone and indented', '| This Is\n  {{#on}}\n|\n  {{/on}}\n| A Line\n', { on: true }, '| This Is\n|\n| A Line\n'],
  ['alone before CRLF', '|\r\n{{#on}}\r\n{{/on}}\r\n|', { on: true }, '|\r\n|'],
  ['alone without a line before', '  {{#on}}\n#{{/on}}\n/', { on: true }, '#\n/'],
  ['alone without a line after', '#{{#on}}\n/\n  {{/on}}', { on: true }, '#\n/\n'],
  ['with padding', '|{{# on }}={{/ on }}|', { on: true }, '|=|'],
]

const INVERTED: readonly Case[] = [
  ['for false', '"{{^on}}Shown.{{/on}}"', { on: false }, '"Shown."'],
  ['for true', '"{{^on}}Hidden.{{/on}}"', { on: true }, '""'],
  ['for null', '"{{^on}}Shown.{{/on}}"', { on: null }, '"Shown."'],
  ['for an object', '"{{^who}}Hi {{name}}.{{/who}}"', { who: { name: 'Joe' } }, '""'],
  ['for a list', '"{{^list}}{{n}}{{/list}}"', { list: [{ n: 1 }] }, '""'],
  ['for an empty list', '"{{^list}}Yay lists!{{/list}}"', { list: [] }, '"Yay lists!"'],
  [
    'one after the other',
    '{{^on}}\n* first\n{{/on}}\n* {{two}}\n{{^on}}\n* third\n{{/on}}\n',
    { on: false, two: 'second' },
    '* first\n* second\n* third\n',
  ],
  ['nested, for false', '| A {{^on}}B {{^on}}C{{/on}} D{{/on}} E |', { on: false }, '| A B C D E |'],
  ['nested, for true', '| A {{^on}}B {{^on}}C{{/on}} D{{/on}} E |', { on: true }, '| A  E |'],
  ['for a missing name', '[{{^missing}}Cannot find it!{{/missing}}]', {}, '[Cannot find it!]'],
  ['for a dotted name', '"{{^a.b.c}}Not Here{{/a.b.c}}"', { a: { b: { c: true } } }, '""'],
  ['for a dotted name that is false', '"{{^a.b.c}}Not Here{{/a.b.c}}"', { a: { b: { c: false } } }, '"Not Here"'],
  ['for a broken chain', '"{{^a.b.c}}Not Here{{/a.b.c}}"', { a: {} }, '"Not Here"'],
  ['with white space around', ' | {{^on}}\t|\t{{/on}} | \n', { on: false }, ' | \t|\t | \n'],
  ['with white space inside', ' | {{^on}} {{! note }}\n {{/on}} | \n', { on: false }, ' |  \n  | \n'],
  ['indented inline', ' {{^on}}NO{{/on}}\n {{^on}}WAY{{/on}}\n', { on: false }, ' NO\n WAY\n'],
  ['alone on their lines', '| This Is\n{{^on}}\n|\n{{/on}}\n| A Line\n', { on: false }, '| This Is\n|\n| A Line\n'],
  ['alone and indented', '| This Is\n  {{^on}}\n|\n  {{/on}}\n| A Line\n', { on: false }, '| This Is\n|\n| A Line\n'],
  ['alone before CRLF', '|\r\n{{^on}}\r\n{{/on}}\r\n|', { on: false }, '|\r\n|'],
  ['alone without a line before', '  {{^on}}\n^{{/on}}\n/', { on: false }, '^\n/'],
  ['alone without a line after', '^{{^on}}\n/\n  {{/on}}', { on: false }, '^\n/\n'],
  ['with padding', '|{{^ on }}={{/ on }}|', { on: false }, '|=|'],
]

describe.each([
  ['comments', COMMENTS],
  ['interpolation', INTERPOLATION],
  ['sections', SECTIONS],
  ['inverted sections', INVERTED],
])('%s', (_file, cases) => {
  it.each(cases)('%s', (_name, template, data, expected) => {
    expect(render(template, data)).toBe(expected)
  })
})

describe('what differs by design, as docs/prompts.md says', () => {
  it.each([
    ['nothing is escaped for HTML', '{{mark}}', { mark: '& " < >' }, '& " < >'],
    ['nor within a section', '{{#list}}({{.}}){{/list}}', { list: ['&', '<'] }, '(&)(<)'],
    ['null is written', 'I ({{cannot}})', { cannot: null }, 'I (null)'],
    ['in three braces too', 'I ({{{cannot}}})', { cannot: null }, 'I (null)'],
    ['with an ampersand too', 'I ({{&cannot}})', { cannot: null }, 'I (null)'],
  ])('%s', (_name, template, data, expected) => {
    expect(render(template, data)).toBe(expected)
  })
})

describe('what is refused says so', () => {
  it.each([
    ['other delimiters', '{{=<% %>=}}(<%text%>)', 'changes the delimiters'],
    ['other delimiters of one character', '({{=[ ]=}}[text])', 'changes the delimiters'],
    ['other delimiters within a section', '{{#section}}{{= | | =}}|data|{{/section}}', 'changes the delimiters'],
    ['other delimiters alone on a line', 'a\n{{=@ @=}}\nb', 'changes the delimiters'],
    ['other delimiters with padding', '|{{= @   @ =}}|', 'changes the delimiters'],
    ['a partial', '"{{>text}}"', 'asks for another template'],
    ['a partial with padding', '|{{> partial }}|', 'asks for another template'],
    ['a partial alone on a line', '  {{>partial}}\n>', 'asks for another template'],
    ['a partial within a section', '{{#nodes}}{{>node}}{{/nodes}}', 'asks for another template'],
    ['an item outside of a section', 'Hello, {{.}}!', 'the item of a section'],
    ['an item outside of a section, three braces', '{{{.}}}', 'the item of a section'],
    ['an item outside of a section, ampersand', '{{&.}}', 'the item of a section'],
    ['a section over what is no variable', '{{#.}}x{{/.}}', 'the item of a section'],
  ])('%s', (_name, template, sentence) => {
    const error = caught(() => render(template, {}))

    expect(isConfigError(error, 'E_TEMPLATE_SYNTAX')).toBe(true)
    expect((error as Error).message).toContain(sentence)
  })
})
