import { dirname, resolve } from 'node:path'
import { namesOf } from '../environment.js'
import type { Setup } from '../setup.js'
import { type DotenvFile, dotenvNames, firstDotenv } from './dotenv-lookup.js'
import { shownPath } from './file-error.js'
import type { Findings } from './findings.js'
import { missingFile } from './settings-files.js'
import type { Variable } from './variable.js'

/**
 * The variables of `.env`, `.env.local`, `.env.{env}` and `.env.{env}.local`, each file over the ones before. A later file may use
 * variables of an earlier one.
 *
 * @throws {SettingsFileError} for a file that the option names and that is missing
 */
export function readDotenvFiles(setup: Setup, findings: Findings): readonly (readonly Variable[])[] {
  const { options, root, environment } = setup
  const said = new Map<string, string>()
  const seen = new Set<string>()
  return dotenvEndings(environment.name).flatMap((endings) => {
    return dotenvNames(options).map((name): readonly Variable[] => {
      const file = firstDotenv(
        setup,
        endings.map((ending) => name + ending),
        said,
      )
      const isListed = options.dotenv !== true && options.dotenv !== undefined && endings.includes('')
      if (!file && isListed) throw missingFile([resolve(root, name)])
      // In the environment "local" the names `.env.local` and `.env.{env}` are one file.
      if (!file || seen.has(file.path)) return []
      seen.add(file.path)
      return variablesOf(setup, file, findings)
    })
  })
}

function dotenvEndings(environment: string): readonly (readonly string[])[] {
  const names = namesOf(environment)
  return [[''], ['.local'], names.map((name) => `.${name}`), names.map((name) => `.${name}.local`)]
}

function variablesOf(setup: Setup, file: DotenvFile, findings: Findings): readonly Variable[] {
  const shown = shownPath(file.path)
  for (const { line, message } of file.warnings) findings.warnings.push(`${shown}:${line} ${message}`)
  for (const { line, message } of file.errors) {
    findings.complaints.push({ path: [`${shown}:${line}`], message, origin: undefined })
  }
  return file.variables.map(({ name, text, line, uses }) => {
    // A value that contains an expanded secret is a secret.
    const isSecret = uses.some((used) => setup.isSecretVariable(used) || findings.dotenv.get(used)?.isSecret === true)
    const variable = { name, text, line, isSecret, shown, folder: dirname(file.path) }
    findings.dotenv.set(name, variable)
    return variable
  })
}
