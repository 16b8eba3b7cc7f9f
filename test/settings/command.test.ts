import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { runSettingsCommand } from '../../src/settings/command.js'
import { aFolder } from './folder.js'

const valibot = import.meta.resolve('valibot')
const schemaModule = `import * as v from ${JSON.stringify(valibot)}
export const options = {
  prefix: 'P',
  schema: v.object({
    DATABASE_URL: v.pipe(v.string(), v.description('Where PostgreSQL | is.')),
    API_KEY: v.string(),
    RETRIES: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 3),
    LEVEL: v.optional(v.picklist(['A', 'B'])),
    FLAGS: v.optional(v.record(v.string(), v.boolean()), { beta: true }),
    db: v.object({ host: v.optional(v.string(), 'h'), pool: v.optional(v.number()) }),
  }),
}
`
const files = {
  'settings.schema.mjs': schemaModule,
  'config/settings.toml': 'DATABASE_URL = "postgresql://u:p@h/x"\n',
  'config/settings.prod.toml': 'RETRIES = 5\n',
}

async function run(args: readonly string[], world: { cwd: string; env?: Record<string, string> }) {
  const printed = { stdout: '', stderr: '' }
  const stdout = (text: string) => {
    printed.stdout += text
  }
  const stderr = (text: string) => {
    printed.stderr += text
  }
  const code = await runSettingsCommand(args, { stdout, stderr, cwd: world.cwd, env: world.env ?? {} })
  return { code, ...printed }
}

describe('agent-config settings', () => {
  const env = { P_API_KEY: 'k-123456' }

  it('validates with the schema it finds, and exits with 1 and the list of problems', async () => {
    const cwd = aFolder(files)

    expect(await run(['validate'], { cwd, env })).toEqual({ code: 0, stdout: 'The settings hold (environment "local").\n', stderr: '' })
    const failed = await run(['validate', '--environment', 'prod'], { cwd })

    expect(failed.code).toBe(1)
    expect(failed.stdout).toBe('')
    expect(failed.stderr).toMatch(
      /^SettingsError: 1 problem in the settings \(environment "prod", .*\n {2}1\. API_KEY is required \(string\)\n {7}set P_API_KEY/,
    )
  })

  it('lists, gets and inspects, with secrets redacted', async () => {
    const cwd = aFolder(files)

    const list = await run(['list', '--environment=prod'], { cwd, env })

    expect(list.stdout).toMatch(
      /RETRIES = 5 {2}\(number\) +environment: prod\n {2}\* file +\S+settings\.prod\.toml:1 +5\n {4}default +schema +3/,
    )
    expect(list.stdout).toContain('API_KEY = ***')
    expect(await run(['get', 'api_key'], { cwd, env })).toMatchObject({ code: 0, stdout: '***\n' })
    expect(await run(['get', 'db.host'], { cwd, env })).toMatchObject({ code: 0, stdout: 'h\n' })
    expect(await run(['get', 'FLAGS'], { cwd, env })).toMatchObject({ code: 0, stdout: '{"beta":true}\n' })
    expect(await run(['get', 'retries'], { cwd, env })).toMatchObject({ code: 0, stdout: '3\n' })
    expect((await run(['inspect', 'DATABASE_URL'], { cwd, env })).stdout).toContain('postgresql://***@h/***')
    expect(await run(['get', 'nope'], { cwd, env })).toEqual({ code: 1, stdout: '', stderr: 'nope is not set.\n' })
  })

  it('prints documentation and examples, although nothing is set yet', async () => {
    const cwd = aFolder({ 'settings.schema.mjs': schemaModule })

    const docs = await run(['docs'], { cwd })
    const example = await run(['example'], { cwd })

    expect(docs.stdout.split('\n')).toEqual(
      expect.arrayContaining([
        '| `DATABASE_URL` | string | **required** | `P_DATABASE_URL` | Where PostgreSQL \\| is. |',
        '| `RETRIES` | integer | `3` | `P_RETRIES` | must be >= 1 |',
        '| `API_KEY` | string | **required** | `P_API_KEY` | secret |',
        '| `db.host` | string | `"h"` | `P_db__host` |  |',
      ]),
    )
    const [toml = '', dotenv = ''] = example.stdout.split('# .env.example')
    const uncommented = toml.replaceAll(/^# (\w+ = .*)$/gm, '$1')
    expect(parse(uncommented)).toEqual({
      default: { DATABASE_URL: '', RETRIES: 3, LEVEL: 'A', FLAGS: { beta: true }, db: { host: 'h', pool: 0 } },
    })
    expect(dotenv).toMatch(/^P_DATABASE_URL=$/m)
    expect(dotenv).toMatch(/^P_API_KEY=$/m)
  })

  it('takes the module it is given, and the .env of the working directory', async () => {
    const cwd = aFolder({
      'other.mjs': `import * as v from ${JSON.stringify(valibot)}\nexport default v.object({ A: v.number() })`,
      '.env': 'P_A=7',
      'config/settings.toml': '',
    })

    expect(await run(['get', 'A', '--schema', 'other.mjs', '--prefix', 'P'], { cwd })).toMatchObject({ code: 0, stdout: '7\n' })
    expect(await run(['get', 'A', '--schema', 'none.mjs'], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('could not be used: Error (ERR_MODULE_NOT_FOUND)') as string,
    })
  })

  it('explains itself, and exits with 2 for a command line it does not understand', async () => {
    const cwd = fileURLToPath(new URL('.', import.meta.url))

    expect(await run(['--help'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage:') as string })
    for (const args of [[], ['lost'], ['get'], ['list', 'X'], ['get', 'A', 'B'], ['list', '--what'], ['list', '--schema']]) {
      expect(await run(args, { cwd }), args.join(' ')).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('Usage:') as string,
      })
    }
  })

  it.each(['tsx', 'jiti'])('reads a schema in TypeScript with the %s that the project has', async (loader) => {
    const cwd = aFolder({
      'settings.schema.ts': `import * as z from ${JSON.stringify(import.meta.resolve('zod'))}
        const port: number = 3000
        export const schema = z.object({ PORT: z.number().int().min(1).default(port).describe('Where it listens.'), API_KEY: z.string() })`,
    })
    mkdirSync(join(cwd, 'node_modules'))
    symlinkSync(fileURLToPath(new URL(`../../node_modules/${loader}`, import.meta.url)), join(cwd, 'node_modules', loader))

    // In a process of its own: the test runner would read the file itself.
    const { stdout, stderr } = await runInNode(['docs', '--prefix', 'P'], cwd)
    expect(stderr).toBe('')

    expect(stdout).toContain('| `PORT` | integer | `3000` | `P_PORT` | Where it listens.; must be >= 1 |')
    expect(stdout).toContain('| `API_KEY` | string | **required** | `P_API_KEY` | secret |')
  })

  it('says how to read a schema in TypeScript where there is no loader', async () => {
    const cwd = aFolder({ 'settings.schema.ts': 'export const schema: unknown = undefined' })

    const { code, stderr } = await runInNode(['validate'], cwd)

    expect(code).toBe(1)
    expect(stderr).toMatch(/settings\.schema\.ts is TypeScript, which this Node does not read\. Install tsx/)
  })

  it.each(['zod', 'arktype'])('prints docs and an example of a schema of %s, also where the values do not hold', async (library) => {
    const text = {
      zod: 'import * as z from MODULE\nexport default z.object({ PORT: z.number().default(3000), URL: z.url(), d: z.date().optional() })',
      arktype: "import { type } from MODULE\nexport default type({ PORT: 'number = 3000', URL: 'string' })",
    }[library] as string
    const cwd = aFolder({
      's.mjs': text.replace('MODULE', JSON.stringify(import.meta.resolve(library))),
      'config/settings.toml': 'PORT = "x"',
    })

    const docs = await run(['docs', '--schema', 's.mjs', '--prefix', 'P'], { cwd })
    const example = await run(['example', '--schema', 's.mjs', '--prefix', 'P'], { cwd })

    expect(docs).toMatchObject({ code: 0, stderr: '' })
    // arktype leaves defaults out of its JSON Schema and fills them in itself.
    expect(docs.stdout).toContain(`| \`PORT\` | number | ${library === 'zod' ? '`3000`' : ''} | \`P_PORT\` |  |`)
    expect(example.stdout).toMatch(/# PORT = \d+[\s\S]*P_URL=/)
  })
})

/** The command as a process of Node without this test runner's loader. */
async function runInNode(args: readonly string[], cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = join(cwd, '.run.mjs')
  await build({
    stdin: {
      contents: `import { runSettingsCommand } from ${JSON.stringify(fileURLToPath(new URL('../../src/settings/command.ts', import.meta.url)))}
        const io = { stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text), cwd: process.cwd(), env: {} }
        process.exitCode = await runSettingsCommand(process.argv.slice(2), io)`,
      resolveDir: cwd,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'error',
  })
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8', timeout: 50_000 })
  return { code: status ?? -1, stdout, stderr }
}
