import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { controlsOf } from '../../src/http/page/app/api/json-schema.js'
import { compareTexts, type DiffLine, differs } from '../../src/http/page/app/text/diff.js'
import { piecesOf } from '../../src/http/page/app/text/variables.js'
import { ago, counted, percent } from '../../src/http/page/app/text/words.js'
import { unhindered } from '../support/unhindered.js'

const side = (lines: readonly DiffLine[], wanted: 'removed' | 'added'): string =>
  lines
    .flatMap(({ pieces }) => pieces)
    .filter(({ type }) => type === 'same' || type === wanted)
    .map(({ text }) => text)
    .join('')

describe('a comparison of two texts', () => {
  const text = fc
    .array(fc.constantFrom('You sort', 'tickets', ' ', '\n', '.', '\n\n', 'Answer', 'in', 'ä'), { maxLength: 30 })
    .map((parts) => parts.join(''))

  it('has every letter of both, in their order', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = compareTexts(before, after)

        expect(side(lines, 'removed')).toBe(before.replaceAll('\n', ''))
        expect(side(lines, 'added')).toBe(after.replaceAll('\n', ''))
        if (before === after) expect(differs(lines)).toBe(false)
        else if (before.replaceAll('\n', '') !== after.replaceAll('\n', '')) expect(differs(lines)).toBe(true)
      }),
    )
  })

  it('marks words within a line, and joins changes with nothing but blanks between them', () => {
    expect(compareTexts('You sort. Keep it short.', 'You sort. Ask for the number.')).toEqual([
      {
        isSame: false,
        pieces: [
          { type: 'same', text: 'You sort. ' },
          { type: 'removed', text: 'Keep it short' },
          { type: 'added', text: 'Ask for the number' },
          { type: 'same', text: '.' },
        ],
      },
    ])
  })

  it('comes to an end for two texts of a megabyte that have nothing in common', () => {
    const [one, other] = ['a b', 'c d'].map((words) => `${words.repeat(13)}\n`.repeat(25_000)) as [string, string]

    expect(unhindered(() => compareTexts(one, other)).length).toBeGreaterThan(0)
  })
})

describe('variables in a template', () => {
  it('are marked where they stand, and every other letter stays', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('f-string', 'mustache', 'raw', 'unknown'), (template, format) => {
        const pieces = piecesOf(template, format)

        expect(pieces.map(({ text }) => text).join('')).toBe(template)
      }),
    )
    const marked = (template: string, format: string) =>
      piecesOf(template, format).flatMap(({ text, isVariable }) => (isVariable ? [text] : []))
    expect(marked('Hi {name}, {{not}} {day}', 'f-string')).toEqual(['{name}', '{day}'])
    expect(marked('Hi {{name}} {single} {{#open}}', 'mustache')).toEqual(['{{name}}', '{{#open}}'])
    expect(marked('{name} {{name}}', 'raw')).toEqual([])
  })
})

describe('words', () => {
  it.each([
    [10, 'now'],
    [90, '2 min ago'],
    [2 * 3600, '2 h ago'],
    [23 * 3600, '1 day ago'],
    [3 * 86_400, '3 days ago'],
    [21 * 86_400, '3 weeks ago'],
    [61 * 86_400, '2 months ago'],
    [800 * 86_400, '2 years ago'],
    [-100, 'now'],
  ])('%i seconds are %s', (seconds, words) => {
    const nowMs = Date.parse('2026-11-28T12:00:00Z')

    expect(ago(new Date(nowMs - seconds * 1000).toISOString(), nowMs)).toBe(words)
  })

  it('count and share as people write them', () => {
    expect([counted(1, 'worker'), counted(1284, 'change'), percent(12.345), percent(5)]).toEqual([
      '1 worker',
      '1,284 changes',
      '12.35 %',
      '5 %',
    ])
  })
})

describe('a form from a JSON schema', () => {
  it('has a control for each property, in order, and JSON for what has no control of its own', () => {
    const schema = {
      type: 'object',
      required: ['text'],
      properties: {
        text: { type: 'string', title: 'Text' },
        mode: { enum: ['a', 'b'] },
        many: { type: 'integer', minimum: 1 },
        on: { type: 'boolean' },
        mixed: { enum: ['a', 1] },
        list: { type: 'array' },
        maybe: { type: ['string', 'null'] },
      },
    }

    expect(controlsOf(schema).map(({ name, type, isRequired }) => [name, type, isRequired])).toEqual([
      ['text', 'text', true],
      ['mode', 'choice', false],
      ['many', 'integer', false],
      ['on', 'yes-no', false],
      ['mixed', 'json', false],
      ['list', 'json', false],
      ['maybe', 'json', false],
    ])
  })

  it('is none for what is no object: its JSON is edited', () => {
    expect(controlsOf({ type: 'string' })).toEqual([])
    expect(controlsOf(undefined)).toEqual([])
  })
})
