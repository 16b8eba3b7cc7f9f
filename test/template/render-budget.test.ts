import { describe, expect, it } from 'vitest'
import type { TemplateFormat } from '../../src/entities/template.js'
import { TemplateVariableError } from '../../src/shared/errors.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { unhindered } from '../support/unhindered.js'
import { caught } from './caught.js'

const TEN = Array.from({ length: 10 }, (_, index) => index)
const MEBI = 'x'.repeat(1024 * 1024)
const nested = (depth: number, body: string) => '{{#l}}'.repeat(depth) + body + '{{/l}}'.repeat(depth)

describe('one rendering', () => {
  it.each<[string, TemplateFormat, string, object]>([
    ['sections in sections over a list', 'mustache', nested(9, 'a'), { l: TEN }],
    ['sections in sections over a list, without a body', 'mustache', nested(9, ''), { l: TEN }],
    ['sections that nobody sees', 'mustache', nested(9, '{{^l}}x{{/l}}'), { l: TEN }],
    ['a list that is too long', 'mustache', '{{#l}}{{/l}}', { l: Array.from({ length: 600_000 }) }],
    ['long values in a list', 'mustache', '{{#l}}{{v}}{{/l}}', { l: Array.from({ length: 100_000 }), v: MEBI }],
    ['long objects in a list', 'mustache', '{{#l}}{{v}}{{/l}}', { l: Array.from({ length: 100_000 }), v: { MEBI } }],
    ['a long value, often', 'f-string', '{v}'.repeat(100_000), { v: MEBI }],
    ['a long value, often, in mustache', 'mustache', '{{v}}'.repeat(100_000), { v: MEBI }],
  ])('of %s ends with a typed error', (_name, format, template, values) => {
    const parsed = parseTemplate(template, format)
    const error = unhindered(() => caught(() => parsed.render(values as never)))

    expect(error).toBeInstanceOf(TemplateVariableError)
    expect((error as Error).message).toMatch(/500000 rounds|16 Mi/)
  })

  it('counts all messages of a chat together', () => {
    const parsed = parseTemplate(Array.from({ length: 20 }, () => ({ role: 'user' as const, content: '{v}' })))

    expect(caught(() => parsed.render({ v: MEBI }))).toBeInstanceOf(TemplateVariableError)
    expect(parsed.render({ v: 'x'.repeat(1024) })).toHaveLength(20)
  })

  it('of 16 Mi characters, or ten thousand rows of ten fields, is fine', () => {
    expect(parseTemplate('{v}'.repeat(16)).render({ v: MEBI })).toHaveLength(16 * 1024 * 1024)
    const rows = Array.from({ length: 10_000 }, () => ({ a: 1 }))
    expect(parseTemplate(`{{#rows}}${'{{a}}'.repeat(10)}{{/rows}}`, 'mustache').render({ rows })).toHaveLength(100_000)
  })
})
