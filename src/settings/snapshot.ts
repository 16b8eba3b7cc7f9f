import { resolve } from 'node:path'
import { mergeToken } from './language/merge-token.js'
import { evaluateToken } from './language/token.js'
import { issueText } from './report/issue-text.js'
import { report } from './report/report.js'
import { unknownKeys } from './report/unknown-keys.js'
import { defaultAssignments } from './schema/defaults.js'
import { brokenRules } from './schema/rules.js'
import { pathOfIssue } from './schema/schema-types.js'
import { validate } from './schema/validate.js'
import { isNamedLikeSecret } from './secrets/redact.js'
import { SecretPaths } from './secrets/secret-paths.js'
import type { Setup } from './setup.js'
import type { Assignment } from './sources/origin.js'
import { readSources, type Sources } from './sources/read-sources.js'
import { says } from './sources/said-at.js'
import { pathOfVariable } from './sources/variables.js'
import { frozenCopy } from './tree/frozen-copy.js'
import { pathKey } from './tree/path.js'
import { Resolver } from './tree/resolve.js'
import { type Complaint, leavesOf, type Node, Tree } from './tree/tree.js'

/** Everything one load of the settings gave. */
export interface Snapshot {
  readonly values: object
  readonly assignments: readonly Assignment[]
  readonly secrets: SecretPaths
  readonly freshKeys: ReadonlySet<string>
  readonly found: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Reads every source and builds one snapshot, all or nothing.
 *
 * @throws {SettingsFileError} when a file cannot be used
 * @throws {SettingsError} with every other problem at once
 */
export function takeSnapshot(setup: Setup): Snapshot {
  const { options, shape, schema } = setup
  const sources = readSources(setup)
  const secrets = new SecretPaths(options.secrets ?? [], shape)
  const outside = outsideOf(setup, sources, secrets)
  const tree = new Tree({
    shape,
    origin: { layer: 'default', name: 'schema', folder: setup.root },
    applyMergeToken: (assignment, base) =>
      mergeToken(assignment, base, (text) => {
        const file = (path: string) => outside.file(path, assignment.origin.folder)
        const setting = () => {
          throw new Error('refers to another setting behind a merge token, where it cannot be looked up yet')
        }
        return evaluateToken(text, { variable: outside.variable, file, setting })
      }),
  })
  const defaults = defaultAssignments(shape, (path) => sources.assignments.some((assignment) => says(assignment, path)))
  const assignments = [...defaults, ...sources.assignments]
  for (const assignment of assignments) tree.add(assignment)
  for (const path of tree.secretPaths) secrets.add(path)

  const resolver = (readings: ReadonlyMap<string, unknown>) => new Resolver({ root: tree.root, outside, secrets, readings })
  const validated = validate({ schema, shape, root: tree.root, resolve: resolver })
  const isSecret = (path: readonly string[]) => secrets.has(path)
  const complaints: Complaint[] = [...sources.complaints, ...tree.complaints, ...validated.resolver.complaints]
  const known = new Set(complaints.map(({ path }) => pathKey(path)))
  const secretValues = secretValuesOf(tree.root, validated.resolver, secrets)
  for (const issue of validated.issues) {
    const path = pathOfIssue(issue)
    if (known.has(pathKey(path))) continue
    complaints.push({
      path,
      message: issueText(issue, { shape, plain: validated.plain, isSecret, secretValues }),
      origin: originOf(tree.root, path),
    })
  }
  const failed = new Set(complaints.map(({ path }) => pathKey(path)))
  complaints.push(...brokenRules(setup, validated.values, { failed, secretValues }))
  const unknown = options.unknownKeys === 'ignore' ? [] : unknownKeys(tree.root, setup)
  const warnings = [...sources.warnings, ...(options.unknownKeys === 'error' ? [] : unknown.map(({ text }) => text))]
  if (options.unknownKeys === 'error')
    complaints.push(...unknown.map(({ complaint }) => complaint).filter(({ path }) => !failed.has(pathKey(path))))
  if (complaints.length > 0) throw report(setup, { complaints, warnings, sources })
  return {
    values: frozenCopy(validated.values, [], isSecret) as object,
    assignments,
    secrets,
    freshKeys: new Set([...(options.fresh ?? []), ...sources.freshKeys].map((key) => key.split(/\.|__/, 1)[0]?.toLowerCase() ?? '')),
    found: sources.found,
    warnings,
  }
}

function outsideOf(setup: Setup, sources: Sources, secrets: SecretPaths) {
  const { env, files, prefix, shape } = setup
  const isSecret = (name: string): boolean => {
    const path = pathOfVariable(name, prefix, shape)
    return isNamedLikeSecret(name) || (path !== undefined && secrets.has(path))
  }
  return {
    variable: (name: string) => {
      const text = env.get(name) ?? sources.dotenv.get(name)?.text
      return text === undefined ? undefined : { text, isSecret: isSecret(name) }
    },
    file: (path: string, folder: string) => files.read(resolve(folder, path)),
  }
}

/** Whoever said the value at a path, or the table or list around it. */
function originOf(root: Node, path: readonly string[]) {
  let node: Node | undefined = root
  for (const part of path) {
    if (node?.kind === 'leaf') break
    const next: Node | undefined = node?.entries.get(part.toLowerCase())
    if (!next) return undefined
    node = next
  }
  return node === root || node?.origin.layer === 'default' ? undefined : node?.origin
}

function secretValuesOf(root: Node, resolver: Resolver, secrets: SecretPaths): unknown[] {
  const values: unknown[] = []
  for (const leaf of leavesOf(root)) {
    if (!secrets.has(leaf.path)) continue
    const { value, raw } = resolver.evaluated(leaf)
    collect(value, values)
    if (raw !== undefined) values.push(raw)
  }
  return values
}

function collect(value: unknown, into: unknown[]): void {
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) collect(item, into)
  else if (typeof value === 'string' || typeof value === 'number') into.push(value)
}
