import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cyclesOf, readImports } from './support/import-graph.js'
import { type RoomTable, trespassesIn } from './support/room-rules.js'
import { climbsIn, type SubRooms } from './support/sub-rooms.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['src', 'migrations', 'examples']

// entities, shared and llm run in a browser too; template and rollout are pure functions.
const ROOMS: RoomTable = {
  entities: { rooms: [], packages: [], node: false },
  shared: { rooms: ['entities'], packages: ['eventemitter3'], node: false },
  settings: { rooms: ['shared'], packages: ['smol-toml', 'valibot'], node: true },
  rollout: { rooms: ['entities'], packages: ['murmurhash', 're2js'], node: false },
  template: { rooms: ['entities', 'shared'], packages: [], node: false },
  cache: { rooms: ['entities', 'shared'], packages: ['ioredis', 'lru-cache'], node: true },
  migrations: { rooms: [], packages: [], node: false },
  kinds: { rooms: ['entities', 'shared', 'template', 'rollout'], packages: [], node: false },
  store: {
    rooms: ['entities', 'shared', 'kinds', 'rollout', 'template', 'migrations'],
    packages: ['kysely', 'pg', '@electric-sql/pglite', 'diff'],
    node: true,
  },
  manager: {
    rooms: ['entities', 'shared', 'settings', 'rollout', 'template', 'kinds', 'cache', 'store', 'migrations', 'file-format'],
    packages: [],
    node: true,
  },
  llm: { rooms: ['entities', 'shared'], packages: [], node: false },
  agent: { rooms: ['entities', 'shared', 'manager', 'llm', 'template', 'rollout'], packages: [], node: true },
  otel: { rooms: ['entities', 'shared', 'manager', 'llm', 'agent'], packages: [], node: true },
  openfeature: { rooms: ['entities', 'shared', 'manager'], packages: [], node: true },
  'ai-sdk': { rooms: ['entities', 'shared', 'llm'], packages: [], node: false },
  // Previews parse templates; a run asks models as agents do; an export is a bundle of files.
  http: {
    rooms: ['entities', 'shared', 'kinds', 'manager', 'llm', 'template', 'agent', 'files'],
    packages: ['valibot', '@valibot/to-json-schema'],
    node: true,
  },
  // Runs in the browser and meets the rest over HTTP only; its packages are bundled, so that users install none of them.
  'http/page': { rooms: [], packages: ['preact', '@preact/signals', 'diff', 'esbuild'], node: true },
  'file-format': { rooms: ['entities', 'shared', 'kinds', 'template'], packages: ['yaml'], node: true },
  files: { rooms: ['entities', 'shared', 'kinds', 'file-format', 'manager', 'template'], packages: ['yaml'], node: true },
  // The command line: what it runs stands in the other rooms.
  cli: {
    rooms: ['entities', 'shared', 'settings', 'kinds', 'store', 'manager', 'file-format', 'files', 'template'],
    packages: ['diff'],
    node: true,
  },
  testing: {
    rooms: [
      'file-format',
      'files',
      'entities',
      'shared',
      'settings',
      'rollout',
      'template',
      'kinds',
      'cache',
      'store',
      'manager',
      'llm',
      'agent',
      'migrations',
    ],
    packages: [],
    node: true,
  },
}

// Inside of the large rooms.
const SUB_ROOMS: SubRooms = {
  store: ['postgres', 'read', 'write', 'rollouts', 'repositories'],
  cache: ['log', 'held', 'redis', 'snapshot'],
}

describe('the rooms of this package', () => {
  it('import no part of themselves that is built on them', () => {
    expect(climbsIn(readImports(ROOT, ['src']), SUB_ROOMS)).toEqual([])
  })

  it('import only what the table lists', () => {
    const sources = readImports(ROOT, FOLDERS)

    expect(sources.length).toBeGreaterThan(10)
    expect(trespassesIn(sources, ROOMS)).toEqual([])
  })

  it('hold no import cycle', () => {
    expect(cyclesOf(readImports(ROOT, FOLDERS))).toEqual([])
  })

  it('use only packages that users get with this one', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

    const given = Object.keys({ ...dependencies, ...peerDependencies })

    const shipped = readImports(ROOT, ['src', 'migrations']).filter(({ path }) => !path.startsWith('src/http/page/'))
    const used = new Set(shipped.flatMap(({ packages }) => packages))

    expect([...used].filter((name) => !given.includes(name))).toEqual([])
  })
})

describe('the check itself', () => {
  let tree: string

  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'agent-config-rooms-'))
    write('src/entities/prompt.ts', 'export type Prompt = string')
    write('src/store/repository.ts', "import type { Prompt } from '../entities/prompt.js'\nimport pg from 'pg'\nexport type Found = Prompt")
    write('src/index.ts', "export type { Found } from './store/repository.js'")
    write('examples/start.ts', "import { Found } from 'agent-config'\nimport express from 'express'\nimport './help.js'")
    write('examples/help.ts', "import '../src/index.js'")
  })

  afterEach(() => rmSync(tree, { recursive: true }))

  it('finds nothing in a tree that keeps the rules', () => {
    expect(trespassesIn(readImports(tree, FOLDERS), ROOMS)).toEqual([])
    expect(cyclesOf(readImports(tree, FOLDERS))).toEqual([])
  })

  it.each([
    ['a static import', 'src/entities/bad.ts', "import { Found } from '../store/repository.js'", 'closed to entities'],
    ['a type import', 'src/entities/bad.ts', "import type { Found } from '../store/repository.js'", 'closed to entities'],
    ['a dynamic import', 'src/entities/bad.ts', "const late = await import('../store/repository.js')", 'closed to entities'],
    ['a type in brackets', 'src/entities/bad.ts', "export type F = import('../store/repository.js').Found", 'closed to entities'],
    ['a re-export', 'src/entities/bad.ts', "export * from '../store/repository.js'", 'closed to entities'],
    ['a package of another room', 'src/cache/bad.ts', "import pg from 'pg'", 'the package pg: not of cache'],
    ['a scoped package', 'src/cache/bad.ts', "import '@electric-sql/pglite/live'", 'the package @electric-sql/pglite: not of cache'],
    ['a door', 'src/store/bad.ts', "import '../index.js'", 'src/index.ts: closed to store'],
    ['the tests', 'src/store/bad.ts', "import '../../test/support/eventually.js'", 'closed to store'],
    ['Node in the browser', 'src/llm/bad.ts', "import { Buffer } from 'node:buffer'", 'node:buffer: llm does without Node'],
    ['Node without its prefix', 'src/llm/bad.ts', "import { Buffer } from 'buffer'", 'the package buffer: not of llm'],
    ['a room nobody knows', 'src/attic/bad.ts', 'export {}', 'a room the table does not know'],
    ['an example behind the doors', 'examples/bad.ts', "import '../src/store/repository.js'", 'no door'],
  ])('finds %s', (_, path, text, complaint) => {
    write(path, text)

    expect(trespassesIn(readImports(tree, FOLDERS), ROOMS)).toEqual([expect.stringContaining(complaint)])
  })

  it('finds a part that imports one built on it', () => {
    write('src/store/read/lists.ts', "import '../repositories/prompts.js'\nimport '../postgres/pool.js'")
    write('src/store/postgres/pool.ts', "import '../repository.js'")
    write('src/store/repositories/prompts.ts', "import '../read/lists.js'")
    write('src/store/attic/old.ts', 'export {}')

    expect(climbsIn(readImports(tree, ['src']), SUB_ROOMS)).toEqual([
      'src/store/attic/old.ts stands in "store/attic", which the list does not know',
      'src/store/postgres/pool.ts imports src/store/repository.ts',
      'src/store/read/lists.ts imports src/store/repositories/prompts.ts',
    ])
  })

  it('finds a cycle of files, once', () => {
    write('src/store/a.ts', "import './b.js'")
    write('src/store/b.ts', "import type {} from './c.js'")
    write('src/store/c.ts', "export * from './a.js'")

    expect(cyclesOf(readImports(tree, FOLDERS))).toEqual([['src/store/a.ts', 'src/store/b.ts', 'src/store/c.ts']])
  })

  function write(path: string, text: string): void {
    const file = join(tree, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
})
