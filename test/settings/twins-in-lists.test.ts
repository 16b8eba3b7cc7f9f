import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

function valuesOf(schema: StandardSchema | undefined, toml: string, env: Record<string, string> = {}): unknown {
  return createConfig({ schema, root: aFolder({ 'settings.toml': toml }), prefix: 'P', env, dotenv: false, onWarning: () => {} }).values
}

describe('keys of a table inside of a list that differ in case only', () => {
  const tables = {
    valibot: v.object({ a: v.array(v.object({ b: v.number() })) }),
    zod: z.object({ a: z.array(z.object({ b: z.number() })) }),
  }

  it.each(Object.entries(tables))('are refused by %s, for one of them would be lost', (_, schema) => {
    expect(() => valuesOf(schema, 'a = [{b = 1, B = 2}]')).toThrow(/a\.0\.B is said twice in one table/)
    expect(() => valuesOf(schema, '[[a]]\nb = 1\n[[a]]\nB = 1\nb = 2')).toThrow(/a\.1\.b is said twice/)
    expect(() => valuesOf(schema, '', { P_A: '[{"b": 1, "B": 2}]' })).toThrow(/a\.0\.B is said twice/)
  })

  it('are refused deep inside, and without a schema', () => {
    expect(() => valuesOf(undefined, 'a = [[{c = {x = 1, X = 2}}]]')).toThrow(/a\.0\.0\.c\.X is said twice/)
  })

  it('are kept where the schema has a record', () => {
    const schema = z.object({ a: z.array(z.record(z.string(), z.number())) })

    expect(valuesOf(schema, 'a = [{b = 1, B = 2}]')).toEqual({ a: [{ b: 1, B: 2 }] })
  })
})
