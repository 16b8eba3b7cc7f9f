import { inspect } from 'node:util'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

const SECRET = 'Hunter2Zx9'
const tables = { valibot: v.object({ A: v.object({ b: v.number() }) }), zod: z.object({ A: z.object({ b: z.number() }) }) }
const lists = {
  valibot: v.object({ A: v.array(v.object({ b: v.number() })) }),
  zod: z.object({ A: z.array(z.object({ b: z.number() })) }),
}

function problem(options: Parameters<typeof createConfig>[0], files: Readonly<Record<string, string>> = {}): string {
  try {
    createConfig({ root: aFolder({ 'settings.toml': '', ...files }), prefix: 'P', env: {}, dotenv: false, ...options } as object)
    return 'no problem'
  } catch (error) {
    return (error as Error).message
  }
}

describe.each(['valibot', 'zod'] as const)('a structure that cannot be read, with %s', (library) => {
  it.each([
    ['{b=1,b=2}', 'a text of 9 characters that has a key twice'],
    ['{"b":1,"b":2}', 'a text of 13 characters that has the key "b" twice'],
    ['{b=1', 'a text of 4 characters that is neither TOML nor JSON'],
  ])('is one problem, which says what is wrong: %s', (text, reason) => {
    expect(problem({ schema: tables[library], env: { P_A: text } })).toMatch(/^1 problem/)
    expect(problem({ schema: tables[library], env: { P_A: text } })).toContain(`A must be a table, got ${reason}`)
    expect(problem({ schema: lists[library], env: { P_A: `[${text}` } })).toContain(
      `A must be a list, got a text of ${text.length + 1} char`,
    )
    const over = problem({ schema: tables[library], env: { P_A: text } }, { 'settings.toml': 'A = { b = 1 }' })
    expect(over).toContain(`1. A must be a table, got ${reason}`)
  })

  it('says nothing of the kind about a text', () => {
    const schema = library === 'zod' ? z.object({ A: z.string().min(20) }) : v.object({ A: v.pipe(v.string(), v.minLength(20)) })
    expect(problem({ schema, env: { P_A: '{b=1' } })).toContain('got a text of 4 characters   from')
  })
})

it('without a schema, one that should be merged into a table is refused with the reason', () => {
  const message = problem({ env: { P_A: '{b=1,b=2}' } }, { 'settings.toml': 'A = { c = 1 }' })
  const long = problem({ env: { P_A: '{"b":12345678901234567890}' } }, { 'settings.toml': 'A = { c = 1 }' })
  expect(long).toContain('that has a number that would be changed, or too many levels')
  expect(message).toContain('1. A must be a table, got a text of 9 characters that has a key twice   from env P_A')
})

describe('a secret that is named by its path, inside of a text that cannot be read', () => {
  it.each([
    ['of a variable', { env: { P_DB: `{"word": "${SECRET}"` } }, {}],
    ['of a variable, a list', { env: { P_DB: `[{"word": "${SECRET}"` } }, {}],
    ['of a variable, plain', { env: { P_DB: `word=${SECRET}` } }, {}],
    ['of a file', {}, { 'settings.toml': `DB = '{"word": "${SECRET}"'` }],
    ['of .env', { dotenv: true }, { '.env': `P_DB='{"word": "${SECRET}"'` }],
    ['of the overrides', { overrides: { DB: `{"word": "${SECRET}"` } }, {}],
  ])('is not shown: %s', (_, options, files) => {
    const root = aFolder(files)
    const config = createConfig({ root, prefix: 'P', env: {}, dotenv: false, secrets: ['DB.word'], onWarning: () => {}, ...options })
    const printed = [config.explain(), inspect(config), inspect(config.values), JSON.stringify(config.values), JSON.stringify(config)]
    expect([...printed, JSON.stringify(config.inspect('DB')), JSON.stringify(config.describe())].join('\n')).not.toContain(SECRET)
    expect(String(config.get('DB'))).toContain(SECRET)
  })

  it('is not in events of changes', () => {
    const env: Record<string, string> = {}
    const config = createConfig({ root: aFolder(), prefix: 'P', env, dotenv: false, secrets: ['DB.word'], onWarning: () => {} })
    const seen: unknown[] = []
    config.on('change', ({ changes }) => seen.push(changes))
    env.P_DB = `{"word": "${SECRET}"`
    config.reload()
    expect(seen).toHaveLength(1)
    expect(JSON.stringify(seen)).not.toContain(SECRET)
  })

  it('is shown beside the secret where the text can be read', () => {
    const env = { P_DB: JSON.stringify({ word: SECRET, host: 'h' }) }
    const config = createConfig({ root: aFolder(), prefix: 'P', env, dotenv: false, secrets: ['DB.word'], onWarning: () => {} })
    expect(JSON.stringify(config)).toBe('{"DB":{"word":"***","host":"h"}}')
  })
})
