import { resolve } from 'node:path'
import type { Setup } from '../setup.js'
import { isPlainTable, pathKey, pathOf } from '../tree/path.js'
import { readDotenvFiles } from './dotenv-files.js'
import type { Findings } from './findings.js'
import type { Assignment, Layer } from './origin.js'
import { says } from './said-at.js'
import { readSecretsDirectories } from './secrets-directory.js'
import { readSettingsFiles } from './settings-files.js'
import type { Variable } from './variable.js'
import { assignmentsOf, targetsOf, type VariableRules } from './variables.js'

/** The values of all sources, lowest layer first, without the schema's defaults. */
export interface Sources extends Readonly<Findings> {
  /** Keys that `[default.fresh_vars]` names. */
  readonly freshKeys: readonly string[]
}

/** @throws {SettingsFileError} for files that cannot be read or parsed, and for listed files that are missing */
export function readSources(setup: Setup): Sources {
  const { options, root } = setup
  const findings: Findings = { assignments: [], complaints: [], dotenv: new Map(), found: [], warnings: [] }
  const variables = setup.env.variables(root)
  setup.files.begin()

  const dotenvFiles = readDotenvFiles(setup, findings)
  readSettingsFiles(setup, findings)
  readSecretsDirectories(setup, findings)
  readVariables(setup, [...dotenvFiles.map((said) => ({ said, layer: 'dotenv' as const })), { said: variables, layer: 'env' }], findings)
  for (const [key, value] of Object.entries(options.overrides ?? {})) {
    const origin = { layer: 'override' as const, name: 'overrides', folder: root }
    if (value !== undefined) findings.assignments.push({ path: pathOf(key), value, origin, isSecret: false })
  }
  return { ...findings, freshKeys: freshKeysOf(findings.assignments) }
}

interface VariableLayer {
  readonly said: readonly Variable[]
  readonly layer: Layer
}

function readVariables(setup: Setup, layers: readonly VariableLayer[], findings: Findings): void {
  const { options, shape, files, names } = setup
  const below = [...findings.assignments]
  const overridden = new Set(Object.keys(options.overrides ?? {}).map((key) => pathKey(pathOf(key))))
  for (const [index, { said, layer }] of layers.entries()) {
    const rules: VariableRules = {
      layer,
      names,
      shape,
      isEmptyUnset: options.emptyIsUnset === true,
      isSaid: (path) => below.some((assignment) => says(assignment, path)),
      isSaidAbove: (path) => {
        const key = pathKey(path)
        return (
          overridden.has(key) ||
          layers.slice(index + 1).some((above) => targetsOf(above.said, rules).some((one) => pathKey(one.path) === key))
        )
      },
      readFile: (path, folder) => files.read(resolve(folder, path)),
      complain: (variable, path, message) => {
        findings.complaints.push({ path, message, origin: { layer, name: variable, folder: setup.root } })
      },
    }
    const assignments = assignmentsOf(said, rules)
    below.push(...assignments)
    for (const assignment of assignments) findings.assignments.push(assignment)
  }
}

function freshKeysOf(assignments: readonly Assignment[]): string[] {
  return assignments.flatMap(({ path, value }) => {
    if (path.length !== 1 || path[0]?.toLowerCase() !== 'fresh_vars' || !isPlainTable(value)) return []
    return Object.keys(value).filter((key) => value[key] === true)
  })
}
