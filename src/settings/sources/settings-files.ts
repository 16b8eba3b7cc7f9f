import { readdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { SettingsFileError } from '../../shared/errors.js'
import { nearest } from '../../shared/nearest.js'
import { isSameEnvironment, namesOf } from '../environment.js'
import { CONFIG_DEFAULTS } from '../options.js'
import type { Setup } from '../setup.js'
import { pathOfKey } from '../tree/path.js'
import { TWIN_MESSAGE, twinKeys } from '../tree/tree.js'
import { shownPath } from './file-error.js'
import type { Findings } from './findings.js'
import type { Layer } from './origin.js'
import { environmentsIn, isCommonName, sectionsOf } from './sections.js'
import { parseSettingsFile, type SettingsFile } from './settings-file.js'

/** A settings file to read. It may have several names, one for each name of the environment; the first that is there counts. */
export interface WantedFile {
  readonly paths: readonly string[]
  readonly layer: Layer
  readonly mustExist: boolean
  readonly isOfEnvironment: boolean
}

/** The files to read, lowest first. `settings.local.toml` belongs to the environment "local" alone. */
export function wantedFiles(setup: Pick<Setup, 'options' | 'root' | 'environment'>): readonly WantedFile[] {
  const { options, root, environment } = setup
  const isLocal = environment.name.toLowerCase() === 'local'
  const wanted = (pattern: string, layer: Layer, isListed: boolean): WantedFile => {
    const isOfEnvironment = pattern.includes('{env}')
    const names = isOfEnvironment ? namesOf(environment.name).map((name) => pattern.replaceAll('{env}', name)) : [pattern]
    return { paths: names.map((name) => resolve(root, name)), layer, mustExist: isListed && !isOfEnvironment, isOfEnvironment }
  }
  const files = (options.files ?? CONFIG_DEFAULTS.files).map((pattern) => wanted(pattern, 'file', options.files !== undefined))
  const readable = files.filter(({ paths }) => isLocal || !isLocalFile(paths[0] ?? ''))
  const secrets = options.secretsFile ?? CONFIG_DEFAULTS.secretsFile
  return secrets === false ? readable : [...readable, wanted(secrets, 'secrets', false)]
}

export function isLocalFile(path: string): boolean {
  return /(?:^|\.)local\.(?:toml|json)$/i.test(basename(path))
}

/**
 * Reads the settings files into `findings`.
 *
 * @throws {SettingsFileError} for files that cannot be read or parsed, and for listed files that are missing
 */
export function readSettingsFiles(setup: Setup, findings: Findings): void {
  const missing: string[] = []
  const broken: SettingsFileError[] = []
  const others: string[] = []
  let hasOwn = false
  for (const { paths, layer, mustExist, isOfEnvironment } of wantedFiles(setup)) {
    try {
      const file = firstFile(setup, paths)
      if (!file && mustExist) missing.push(paths[0] ?? '')
      if (!file) continue
      findings.found.push(file.path)
      others.push(...environmentsIn(file))
      const hasSection = readSections(setup, file, layer, findings)
      hasOwn ||= isOfEnvironment || hasSection
    } catch (error) {
      if (!(error instanceof SettingsFileError)) throw error
      broken.push(error)
    }
  }
  const [first, ...more] = broken
  if (first && more.length === 0) throw first
  if (first) throw new SettingsFileError(broken.map((error) => error.message).join('\n'), { file: first.file })
  // None of the listed files being there is a warning with every path, as it is for the default files.
  if (findings.found.length > 0 && missing[0] !== undefined) throw missingFile(missing)
  if (findings.found.length === 0 && setup.wantsFiles) findings.warnings.push(noFileText(setup))
  if (!hasOwn && setup.environment.chosenBy !== 'default') warnOfStrangeEnvironment(setup, others, findings)
}

export function missingFile(paths: readonly string[]): SettingsFileError {
  const names = paths.map(shownPath).join(', ')
  return new SettingsFileError(`${names} ${paths.length === 1 ? 'is' : 'are'} listed in the settings' files, but not there`, {
    file: paths[0] ?? '',
  })
}

/** The first of several files that is there, by way of the store and the parse cache. */
export function firstFile(setup: Pick<Setup, 'files' | 'parsed'>, paths: readonly string[]): SettingsFile | undefined {
  for (const path of paths) {
    const text = setup.files.read(path)
    if (text === undefined) continue
    const known = setup.parsed.get(path)
    if (known?.text === text) return known.file
    const file = parseSettingsFile(path, text)
    setup.parsed.set(path, { text, file })
    return file
  }
  return undefined
}

/** @returns whether one of the sections is the environment's */
function readSections(setup: Setup, file: SettingsFile, layer: Layer, findings: Findings): boolean {
  const { options, environment, shape } = setup
  const isSetting = (key: string) => shape?.entries?.has(key.toLowerCase()) ?? false
  const warn = (message: string) => findings.warnings.push(message)
  const sections = sectionsOf(file, { environment: environment.name, environments: options.environments, isSetting, warn })
  const folder = dirname(file.path)
  for (const section of sections) {
    const line = (path: readonly string[]) => file.lineOf(section.name, path)
    const origin = { layer, name: shownPath(file.path), folder, line, ...(section.name === '' ? {} : { section: section.name }) }
    const twins = twinKeys(section.table)
    for (const [key, value] of Object.entries(section.table)) {
      const path = isSetting(key) ? [key] : pathOfKey(key)
      if (twins.has(key)) findings.complaints.push({ path, message: TWIN_MESSAGE, origin })
      findings.assignments.push({ path, value, origin, isSecret: layer === 'secrets' })
    }
  }
  return sections.some(({ name }) => isSameEnvironment(environment.name, name))
}

function noFileText(setup: Setup): string {
  const paths = wantedFiles(setup).flatMap((file) => file.paths)
  const others = namesIn(setup.root).filter((name) => /^settings\.(?:[\w-]+\.)?(?:json|ya?ml)$/.test(name))
  const hint =
    others.length === 0 ? '' : ` (${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} there, but not listed in the option "files")`
  return `no settings file found; looked for ${paths.map(shownPath).join(', ')}${hint}`
}

/** `NODE_ENV=prdo` beside `settings.prod.toml` would run on the values for every environment, and nobody would notice. */
function warnOfStrangeEnvironment(setup: Setup, sections: readonly string[], findings: Findings): void {
  const { name, chosenBy } = setup.environment
  const patterns = (setup.options.files ?? CONFIG_DEFAULTS.files).filter((pattern) => pattern.includes('{env}'))
  const files = patterns.flatMap((pattern) => {
    const [before = '', after = ''] = basename(pattern).split('{env}')
    const folder = dirname(resolve(setup.root, pattern))
    const found = namesIn(folder).filter(
      (file) => file.startsWith(before) && file.endsWith(after) && file.length > before.length + after.length,
    )
    return found.map((file) => file.slice(before.length, file.length - after.length))
  })
  const others = [...new Set([...files, ...sections.filter(isCommonName).map((section) => section.toLowerCase())])]
  if (others.length === 0) return
  const near = nearest(name, others)
  findings.warnings.push(
    `no settings file and no section belongs to the environment "${name}" (chosen by ${chosenBy}); there are ${others.join(', ')}${near === undefined ? '' : `: did you mean "${near}"?`}`,
  )
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder, '.')).sort()
  } catch {
    // Only for a hint: a folder that cannot be listed gives none.
    return []
  }
}
