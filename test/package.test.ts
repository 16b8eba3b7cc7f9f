import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printTypes } from '../src/files/types/print-types.js'
import { installPackedPackage, type PackedConsumer } from './support/packed-consumer.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { exports: Record<string, unknown> }
const DOORS = Object.keys(exports)
  .filter((door) => !door.endsWith('.json'))
  .map((door) => `agent-config${door.slice(1)}`)

// A Node that can require ES modules shares one copy (the condition `module-sync`); told not to, it stands for an older one.
const CAN_SHARE = process.features.require_module === true
const COPIES = [
  ...(CAN_SHARE ? [{ copies: 'one copy', areCopies: false, flags: [] }] : []),
  { copies: 'two copies', areCopies: true, flags: CAN_SHARE ? ['--no-experimental-require-module'] : [] },
]

let consumer: PackedConsumer

beforeAll(async () => {
  consumer = await installPackedPackage(ROOT)
}, 180_000)

afterAll(() => consumer?.remove())

it('packs the build and nothing else', () => {
  expect(consumer.files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.cjs', 'dist/cli.js']),
  )
  expect(
    consumer.files.filter((file) => !/^(dist\/[^/]+\.(js|cjs|d\.ts|d\.cts)|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(file)),
  ).toEqual([])
})

describe.each(DOORS)('the door %s', (door) => {
  it('gives the same names to import and to require, in processes that end by themselves', async () => {
    const imported = await consumer.run('mjs', `import * as door from '${door}'\nconsole.log(JSON.stringify(Object.keys(door)))`)

    const names = (list: unknown) => (list as string[]).filter((name) => name !== 'default' && name !== 'module.exports').sort()
    expect(names(imported)).not.toEqual([])
    for (const { flags } of COPIES) {
      const required = await consumer.run('cjs', `console.log(JSON.stringify(Object.keys(require('${door}'))))`, flags)
      expect(names(required)).toEqual(names(imported))
    }
  })
})

// A process that both imports and requires the package.
const BOTH = `
  import { createRequire } from 'node:module'
  import * as imported from 'agent-config'
  const required = createRequire(import.meta.url)('agent-config')
  const options = { database: 'postgresql://127.0.0.1:1/none', redis: false }
`

describe.each(COPIES)('imported and required in one process as $copies', ({ areCopies, flags }) => {
  it('is what this part of the test says it is', async () => {
    expect(await consumer.run('mjs', `${BOTH} console.log(imported.NotFoundError !== required.NotFoundError)`, flags)).toBe(areCopies)
  })

  it('has one manager for the process', async () => {
    const seen = await consumer.run(
      'mjs',
      `${BOTH}
      const first = imported.createConfigManager(options)
      imported.setConfigManager(first)
      const seenByRequired = required.getConfigManager() === first
      const second = required.createConfigManager(options)
      required.setConfigManager(second)
      const seenByImported = imported.getConfigManager() === second
      imported.setConfigManager(undefined)
      await Promise.all([first.shutdown(), second.shutdown()])
      console.log(JSON.stringify({ seenByRequired, seenByImported }))`,
      flags,
    )

    expect(seen).toEqual({ seenByRequired: true, seenByImported: true })
  })

  it('builds that manager from the environment when nobody set one', async () => {
    const isSame = await consumer.run(
      'mjs',
      `${BOTH}
      process.env.DATABASE_URL = options.database
      const manager = imported.getConfigManager()
      console.log(required.getConfigManager() === manager)
      await manager.shutdown()`,
      flags,
    )

    expect(isSame).toBe(true)
  })

  it('knows the errors of either format', async () => {
    const known = await consumer.run(
      'mjs',
      `${BOTH}
      const manager = required.createConfigManager(options)
      const error = await manager.getPrompt('').catch((error) => error)
      await manager.shutdown()
      console.log(JSON.stringify([
        imported.isConfigError(error, 'E_INVALID_ARGUMENT'),
        imported.isConfigError(error, 'E_NOT_FOUND'),
        imported.isConfigError(new required.NotFoundError('gone'), 'E_NOT_FOUND'),
        required.isConfigError(new imported.NotFoundError('gone'), 'E_NOT_FOUND'),
        required.isConfigError(new Error('other')),
      ]))`,
      flags,
    )

    expect(known).toEqual([true, false, true, true, false])
  })
})

describe('Modules of Node are taken without copies of all their names', () => {
  it.each(['agent-config/settings', 'agent-config'])('%s starts, also on a Node without process.getBuiltinModule', async (door) => {
    const read = `
      const { createConfig } = await import('${door}')
      console.log(JSON.stringify(createConfig({ files: [], dotenv: false, overrides: { a: 1 } }).get('a')))`

    expect(await consumer.run('mjs', read)).toBe(1)
    expect(await consumer.run('mjs', `delete process.getBuiltinModule${read}`)).toBe(1)
  })

  it('no door imports one of them', () => {
    const dist = fileURLToPath(new URL('../dist/', import.meta.url))
    const files = readdirSync(dist).filter((file) => file.endsWith('.js') && file !== 'cli.js')
    const imported = files.flatMap((file) =>
      [...readFileSync(join(dist, file), 'utf8').matchAll(/^import\b[^'"]*["']((?:node:)?[a-z_/]+)["']/gm)].map(([, name = '']) => name),
    )

    expect([...new Set(imported)].filter((name) => isBuiltin(name))).toEqual(['node:module'])
  })
})

it('has a settings door that is one file, which loads no other package', () => {
  for (const file of ['settings.js', 'settings.cjs']) {
    const text = readFileSync(new URL(`../dist/${file}`, import.meta.url), 'utf8')
    const loaded = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*|\brequire\()["']([^"']+)["']/g)].map(([, name = '']) => name)
    expect(loaded.filter((name) => !name.startsWith('node:'))).toEqual([])
  }
})

it('loads no driver of Redis and nothing that compares texts with the main door: those who need them do', async () => {
  const code = `
    import { createRequire } from 'node:module'
    import { createConfigManager } from 'agent-config'
    const manager = createConfigManager({ database: 'postgresql://127.0.0.1:1/none', redis: false })
    await manager.shutdown()
    const loaded = Object.keys(createRequire(import.meta.url).cache).map((path) => path.split('node_modules/').at(-1).split('/')[0])
    console.log(JSON.stringify([...new Set(loaded)]))`

  const loaded = (await consumer.run('mjs', code)) as string[]

  expect(loaded).toContain('pg')
  expect(loaded).not.toContain('ioredis')
  expect(loaded).not.toContain('diff')
})

it('installs a command that prints the migrations', async () => {
  const sql = await consumer.command('agent-config', 'migrate', '--sql')

  expect(sql).toMatch(/create table/i)
})

const USE = `
export async function greet(manager: ConfigurationManager, name: string): Promise<string | undefined> {
  try {
    const prompt: Prompt | undefined = await manager.getPrompt('greeting', { label: 'production' })
    const text = prompt?.compile({ name })
    return typeof text === 'string' ? text : undefined
  } catch (error) {
    if (isConfigError(error, 'E_STORE_UNAVAILABLE')) return undefined
    throw error
  }
}

export async function deploy(): Promise<string> {
  await migrateToLatest('postgresql://127.0.0.1/none', { schema: 'agent_config' })
  const manager = createConfigManager({ database: 'pglite:memory', redis: false, memory: { maxEntries: 10 } })
  setConfigManager(manager)
  const created = await manager.prompts.create({ name: 'greeting', template: 'Hello {name}', changedBy: 'me' })
  await manager.prompts.promote({ name: created.name, version: created.version })
  // @ts-expect-error a version is a number
  await manager.prompts.promote({ name: 'greeting', version: '1' })
  const stop = manager.on('change', (event) => void event.revision)
  stop()
  await getConfigManager().shutdown()
  return migrationSql({ schema: 'other' })
}
`
const NAMES = 'createConfigManager, getConfigManager, isConfigError, setConfigManager, type ConfigurationManager, type Prompt'

it('lets a generated file of names, labels, variables and flags be augmented, under both module kinds', { timeout: 180_000 }, async () => {
  const generated = printTypes({
    labels: ['production'],
    entities: [
      { kind: 'prompt', name: 'triage', content: { template: 'Sorts {product}', templateFormat: 'f-string', description: null } },
      { kind: 'flag', name: 'new', content: { value: false } },
    ],
  })
  const use = `import { createConfigManager } from 'agent-config'
import { createTestManager } from 'agent-config/testing'
export async function use() {
  const manager = createConfigManager()
  const prompt = await manager.getPrompt('triage', { label: 'latest' })
  const text: string | undefined = prompt?.compile({ product: 'tea' })
  // @ts-expect-error a variable is missing
  prompt?.compile({})
  // @ts-expect-error no such name
  await manager.getPrompt('triaje')
  // @ts-expect-error no such name, of another door
  await createTestManager().getPrompt('triaje')
  // @ts-expect-error no such label
  await manager.getPrompt('triage', { label: 'produktion' })
  // @ts-expect-error of another type
  await manager.getFlag('new', 'no')
  return text
}
`

  expect(await consumer.compile({ 'gen.mts': generated, 'use.mts': use, 'gen.cts': generated, 'use.cts': use })).toBe('')
  expect(await consumer.compile({ 'gen.ts': generated, 'use.ts': use }, { module: 'esnext', moduleResolution: 'bundler' })).toBe('')
})

it('has declarations that compile under both module kinds, with libraries checked and without DOM types', async () => {
  const imports = `import { ${NAMES} } from 'agent-config'\nimport { migrateToLatest, migrationSql } from 'agent-config/migrations'\n`
  const requires = `import config = require('agent-config')\nexport const required: config.ConfigurationManager = config.getConfigManager()\n`
  const everyDoor = DOORS.map(
    (door, index) => `import type * as door${index} from '${door}'\nexport type Door${index} = keyof typeof door${index}\n`,
  ).join('')

  const complaints = await consumer.compile({
    'module.mts': imports + USE + everyDoor,
    'common.cts': imports + USE + requires + everyDoor,
  })

  expect(complaints).toBe('')
})

it('has declarations for each door where a compiler does not read "exports"', async () => {
  const everyDoor = DOORS.map(
    (door, index) => `import type * as door${index} from '${door}'\nexport type Door${index} = keyof typeof door${index}\n`,
  ).join('')
  const use = `import { createConfig } from 'agent-config/settings'\nexport const version: number = createConfig({ files: [] }).version\n`
  const older = { module: 'commonjs', moduleResolution: 'node10', skipLibCheck: true }

  expect(await consumer.compile({ 'older.ts': everyDoor + use }, older)).toBe('')
})

it('has declarations that an editor shows as the host declared them', async () => {
  const complaints = await consumer.compile({
    'hover.mts': `
      import { createConfigManager, defineKind } from 'agent-config'
      import * as v from 'valibot'
      const tools = defineKind({ kind: 'tool', schema: v.object({ description: v.string(), timeoutSeconds: v.optional(v.number(), 30) }) })
      const manager = createConfigManager({ kinds: [tools] })
      export const entry: never = await manager.of(tools).get('x')
      export const peeked: never = manager.of(tools).peek('x')
      export const flag: never = await manager.getFlag('x', 'text')
    `,
  })

  // What an editor shows of a type is what the compiler calls it.
  const shown = [...complaints.matchAll(/Type '(.+)' is not assignable to type 'never'/g)].map(([, type]) => type)
  const entry = 'Entry<{ description: string; timeoutSeconds: number; }> | undefined'
  expect(shown.filter((type) => type !== 'undefined')).toEqual([entry, entry, 'string'])
})

it('would say so if they did not', async () => {
  const complaints = await consumer.compile({ 'wrong.mts': "import { noSuchName } from 'agent-config'\nexport { noSuchName }\n" })

  expect(complaints).toContain('noSuchName')
})
