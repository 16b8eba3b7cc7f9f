import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { StandardSchema } from '../shared/standard-schema.js'
import { chooseEnvironment, type Environment } from './environment.js'
import { CONFIG_DEFAULTS, type CreateConfigOptions } from './options.js'
import { type Shape, shapeOf } from './schema/shape.js'
import { parseDotenv } from './sources/dotenv.js'
import { EnvView } from './sources/env-view.js'
import { FileStore } from './sources/file-store.js'
import type { TomlFile } from './sources/toml-file.js'
import { pathOfVariable } from './sources/variables.js'

/** The options with defaults filled in, and what is decided once for a `Config`. */
export interface Setup {
  readonly options: CreateConfigOptions
  readonly schema: StandardSchema | undefined
  readonly shape: Shape | undefined
  readonly root: string
  readonly prefix: string | undefined
  readonly environment: Environment
  readonly env: EnvView
  readonly files: FileStore
  /** Parsed files by path, valid as long as the text is the same. */
  readonly parsed: Map<string, { readonly text: string; readonly file: TomlFile }>
  readonly warn: (message: string) => void
}

/** @throws {SettingsError} when the environment's name is not acceptable */
export function setUp(options: CreateConfigOptions): Setup {
  const root = resolve(options.root ?? (isFolder('config') ? 'config' : '.'))
  const prefix = options.prefix === undefined || options.prefix === '' ? undefined : options.prefix.replace(/_+$/, '').toUpperCase()
  const shape = shapeOf(options.schema)
  const source = options.env ?? process.env
  const files = new FileStore()
  const env = new EnvView(source, (name) => pathOfVariable(name, prefix, shape) !== undefined)
  const fromFile = baseDotenv(options, root, files, env)
  const variables = options.environmentVariable ?? CONFIG_DEFAULTS.environmentVariable
  const environment = chooseEnvironment({
    option: options.environment,
    variables: typeof variables === 'string' ? [variables] : variables,
    fallback: options.defaultEnvironment ?? CONFIG_DEFAULTS.defaultEnvironment,
    allowed: options.environments,
    variable: (name) => env.get(name) || fromFile.get(name),
  })
  return {
    options,
    schema: options.schema,
    shape,
    root,
    prefix,
    environment,
    env,
    files,
    parsed: new Map(),
    warn: onlyOnce(options.onWarning ?? warnProcess),
  }
}

/** The paths at which a .env file may stand: in the root, or else in the working directory. */
export function dotenvCandidates(name: string, root: string): readonly string[] {
  return [...new Set([resolve(root, name), resolve(name)])]
}

/** The names of the .env files, without the environment's ending. */
export function dotenvNames(options: CreateConfigOptions): readonly string[] {
  const { dotenv = CONFIG_DEFAULTS.dotenv } = options
  if (dotenv === false) return []
  if (dotenv === true) return ['.env']
  return typeof dotenv === 'string' ? [dotenv] : dotenv
}

/** The variables of .env alone: it may name the environment, `.env.{env}` cannot. */
function baseDotenv(options: CreateConfigOptions, root: string, files: FileStore, env: EnvView): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const name of dotenvNames(options)) {
    for (const path of dotenvCandidates(name, root)) {
      const text = files.read(path)
      if (text === undefined) continue
      for (const variable of parseDotenv(text, (wanted) => env.get(wanted)).variables) found.set(variable.name, variable.text)
      break
    }
  }
  return found
}

function isFolder(path: string): boolean {
  return statSync(join(process.cwd(), path), { throwIfNoEntry: false })?.isDirectory() ?? false
}

function onlyOnce(tell: (message: string) => void): (message: string) => void {
  const told = new Set<string>()
  return (message) => {
    if (told.has(message)) return
    told.add(message)
    tell(message)
  }
}

function warnProcess(message: string): void {
  process.emitWarning(message, { type: 'SettingsWarning', code: 'AGENT_CONFIG_SETTINGS' })
}
