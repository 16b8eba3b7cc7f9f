import { SettingsFileError } from '../../shared/errors.js'
import { isSameEnvironment, namesOf } from '../environment.js'
import { isPlainTable } from '../tree/path.js'
import { shownPath } from './file-error.js'
import type { SettingsFile } from './settings-file.js'

/** One part of a file that applies to the environment in use, lowest first. */
export interface Section {
  /** The section's name as written; `''` for a file without sections. */
  readonly name: string
  readonly table: Readonly<Record<string, unknown>>
}

/** The facts that a file's sections depend on. */
export interface SectionRules {
  readonly environment: string
  readonly environments: readonly string[] | undefined
  readonly isSetting: (key: string) => boolean
  readonly warn: (message: string) => void
}

// Names that files commonly give to environments. Any other table beside sections is probably a forgotten [default.…].
const COMMON = new Set(
  'local dev development test testing ci qa uat int integration preview demo sandbox stage staging preprod prod production live'.split(' '),
)

/**
 * The parts of a file that apply: `[default]`, then `[{environment}]`, then `[global]`, or the whole file when it has
 * none of these.
 *
 * @throws {SettingsFileError} for sections mixed with keys outside of them
 */
export function sectionsOf(file: SettingsFile, rules: SectionRules): readonly Section[] {
  const names = Object.keys(file.data)
  const allowed = rules.environments?.map((name) => name.toLowerCase())
  const own = ownSections(names, rules.environment)
  const isSection = (name: string) => {
    const lower = name.toLowerCase()
    return isPlainTable(file.data[name]) && (lower === 'default' || lower === 'global' || own.includes(name) || allowed?.includes(lower))
  }
  if (!names.some(isSection)) return [{ name: '', table: file.data }]
  for (const name of names.filter((candidate) => !isSection(candidate))) {
    const isTable = isPlainTable(file.data[name])
    const isOther = isTable && namesOf(name).some((one) => allowed?.includes(one.toLowerCase()))
    if (isOther) continue
    if (!isTable || allowed || rules.isSetting(name)) throw strayKey(file, name, isTable && allowed !== undefined)
    if (!isCommonName(name)) {
      rules.warn(
        `${shownPath(file.path)}: [${name}] is read as the section of an environment "${name}", which is not in use; a table for every environment is [default.${name}]`,
      )
    }
  }
  const sections = (wanted: readonly string[]) =>
    wanted.filter((name) => isPlainTable(file.data[name])).map((name) => ({ name, table: file.data[name] as Record<string, unknown> }))
  const named = (wanted: string) => sections(names.filter((name) => name.toLowerCase() === wanted))
  return [...named('default'), ...sections(own.filter((name) => !['default', 'global'].includes(name.toLowerCase()))), ...named('global')]
}

/** The sections of the environment: by its own name, or else by another name for it, `[prod]` for "production". */
function ownSections(names: readonly string[], environment: string): readonly string[] {
  const exact = names.filter((name) => name.toLowerCase() === environment.toLowerCase())
  return exact.length > 0 ? exact : names.filter((name) => isSameEnvironment(environment, name))
}

/** The tables of a file that are named like environments. */
export function environmentsIn(file: SettingsFile): readonly string[] {
  return Object.keys(file.data).filter((name) => isCommonName(name) && isPlainTable(file.data[name]))
}

export function isCommonName(name: string): boolean {
  return COMMON.has(name.toLowerCase())
}

function strayKey(file: SettingsFile, key: string, isUnknownSection: boolean): SettingsFileError {
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
