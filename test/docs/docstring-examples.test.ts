import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { complaintsAbout } from '../support/compile-blocks.js'
import { examplesOf, exportersIn } from '../support/docstring-examples.js'
import { readImports } from '../support/import-graph.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

// What an example may use without saying where it is from.
const CONTEXT: Readonly<Record<string, string>> = {
  agent: 'declare const agent: BaseAgent<never, unknown>',
  config: 'declare const config: TypedConfig<{ readonly db: { readonly host?: string }; readonly LOG_LEVEL: string }>',
  createServer: "import { createServer } from 'node:http'",
  error: 'declare const error: unknown',
  handler: 'declare const handler: ConfigHandler',
  manager: 'declare const manager: ConfigurationManager',
  ollama: 'declare const ollama: OllamaClient',
  server: 'declare const server: { readonly url: string }',
  MyClient: 'declare const MyClient: new (options: { baseUrl: string }) => LLMClient',
  expect: "import { expect } from 'vitest'",
  generateText: "import { generateText } from 'ai'",
  OpenFeature: "import { OpenFeature } from '@openfeature/server-sdk'",
  v: "import * as v from 'valibot'",
}

// Packages that examples name and this repository does not install.
const AMBIENT = "declare module '@ai-sdk/openai'"

// Compiling takes seconds by itself, and longer beside other tests.
const TIME = { timeout: 180_000 }

describe('the docstrings of this package', () => {
  it('show only examples that compile', TIME, () => {
    const files = readImports(ROOT, ['src']).map(({ path }) => path)
    const exporters = exportersIn(ROOT, files)
    const examples = files.flatMap((file) => examplesOf(ROOT, file, exporters, CONTEXT))

    expect(examples.length).toBeGreaterThan(0)
    expect(complaintsAbout(examples, ROOT, AMBIENT)).toEqual([])
  })
})

describe('the check itself', () => {
  let folder: string

  beforeEach(() => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true })
    folder = mkdtempSync(join(ROOT, '.cache', 'examples-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('knows exported names and the context, lets an example return, and names the line of what is wrong', TIME, () => {
    const complaints = complaintsIn([
      '/**',
      ' * Halves.',
      ' *',
      ' * @example',
      ' * ```ts',
      " * import { readFileSync } from 'node:fs'",
      ' *',
      ' * if (error instanceof Error) return undefined',
      " * const { length } = readFileSync('a')",
      ' * const right: number = half(length)',
      ' * const wrong: string = half(length)',
      ' * ```',
      ' */',
      'export function half(value: number): number {',
      '  return value / 2',
      '}',
    ])

    expect(complaints).toEqual([expect.stringMatching(/module\.ts:11 Type 'number' is not assignable to type 'string'/)])
  })

  it('does not know what nobody declared', TIME, () => {
    expect(complaintsIn(['/**', ' * ```ts', ' * nobody()', ' * ```', ' */', 'export {}'])).toEqual([
      expect.stringMatching(/module\.ts:3 Cannot find name 'nobody'/),
    ])
  })

  function complaintsIn(lines: readonly string[]): readonly string[] {
    writeFileSync(join(folder, 'module.ts'), lines.join('\n'))
    const exporters = exportersIn(folder, ['module.ts'])
    return complaintsAbout(examplesOf(folder, 'module.ts', exporters, CONTEXT), ROOT)
  }
})
