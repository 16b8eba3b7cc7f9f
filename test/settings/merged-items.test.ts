import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

function merged(text: string, schema: v.GenericSchema | z.ZodType, below: string): unknown {
  const root = aFolder({ 'settings.toml': `T = ${below}` })
  const whole = schema instanceof z.ZodType ? z.object({ T: schema }) : v.object({ T: schema })
  const config = createConfig({ schema: whole, root, prefix: 'P', env: { P_T: text, X: '1.10', P_LIST: '["1.10"]' }, dotenv: false })
  return (config.values as { T: unknown }).T
}

const texts = { valibot: v.array(v.string()), zod: z.array(z.string()) }
const flags = { valibot: v.array(v.boolean()), zod: z.array(z.boolean()) }
const tables = {
  valibot: v.object({ port: v.string(), on: v.boolean() }),
  zod: z.object({ port: z.string(), on: z.boolean() }),
}

describe.each(['valibot', 'zod'] as const)('what a merge token adds is read as the schema says, with %s', (library) => {
  it.each([
    ['@merge 1.10', ['a', '1.10']],
    ['@merge 1.10,true', ['a', '1.10', 'true']],
    ['@merge [1.10, "2"]', ['a', '1.10', '2']],
    ['@merge a=b', ['a', 'a=b']],
    ['@merge_unique 1e5', ['a', '1e5']],
    ['@merge_unique a', ['a']],
    ['@insert 0 1.10', ['1.10', 'a']],
    ['@insert -1 007', ['007', 'a']],
    ['@insert true', ['true', 'a']],
    ['@merge @env X', ['a', '1.10']],
    ['@insert 0 @env X', ['1.10', 'a']],
    ['@reset 1.10,2', ['1.10', '2']],
  ])('%s to a list of texts', (text, expected) => expect(merged(text, texts[library], '["a"]')).toEqual(expected))

  it.each([
    ['@merge yes', [true, true]],
    ['@merge_unique on', [true]],
    ['@insert 0 off', [false, true]],
    ['@merge [true, "no"]', undefined],
  ])('%s to a list of yes and no', (text, expected) => {
    if (expected) expect(merged(text, flags[library], '[true]')).toEqual(expected)
    else expect(() => merged(text, flags[library], '[true]')).toThrow('T.2 must be true or false')
  })

  it.each([
    ['@merge port=1.10,on=yes', { port: '1.10', on: true }],
    ['@merge {"port": 1.10}', { port: '1.10', on: false }],
    ['@merge {port = 1.10}', { port: '1.10', on: false }],
    ['@merge @json {"on": true}', { port: '1', on: true }],
  ])('%s to a table', (text, expected) => expect(merged(text, tables[library], '{ port = "1", on = false }')).toEqual(expected))

  it('refuses half a list', () => {
    expect(() => merged('@merge [1,2', texts[library], '["a"]')).toThrow(/T has @merge with a text that is neither TOML nor JSON/)
  })
})

it('without a schema, half a list is refused as well', () => {
  const root = aFolder({ 'settings.toml': 'T = ["a"]' })
  expect(() => createConfig({ root, prefix: 'P', env: { P_T: '@merge [1,2' }, dotenv: false })).toThrow(/T has @merge with a text/)
})
