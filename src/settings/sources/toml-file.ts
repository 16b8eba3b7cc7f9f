import { parse, TomlError } from 'smol-toml'
import { SettingsFileError } from '../../shared/errors.js'
import { isPlainTable } from '../tree/path.js'
import { shownPath } from './file-store.js'
import { tomlLines } from './toml-lines.js'

/** A parsed TOML file. */
export interface TomlFile {
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
  /** The line of a key in a section (`''` outside of all), counted from 1. */
  readonly lineOf: (section: string, path: readonly string[]) => number | undefined
}

/** One part of a file that applies to the environment in use, lowest first. */
export interface Section {
  /** The section's name as written; `''` for a file without sections. */
  readonly name: string
  readonly table: Readonly<Record<string, unknown>>
}

/**
 * Parses a file.
 *
 * @throws {SettingsFileError} that names the line and never quotes a value: the line may hold a secret
 */
export function parseToml(path: string, text: string): TomlFile {
  let data: Record<string, unknown>
  try {
    data = parse(text)
  } catch (error) {
    throw syntaxError(path, text, error)
  }
  let lines: ReturnType<typeof tomlLines> | undefined
  const lineOf = (section: string, wanted: readonly string[]): number | undefined => {
    lines ??= tomlLines(text)
    return lines(section === '' ? wanted : [section, ...wanted])
  }
  return { path, data, lineOf }
}

function syntaxError(path: string, text: string, error: unknown): SettingsFileError {
  if (!(error instanceof TomlError)) return new SettingsFileError(`${shownPath(path)} is not TOML`, { file: path })
  const where = `${shownPath(path)}:${error.line}:${error.column}`
  const line = text.split(/\r?\n/)[error.line - 1] ?? ''
  const [, key, token] =
    /^\s*([\w.-]+)\s*=\s*(@(?:env [A-Za-z_]\w*|(?:env|format|get|read_file|int|float|bool|str|json|merge|none)\b))/.exec(line) ?? []
  const facts = { file: path, line: error.line, column: error.column }
  if (key !== undefined && token !== undefined) {
    return new SettingsFileError(`${where} has a token without quotes: ${key} = ${token}\n  write ${key} = "${token}"`, facts)
  }
  // Only the parser's reason: its message goes on with the lines around, values included.
  const reason = /^Invalid TOML document: ([^\n]*)/.exec(error.message)?.[1] ?? 'invalid TOML'
  return new SettingsFileError(`${where} is not valid TOML: ${reason}`, facts)
}

// Names that files commonly give to environments. Any other table beside sections is probably a forgotten [default.…].
const COMMON = new Set([
  'local',
  'dev',
  'development',
  'test',
  'testing',
  'ci',
  'qa',
  'uat',
  'int',
  'integration',
  'preview',
  'demo',
  'sandbox',
  'stage',
  'staging',
  'preprod',
  'prod',
  'production',
  'live',
])

/** What a file's sections depend on. */
export interface SectionRules {
  readonly environment: string
  readonly environments: readonly string[] | undefined
  readonly isSetting: (key: string) => boolean
  readonly warn: (message: string) => void
}

/**
 * The parts of a file that apply: `[default]`, then `[{environment}]`, then `[global]`, or the whole file when it has
 * none of these.
 *
 * @throws {SettingsFileError} for sections mixed with keys outside of them
 */
export function sectionsOf(file: TomlFile, rules: SectionRules): readonly Section[] {
  const names = Object.keys(file.data)
  const allowed = rules.environments?.map((name) => name.toLowerCase())
  const order = ['default', rules.environment.toLowerCase(), 'global']
  const isSection = (name: string) =>
    isPlainTable(file.data[name]) && (order.includes(name.toLowerCase()) || allowed?.includes(name.toLowerCase()))
  if (!names.some(isSection)) return [{ name: '', table: file.data }]
  for (const name of names.filter((candidate) => !isSection(candidate))) {
    const isTable = isPlainTable(file.data[name])
    if (!isTable || allowed || rules.isSetting(name)) throw strayKey(file, name, isTable && allowed !== undefined)
    if (!COMMON.has(name.toLowerCase())) {
      rules.warn(
        `${shownPath(file.path)}: [${name}] is read as the section of an environment "${name}", which is not in use; a table for every environment is [default.${name}]`,
      )
    }
  }
  return [...new Set(order)].flatMap((wanted) => {
    return names
      .filter((name) => name.toLowerCase() === wanted && isPlainTable(file.data[name]))
      .map((name) => ({ name, table: file.data[name] as Record<string, unknown> }))
  })
}

function strayKey(file: TomlFile, key: string, isUnknownSection: boolean): SettingsFileError {
  const line = file.lineOf('', [key])
  const where = `${shownPath(file.path)}${line === undefined ? '' : `:${line}`}`
  const reason = isUnknownSection
    ? `[${key}] is neither default, global nor one of the allowed environments`
    : `${key} stands outside of the file's sections`
  return new SettingsFileError(`${where}: ${reason}; move it into [default], or it would be dropped`, {
    file: file.path,
    ...(line === undefined ? {} : { line }),
  })
}
