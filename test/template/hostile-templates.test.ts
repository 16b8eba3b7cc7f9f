import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { TemplateFormat } from '../../src/entities/template.js'
import { TemplateSyntaxError } from '../../src/shared/errors.js'
import { type ParsedTemplate, parseTemplate } from '../../src/template/parse-template.js'
import { renderTemplate } from '../../src/template/render-template.js'
import { caught } from './caught.js'

const MEBIBYTE = 2 ** 20

const NESTED_JSON = '{"a": {"b": [{"c": "} { {x} \\"}"}, []]}, "d": {"e": {"f": {}}}}'
const LATEX = '\\frac{a}{b} \\begin{align} x_{i}^{2} &= \\sqrt{\\frac{1}{2}} \\end{align}'
const JINJA = '{% if user %}{# note #}{% for x in xs %}{% endfor %}{% endif %}'
const EMOJI = '👩‍👩‍👧‍👦 {🇫🇷} 😀\u0000 \u200d e\u0301'
const CRLF = 'one\r\n{two}\r\n\r\n three\r'

describe('texts full of braces', () => {
  it.each([
    ['nested JSON with braces in strings', NESTED_JSON],
    ['LaTeX', LATEX],
    ['Jinja tags', JINJA],
    ['emoji and control characters', EMOJI],
    ['CRLF', CRLF],
  ])('%s stays as it is around variables, in each format by its rules', (_name, text) => {
    const values = { v: text }

    expect(renderTemplate(`${doubled(text)}{v}${doubled(text)}`, values)).toBe(text + text + text)
    expect(renderTemplate(`${text} {{v}} ${text}`, values, { format: 'mustache' })).toBe(`${text} ${text} ${text}`)
    expect(renderTemplate(`${text}{v}`, values, { format: 'raw' })).toBe(`${text}{v}`)
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    'a variable named %s is a name like any other',
    (name) => {
      const values = JSON.parse(`{"${name}": "own"}`)

      expect(renderTemplate(`{${name}}`, values)).toBe('own')
      expect(renderTemplate(`{{${name}}}`, values, { format: 'mustache' })).toBe('own')
      expect(caught(() => renderTemplate(`{${name}}`, {}))).toMatchObject({ variables: [name] })
      expect(caught(() => renderTemplate(`{{${name}}}`, {}, { format: 'mustache' }))).toMatchObject({ variables: [name] })
      expect(({} as Record<string, unknown>).own).toBeUndefined()
    },
  )
})

describe('templates of a mebibyte', () => {
  it.each([
    ['text', 'The quick brown fox. ', 'f-string'],
    ['escaped braces', '{{}}', 'f-string'],
    ['variables', '{name}', 'f-string'],
    ['text', 'The quick brown fox. ', 'mustache'],
    ['blank lines', ' \n', 'mustache'],
    ['closing braces', '}}', 'mustache'],
    ['variables', '{{name}}', 'mustache'],
    ['sections', '{{#name}}\n x {{.}}\n{{/name}}\n', 'mustache'],
    ['comments', '{{! x }}', 'mustache'],
    ['comments on lines of their own', '  {{! x }}  {{! y }}\n', 'mustache'],
    ['spaces within a comment', `{{! x${' '.repeat(MEBIBYTE / 2)}y }}`, 'mustache'],
  ])('of %s (%#) parse and render', (_name, unit, format) => {
    const template = unit.repeat(Math.max(1, Math.floor(MEBIBYTE / unit.length)))

    const rendered = parseTemplate(template, format as TemplateFormat).render({ name: 'value' })

    expect(typeof rendered).toBe('string')
  })

  it.each([
    [`{{ a${' '.repeat(MEBIBYTE)}`, 'mustache'],
    [`{{ a${' '.repeat(MEBIBYTE)}b}}`, 'mustache'],
    [`{{#${' '.repeat(MEBIBYTE)}}}`, 'mustache'],
    ['{{#a}}'.repeat(MEBIBYTE / 8), 'mustache'],
    [`{${' '.repeat(MEBIBYTE)}a b}`, 'f-string'],
    [`{${'a'.repeat(MEBIBYTE)}-}`, 'f-string'],
    [`${'x'.repeat(MEBIBYTE)}\n}`, 'f-string'],
  ])('that do not parse (%#) are refused with a short message', (template, format) => {
    const error = caught(() => parseTemplate(template, format as TemplateFormat))

    expect(error).toBeInstanceOf(TemplateSyntaxError)
    expect((error as Error).message.length).toBeLessThan(500)
  })
})

describe('templates of 10,000 variables', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `variable_${index}`)
  const values = Object.fromEntries(names.map((name) => [name, `<${name}>`]))

  it.each([
    ['f-string', (name: string) => `{${name}}`],
    ['mustache', (name: string) => `{{${name}}}`],
  ])('render in %s', (format, placeholder) => {
    const parsed = parseTemplate(names.map(placeholder).join(', '), format as TemplateFormat)

    expect(parsed.variables).toEqual(names)
    expect(parsed.render(values)).toBe(names.map((name) => `<${name}>`).join(', '))
  })

  it('name all that are missing as facts, and twenty in the message', () => {
    const error = caught(() => renderTemplate(names.map((name) => `{${name}}`).join(), {}))

    expect(error).toMatchObject({ variables: names })
    expect((error as Error).message).toContain('"variable_19" and 9980 more')
  })
})

describe('parsed templates in memory', () => {
  it.each(['f-string', 'mustache'] as const)('take at most 2 kB beside the text of a 1.6 kB prompt with 8 variables (%s)', (format) => {
    const prompts = Array.from({ length: 2_000 }, (_, index) => aPrompt(index, format))
    const kept: ParsedTemplate[] = []
    collectGarbage()
    const before = process.memoryUsage().heapUsed

    for (const prompt of prompts) kept.push(parseTemplate(prompt, format))

    collectGarbage()
    expect((process.memoryUsage().heapUsed - before) / kept.length).toBeLessThan(2_000)
    expect(kept).toHaveLength(prompts.length)
  })
})

function aPrompt(index: number, format: TemplateFormat): string {
  const [open, close] = format === 'mustache' ? ['{{', '}}'] : ['{', '}']
  const parts = Array.from(
    { length: 8 },
    (_, part) => `${`Prompt ${index} tells the model what to do, part ${part}. `.repeat(4)}${open}variable_${part}${close}`,
  )
  return Buffer.from(parts.join('')).toString()
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

function doubled(text: string): string {
  return text.replace(/[{}]/g, (brace) => brace + brace)
}
