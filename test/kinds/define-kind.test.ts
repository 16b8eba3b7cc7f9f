import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { defineKind } from '../../src/index.js'
import { caught } from '../store/fixture.js'

const schema = v.object({ a: v.string() })

describe('defineKind', () => {
  it('fills in plural and noun, and is frozen', () => {
    const kind = defineKind({ kind: 'tool_definition', schema })

    expect(kind).toMatchObject({ kind: 'tool_definition', plural: 'tool_definitions', noun: 'tool definition' })
    expect(Object.isFrozen(kind)).toBe(true)
  })

  it.each([
    ['a kind that begins with a digit', 'kind', { kind: '1tool', schema }],
    ['a kind in capitals', 'kind', { kind: 'Tool', schema }],
    ['a kind with a colon', 'kind', { kind: 'a:b', schema }],
    ['a kind of 41', 'kind', { kind: 'k'.repeat(41), schema }],
    ['a kind that is no text', 'kind', { kind: 5, schema }],
    ['a kind that stands for something else', 'kind', { kind: 'all', schema }],
    ['a plural that is no path', 'plural', { kind: 'tool', plural: 'a/b', schema }],
    ['an empty noun', 'noun', { kind: 'tool', noun: '', schema }],
    ['no schema', 'schema', { kind: 'tool' }],
    ['a schema that is none', 'schema', { kind: 'tool', schema: {} }],
    ['an upgrade that is none', 'upgrade', { kind: 'tool', schema, upgrade: true }],
    ['a label that nobody can have', 'defaultLabel', { kind: 'tool', schema, defaultLabel: 'Live' }],
    ['a key that is misspelt', 'defaultlabel', { kind: 'tool', schema, defaultlabel: 'live' }],
  ])('refuses %s', async (_, field, options) => {
    expect(await caught(() => defineKind(options as never))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field })
  })
})
