import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createConfig, isConfigError } from '../../src/settings/index.js'
import { eventually } from '../support/eventually.js'
import { aFolder, writeFile } from './folder.js'

const silent = { onWarning: () => {}, dotenv: false } as const

describe('odd names', () => {
  it('refuses __proto__ and toJSON wherever they are said, and pollutes nothing', () => {
    const put: { files?: Record<string, string>; env?: Record<string, string>; overrides?: Record<string, unknown> }[] = [
      { files: { 'settings.toml': '__proto__ = 1' } },
      { files: { 'settings.toml': '[db]\n"__proto__" = { polluted = true }' } },
      { files: { '.env': 'P___proto__=1' } },
      { files: { 'settings.toml': 'toJSON = 1' } },
      { files: { 'settings.toml': 'l = [{ a = [{ toJSON = 1 }] }]' } },
      { files: { 'settings.toml': 'l = [{ "__proto__" = { polluted = true } }]' } },
      { files: { 'settings.toml': `a = '@json {"__proto__": {"polluted": true}}'` } },
      { files: { 'settings.toml': `a = '@json [{"toJSON": 1}]'` } },
      { env: { P_L: '[{"toJSON": 1}]' } },
      { overrides: { l: [{ toJSON: 1 }] } },
      { env: { P___proto__: '{polluted=true}' } },
      { overrides: JSON.parse('{"db": {"__proto__": {"polluted": true}}}') as Record<string, unknown> },
    ]
    for (const { files, ...options } of put) {
      const create = () => createConfig({ ...silent, dotenv: true, root: aFolder(files), prefix: 'P', env: {}, ...options })

      expect(create).toThrow(expect.objectContaining({ code: expect.stringMatching(/^E_SETTINGS/) as string }))
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('keeps constructor and prototype as ordinary keys, and does not find them where they are not', () => {
    const config = createConfig({ ...silent, root: aFolder({ 'settings.toml': 'constructor = 1\n[t]\nprototype = 2' }), env: {} })
    const empty = createConfig({ ...silent, root: aFolder(), env: {} })

    expect(config.get('constructor')).toBe(1)
    expect(config.get('t.prototype')).toBe(2)
    for (const path of ['constructor', 'toString', '__proto__', 'a.constructor', 'toJSON', 'length'])
      expect(empty.get(path), path).toBeUndefined()
  })

  it('gives back any variable it was given, or says what is wrong', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12, unit: 'binary' }), fc.string({ maxLength: 30, unit: 'binary' }), (name, text) => {
        try {
          const config = createConfig({ ...silent, root: aFolder(), files: [], prefix: 'P', env: { [`P_${name}`]: text } })
          JSON.stringify(config)
          config.explain()
        } catch (error) {
          expect(isConfigError(error)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

it('keeps numbers that are none, at any depth', () => {
  const root = aFolder({ 'settings.toml': 'a = nan\nb = -inf\nl = [nan, { c = inf }]' })

  expect(createConfig({ ...silent, root, env: {} }).values).toEqual({ a: NaN, b: -Infinity, l: [NaN, { c: Infinity }] })
})

describe('odd files', () => {
  it('reads through a byte order mark and CRLF', () => {
    const config = createConfig({
      ...silent,
      dotenv: true,
      root: aFolder({ 'settings.toml': '\uFEFFA = 1\r\nB = "x"\r\n', '.env': '\uFEFFP_C=2\r\nP_D="y"\r\n' }),
      prefix: 'P',
      env: {},
    })

    expect(config.values).toEqual({ A: 1, B: 'x', C: 2, D: 'y' })
  })

  it('refuses NUL, other encodings, and directories, naming the file', () => {
    const folder = aFolder()
    mkdirSync(join(folder, 'settings.toml'))
    const latin = aFolder()
    writeFileSync(join(latin, 'settings.toml'), Buffer.from([0x41, 0x3d, 0x22, 0xe9, 0x22]))

    expect(() => createConfig({ ...silent, root: folder, env: {} })).toThrow(/settings\.toml is a directory/)
    expect(() => createConfig({ ...silent, root: latin, env: {} })).toThrow(/settings\.toml is not UTF-8 text/)
    expect(() => createConfig({ ...silent, root: aFolder({ 'settings.toml': 'A = "\0"' }), env: {} })).toThrow(
      /settings\.toml:1:\d+ is not valid TOML/,
    )
    expect(() => createConfig({ ...silent, root: folder, secretsFile: 'settings.toml/x', files: [], env: {} })).not.toThrow()
  })

  it.runIf(process.platform === 'linux')('names a file that cannot be read', () => {
    // Opening another process's memory map fails for root as well, unlike a file without permissions.
    const create = () => createConfig({ ...silent, root: '/proc/self', files: ['mem'], env: {} })

    expect(create).toThrow(/mem cannot be read \(E\w+\)/)
  })

  it('reads a file of a megabyte, and finds lines in it', () => {
    const lines = Array.from({ length: 40_000 }, (_, index) => `key_${index} = "value ${index}"`)
    const config = createConfig({ ...silent, root: aFolder({ 'settings.toml': lines.join('\n') }), env: {} })

    expect(lines.join('\n').length).toBeGreaterThan(1_000_000)
    expect(config.get('KEY_39999')).toBe('value 39999')
    expect(config.inspect('key_39999').candidates[0]).toMatchObject({ line: 40_000 })
  })

  it('reads 5,000 variables and a value of a megabyte', () => {
    const env = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`P_T${index % 50}__K${index}`, String(index)]))
    const root = aFolder({ '.env': `P_LONG="${'x\n'.repeat(500_000)}"\n` })

    const config = createConfig({ ...silent, dotenv: true, root, files: [], prefix: 'P', env })

    expect(config.get('t49.k4999')).toBe(4999)
    expect(config.get('LONG')).toHaveLength(1_000_000)
  })

  it('shows whole contents only while another thread rewrites the file', async () => {
    const root = aFolder({ 'settings.toml': 'A = 0\nB = 0\n' })
    const config = createConfig({ ...silent, root, env: {}, fresh: ['A'], schema: v.object({ A: v.number(), B: v.number() }) })
    const worker = new Worker(
      `const { writeFileSync } = require('node:fs')
       for (let count = 1; count <= 400; count++) writeFileSync(${JSON.stringify(join(root, 'settings.toml'))}, 'A = ' + count + '\\nB = ' + count + '\\n')`,
      { eval: true },
    )
    const done = new Promise((resolve) => worker.once('exit', resolve))
    let isDone = false
    void done.then(() => (isDone = true))

    while (!isDone) {
      const { A, B } = config.values
      expect(A).toBe(B)
      await new Promise((resolve) => setImmediate(resolve))
    }

    await eventually(() => expect(config.values).toEqual({ A: 400, B: 400 }))
  })

  it('finds lines through tables, quotes, lists over several lines and strings over several lines', () => {
    const text = [
      '# first',
      'A = """',
      'B = 1',
      '"""',
      'LIST = [',
      '  "]", # B = 2',
      ']',
      '[db."my.key"]',
      'host = { a = 1 } # x',
      'B = 3',
      '[[t]]',
      'c = 1',
    ].join('\n')
    const config = createConfig({ ...silent, root: aFolder({ 'settings.toml': text }), env: {} })
    const line = (path: string) => config.inspect(path).candidates[0]?.line

    expect([line('A'), line('LIST'), line('db'), line('t')]).toEqual([2, 5, 8, 11])
    expect(config.explain('db')).toContain('settings.toml:8')
  })

  it('says which line of .env it does not understand, and goes on', () => {
    const root = aFolder({ '.env': "P_A=1\nnot a line\nP_B='open\nP_C=2\n" })
    const warnings: string[] = []

    const config = createConfig({ root, files: [], prefix: 'P', env: {}, onWarning: (message) => warnings.push(message) })

    expect(config.values).toEqual({ A: 1, C: 2 })
    expect(warnings.map((text) => text.replace(/^.*?\.env/, ''))).toEqual([
      ':2 is not a line of a .env file; it is skipped',
      ':3 is not a line of a .env file; it is skipped',
    ])
  })
})

it('keeps the last good values when a directory takes the place of a file', () => {
  const root = aFolder({ 'settings.toml': 'A = 1', 'extra.toml': 'B = 1' })
  const config = createConfig({ ...silent, root, env: {}, files: ['settings.toml', 'extra.toml'], fresh: ['A'] })

  appendFileSync(join(root, 'settings.toml'), '\nC = {')
  expect(config.values).toEqual({ A: 1, B: 1 })
  writeFile(root, 'settings.toml', 'A = 2')

  expect(config.values).toEqual({ A: 2, B: 1 })
})
