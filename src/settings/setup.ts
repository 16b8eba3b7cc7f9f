import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { StandardSchema } from '../shared/standard-schema.js'
import { chooseEnvironment, type Environment } from './environment.js'
import { CONFIG_DEFAULTS, type CreateConfigOptions } from './options.js'
import { describeSchema } from './schema/describe-schema.js'
import type { Shape } from './schema/shape.js'
import { isNamedLikeSecret } from './secrets/secret-names.js'
import { SecretPaths } from './secrets/secret-paths.js'
import { baseDotenv } from './sources/dotenv-lookup.js'
import { EnvView } from './sources/env-view.js'
import { FileStore } from './sources/file-store.js'
import type { SettingsFile } from './sources/settings-file.js'
import { VariableNames } from './sources/variables.js'

/** The options with defaults filled in, and what is decided once for a `Config`. */
export interface Setup {
  readonly options: CreateConfigOptions
  readonly schema: StandardSchema | undefined
  readonly shape: Shape | undefined
  /** Whether the schema's defaults are handed to the schema, or filled in by it. */
  readonly areDefaultsInputs: boolean
  readonly root: string
  /** Whether an option, or a folder `config/`, says that there should be settings files. */
  readonly wantsFiles: boolean
  readonly prefix: string | undefined
  readonly names: VariableNames
  readonly environment: Environment
  readonly env: EnvView
  readonly files: FileStore
  /** Parsed files by path, valid as long as the text is the same. */
  readonly parsed: Map<string, { readonly text: string; readonly file: SettingsFile }>
  /** Whether a variable is named like a secret or sets one. */
  readonly isSecretVariable: (name: string) => boolean
  readonly warn: (message: string) => void
}

/** @throws {SettingsError} when the environment's name is not acceptable */
export function setUp(options: CreateConfigOptions): Setup {
  const hasFolder = isFolder('config')
  const root = resolve(options.root ?? (hasFolder ? 'config' : '.'))
  const prefix = options.prefix === undefined || options.prefix === '' ? undefined : options.prefix.replace(/_+$/, '').toUpperCase()
  const described = describeSchema(options.schema)
  const names = new VariableNames(prefix, described?.shape, options.variables ?? {})
  const env = new EnvView(options.env ?? process.env, (name) => names.find(name) !== undefined)
  const files = new FileStore()
  const fromFile = baseDotenv({ options, root, files, env })
  const variables = options.environmentVariable ?? CONFIG_DEFAULTS.environmentVariable
  const environment = chooseEnvironment({
    option: options.environment,
    variables: typeof variables === 'string' ? [variables] : variables,
    fallback: options.defaultEnvironment ?? CONFIG_DEFAULTS.defaultEnvironment,
    allowed: options.environments,
    variable: (name) => env.get(name) || fromFile.get(name),
  })
  const secrets = new SecretPaths(options.secrets ?? [], described?.shape)
  const isSecretVariable = (name: string): boolean => {
    const found = names.find(name)
    return isNamedLikeSecret(name) || (found !== undefined && secrets.has(found.path))
  }
  return {
    options,
    schema: options.schema,
    shape: described?.shape,
    areDefaultsInputs: described?.areDefaultsInputs ?? true,
    root,
    wantsFiles: options.files === undefined ? options.root !== undefined || hasFolder : options.files.length > 0,
    prefix,
    names,
    environment,
    env,
    files,
    parsed: new Map(),
    isSecretVariable,
    warn: onlyOnce(options.onWarning ?? warnProcess),
  }
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
