import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isConfigError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import { createConfig } from './create-config.js'
import { importSchema, SchemaModuleError } from './import-schema.js'
import type { CreateConfigOptions } from './options.js'
import { describe } from './report/describe.js'
import { exampleFiles, markdownTable } from './report/document.js'
import { display } from './secrets/redact.js'
import { setUp } from './setup.js'

/** What the command line reads and writes; texts end with a line break. */
export interface CommandIo {
  stdout(text: string): void
  stderr(text: string): void
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

const USAGE = `Usage: agent-config settings <command> [options]

  list             every setting with its value and where it comes from
  get KEY          one value
  inspect KEY      every source that says something about a setting
  validate         exit with 1 and the list of problems when the settings do not hold
  docs             a Markdown table of the settings
  example          a commented settings.toml and .env.example

  --schema FILE    a module whose export "options", "schema" or default is the options of createConfig or a schema
                   (without it: settings.schema.ts, .js, .mjs or .cjs in the working directory or in config/, if there is one)
  --environment E  the environment to look at
  --prefix P       the prefix of variables
  --root FOLDER    the folder of the settings files

Secrets are printed as ***.
`

/**
 * Runs `agent-config settings …`.
 *
 * @returns the exit code: 0; 1 for invalid settings or a key that does not exist; 2 for a wrong command line
 */
export async function runSettingsCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseArguments(args)
  if (typeof parsed === 'string') {
    io.stderr(`${parsed}\n\n${USAGE}`)
    return 2
  }
  if (parsed.command === 'help') {
    io.stdout(USAGE)
    return 0
  }
  try {
    return run(parsed, await optionsFor(parsed, io), io)
  } catch (error) {
    // An error that is not ours comes from the user's module: its class says enough, its text could quote a value.
    const isOurs = isConfigError(error) || error instanceof SchemaModuleError
    io.stderr(isOurs ? `${error.name}: ${error.message}\n` : `The schema's module could not be used: ${nameOf(error)}\n`)
    return 1
  }
}

interface Parsed {
  readonly command: string
  readonly key: string
  readonly flags: Readonly<Record<string, string>>
}

const FLAGS = new Set(['--schema', '--environment', '--prefix', '--root'])
const COMMANDS = new Set(['list', 'get', 'inspect', 'validate', 'docs', 'example', 'help'])

/** @returns what is wrong, as text */
function parseArguments(args: readonly string[]): Parsed | string {
  const words: string[] = []
  const flags: Record<string, string> = {}
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    if (word === '--help' || word === '-h') return { command: 'help', key: '', flags }
    if (!word.startsWith('--')) {
      words.push(word)
      continue
    }
    const [name = '', inline] = word.split(/=(.*)/s, 2)
    if (!FLAGS.has(name)) return `Unknown option ${name}.`
    const value = inline ?? args[++at]
    if (value === undefined) return `${name} needs a value.`
    flags[name.slice(2)] = value
  }
  const [command = '', key = '', ...others] = words
  if (!COMMANDS.has(command)) return command === '' ? 'Which command?' : `Unknown command ${command}.`
  const takesKey = command === 'get' || command === 'inspect'
  if (takesKey === (key === '') || others.length > 0) return takesKey ? `${command} takes one KEY.` : `${command} takes nothing more.`
  return { command, key, flags }
}

async function optionsFor(parsed: Parsed, io: CommandIo): Promise<CreateConfigOptions> {
  const { schema, environment, prefix, root } = parsed.flags
  const file = schema === undefined ? findSchema(io.cwd) : resolve(io.cwd, schema)
  const given = file === undefined ? {} : optionsIn(await importSchema(file, io.cwd))
  const folder = root ?? given.root
  const dotenv = join(io.cwd, '.env')
  return {
    ...given,
    ...((given.dotenv ?? true) === true && existsSync(dotenv) && !existsSync(join(io.cwd, folder ?? 'config', '.env')) ? { dotenv } : {}),
    env: io.env,
    watch: false,
    onWarning: (message) => io.stderr(`warning: ${message}\n`),
    ...(environment === undefined ? {} : { environment }),
    ...(prefix === undefined ? {} : { prefix }),
    root: folder === undefined ? (existsSync(join(io.cwd, 'config')) ? join(io.cwd, 'config') : io.cwd) : resolve(io.cwd, folder),
  }
}

function findSchema(cwd: string): string | undefined {
  const names = ['', 'config'].flatMap((folder) =>
    ['ts', 'mts', 'js', 'mjs', 'cjs'].map((ending) => join(cwd, folder, `settings.schema.${ending}`)),
  )
  return names.find((name) => existsSync(name))
}

/** Options or a schema, under the names `options`, `schema` or `default`; CommonJS modules hold all of them in `default`. */
function optionsIn(module: Record<string, unknown>): CreateConfigOptions {
  const inner = module.default as { readonly options?: unknown } | undefined
  const found = module.options ?? inner?.options ?? module.schema ?? inner
  if (isSchema(found)) return { schema: found }
  return typeof found === 'object' && found !== null ? found : {}
}

function isSchema(value: unknown): value is StandardSchema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value
}

function run(parsed: Parsed, options: CreateConfigOptions, io: CommandIo): number {
  const { command, key } = parsed
  const isAboutSchema = command === 'docs' || command === 'example'
  // These two describe the schema, so they also work while required settings are missing or wrong.
  const rows = isAboutSchema && options.schema ? describe(setUp(options)) : undefined
  if (isAboutSchema) {
    const known = rows && rows.length > 0 ? rows : createConfig(options).describe()
    io.stdout(`${command === 'docs' ? markdownTable(known) : exampleFiles(known)}\n`)
    return 0
  }
  const config = createConfig(options)
  if (command === 'validate') io.stdout(`The settings hold (environment "${config.environment}").\n`)
  else if (command === 'list') io.stdout(`${config.explain()}\n`)
  else if (!config.has(key)) {
    io.stderr(`${key} is not set.\n`)
    return 1
  } else if (command === 'inspect') io.stdout(`${config.explain(key)}\n`)
  else {
    const { value } = config.inspect(key)
    io.stdout(
      `${typeof value === 'string' ? value : typeof value === 'object' && value !== null ? JSON.stringify(value) : display(value, false)}\n`,
    )
  }
  return 0
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it threw no error object'
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error.name : `${error.name} (${code})`
}
