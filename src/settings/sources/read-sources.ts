import { basename, dirname, resolve } from 'node:path'
import { SettingsFileError } from '../../shared/errors.js'
import { CONFIG_DEFAULTS } from '../options.js'
import { dotenvCandidates, dotenvNames, type Setup } from '../setup.js'
import { isPlainTable, splitKey } from '../tree/path.js'
import type { Complaint } from '../tree/tree.js'
import { parseDotenv } from './dotenv.js'
import { shownPath } from './file-store.js'
import type { Assignment, Layer } from './origin.js'
import { says } from './said-at.js'
import { parseToml, sectionsOf, type TomlFile } from './toml-file.js'
import { assignmentsOf, type Variable } from './variables.js'

/** Everything the sources say, lowest layer first, without the schema's defaults. */
export interface Sources {
  readonly assignments: readonly Assignment[]
  readonly complaints: readonly Complaint[]
  /** Variables of .env files; the later file wins. */
  readonly dotenv: ReadonlyMap<string, Variable>
  /** Keys that `[default.fresh_vars]` names. */
  readonly freshKeys: readonly string[]
  /** TOML files that were found. */
  readonly found: readonly string[]
  readonly warnings: readonly string[]
}

/** @throws {SettingsFileError} for files that cannot be read or parsed, and for listed files that are missing */
export function readSources(setup: Setup): Sources {
  const { options, root, shape, files } = setup
  const warnings: string[] = []
  const complaints: Complaint[] = []
  const assignments: Assignment[] = []
  const variables = setup.env.variables(root)
  files.begin()

  const dotenvFiles = readDotenvFiles(setup, warnings)
  const found = readTomlFiles(setup, warnings, assignments)
  if (found.length === 0 && options.files?.length !== 0) {
    warnings.push(
      `no settings file found; looked for ${tomlPaths(setup)
        .map(({ path }) => shownPath(path))
        .join(', ')}`,
    )
  }
  const complain = (variable: string, path: readonly string[], message: string, layer: Layer): void => {
    complaints.push({ path, message, origin: { layer, name: variable, folder: root } })
  }
  const addVariables = (said: readonly Variable[], layer: Layer): void => {
    const below = assignments.slice()
    const rules = {
      layer,
      prefix: setup.prefix,
      shape,
      isSaid: (path: readonly string[]) => below.some((assignment) => says(assignment, path)),
      readFile: (path: string, folder: string) => files.read(resolve(folder, path)),
      complain: (variable: string, path: readonly string[], message: string) => complain(variable, path, message, layer),
    }
    assignments.push(...assignmentsOf(said, rules))
  }
  for (const said of dotenvFiles) addVariables(said, 'dotenv')
  addVariables(variables, 'env')
  for (const [key, value] of Object.entries(options.overrides ?? {})) {
    if (value !== undefined)
      assignments.push({ path: key.split('.'), value, origin: { layer: 'override', name: 'overrides', folder: root }, isSecret: false })
  }
  const dotenv = new Map(dotenvFiles.flat().map((variable) => [variable.name, variable] as const))
  return { assignments, complaints, dotenv, freshKeys: freshKeysOf(assignments), found, warnings }
}

/** The TOML files to read, lowest first. `settings.local.toml` belongs to the environment "local" alone. */
export function tomlPaths(setup: Setup): readonly { readonly path: string; readonly layer: Layer; readonly mustExist: boolean }[] {
  const { options, root, environment } = setup
  const isLocal = environment.name.toLowerCase() === 'local'
  const listed = (options.files ?? CONFIG_DEFAULTS.files).map((pattern) => {
    const path = resolve(root, pattern.replaceAll('{env}', environment.name))
    return { path, layer: 'file' as const, mustExist: options.files !== undefined && !pattern.includes('{env}') }
  })
  const readable = listed.filter(({ path }) => isLocal || !/(?:^|\.)local\.toml$/i.test(basename(path)))
  const secrets = options.secretsFile ?? CONFIG_DEFAULTS.secretsFile
  return secrets === false ? readable : [...readable, { path: resolve(root, secrets), layer: 'secrets' as const, mustExist: false }]
}

function readTomlFiles(setup: Setup, warnings: string[], assignments: Assignment[]): string[] {
  const found: string[] = []
  const missing: string[] = []
  const broken: SettingsFileError[] = []
  for (const { path, layer, mustExist } of tomlPaths(setup)) {
    try {
      const file = parsedFile(setup, path)
      if (file) {
        assignments.push(...fileAssignments(setup, file, layer, (message) => warnings.push(message)))
        found.push(path)
      } else if (mustExist) missing.push(path)
    } catch (error) {
      if (!(error instanceof SettingsFileError)) throw error
      broken.push(error)
    }
  }
  const [first, ...others] = broken
  if (first && others.length === 0) throw first
  if (first) throw new SettingsFileError(broken.map((error) => error.message).join('\n'), { file: first.file })
  // None of the listed files being there is a warning with every path, as it is for the default files.
  if (found.length > 0 && missing[0] !== undefined) throw missingFile(missing)
  return found
}

function missingFile(paths: readonly string[]): SettingsFileError {
  const names = paths.map(shownPath).join(', ')
  return new SettingsFileError(`${names} ${paths.length === 1 ? 'is' : 'are'} listed in the settings' files, but not there`, {
    file: paths[0] ?? '',
  })
}

/** A file by way of the store and the parse cache. */
export function parsedFile(setup: Setup, path: string): TomlFile | undefined {
  const text = setup.files.read(path)
  if (text === undefined) return undefined
  const known = setup.parsed.get(path)
  if (known?.text === text) return known.file
  const file = parseToml(path, text)
  setup.parsed.set(path, { text, file })
  return file
}

function fileAssignments(setup: Setup, file: TomlFile, layer: Layer, warn: (message: string) => void): Assignment[] {
  const isSetting = (key: string) => setup.shape?.entries?.has(key.toLowerCase()) ?? false
  const rules = { environment: setup.environment.name, environments: setup.options.environments, isSetting, warn }
  const name = shownPath(file.path)
  const folder = dirname(file.path)
  return sectionsOf(file, rules).flatMap((section) => {
    const line = (path: readonly string[]) => file.lineOf(section.name, path)
    const origin = { layer, name, folder, line, ...(section.name === '' ? {} : { section: section.name }) }
    return Object.entries(section.table).map(([key, value]) => {
      return { path: isSetting(key) ? [key] : splitKey(key), value, origin, isSecret: layer === 'secrets' }
    })
  })
}

/** The variables of `.env`, then of `.env.{env}`. */
function readDotenvFiles(setup: Setup, warnings: string[]): Variable[][] {
  const { options, root, environment, files, env } = setup
  return ['', `.${environment.name}`].flatMap((ending) => {
    return dotenvNames(options).map((name) => {
      const candidates = dotenvCandidates(name + ending, root)
      const path = candidates.find((candidate) => files.read(candidate) !== undefined)
      if (path === undefined && ending === '' && options.dotenv !== true && options.dotenv !== undefined)
        throw missingFile(candidates.slice(0, 1))
      if (path === undefined) return []
      const { variables, badLines } = parseDotenv(files.read(path) ?? '', (wanted) => env.get(wanted))
      for (const line of badLines) warnings.push(`${shownPath(path)}:${line} is not a line of a .env file; it is skipped`)
      return variables.map((variable) => ({ ...variable, shown: shownPath(path), folder: dirname(path) }))
    })
  })
}

function freshKeysOf(assignments: readonly Assignment[]): string[] {
  return assignments.flatMap(({ path, value }) => {
    if (path.length !== 1 || path[0]?.toLowerCase() !== 'fresh_vars' || !isPlainTable(value)) return []
    return Object.keys(value).filter((key) => value[key] === true)
  })
}
