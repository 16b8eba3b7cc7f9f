import { resolve } from 'node:path'
import { mergeToken } from './language/merge-token.js'
import { evaluateToken } from './language/token.js'
import { issueText } from './report/issue-text.js'
import { report } from './report/report.js'
import { unknownKeys } from './report/unknown-keys.js'
import { unknownPaths } from './report/unknown-paths.js'
import { ANY } from './schema/build-shape.js'
import { defaultAssignments } from './schema/defaults.js'
import { readByShape } from './schema/read-by-shape.js'
import { brokenRules } from './schema/rules.js'
import { pathOfIssue } from './schema/schema-types.js'
import { type Shape, type ShapeKind, shapeAt } from './schema/shape.js'
import { type Validated, validate } from './schema/validate.js'
import { SecretPaths } from './secrets/secret-paths.js'
import { secretValuesOf } from './secrets/secret-values.js'
import type { Setup } from './setup.js'
import type { Assignment } from './sources/origin.js'
import { readSources, type Sources } from './sources/read-sources.js'
import { saysIndex } from './sources/said-at.js'
import { frozenCopy } from './tree/frozen-copy.js'
import { pathKey, pathOf } from './tree/path.js'
import { type Complaint, childOf, type Node, nodeAt, Tree } from './tree/tree.js'

/** The result of one load of the settings. */
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
  const { options } = setup
  const sources = readSources(setup)
  const ignored = new Set(options.emptyIsUnset === undefined ? sources.assignments.filter((said) => isEmptyOfKind(said, setup.shape)) : [])
  let build = buildFrom(setup, sources, ignored)
  // Any other empty variable that the schema refuses counts as not set too: the value of the lower layers is tried instead.
  while (options.emptyIsUnset === undefined && ignoreEmpty(build, ignored)) build = buildFrom(setup, sources, ignored)

  const { tree, validated, secrets } = build
  const complaints = complaintsOf(setup, sources, build, ignored)
  const unknown = options.unknownKeys === 'ignore' ? [] : unknownKeys(tree.root, setup)
  const warnings = [...sources.warnings, ...unknownPaths(setup, tree.root)]
  if (options.unknownKeys === 'error') {
    const failed = new Set(complaints.map(({ path }) => pathKey(path)))
    complaints.push(...unknown.map(({ complaint }) => complaint).filter(({ path }) => !failed.has(pathKey(path))))
  } else warnings.push(...unknown.map(({ text }) => text))
  if (complaints.length > 0) throw report(setup, { complaints, warnings, sources })
  return {
    values: frozenCopy(validated.values, [], secrets) as object,
    assignments: build.assignments,
    secrets,
    freshKeys: new Set([...(options.fresh ?? []), ...sources.freshKeys].map((key) => pathOf(key)[0]?.toLowerCase() ?? '')),
    found: sources.found,
    warnings,
  }
}

const NEVER_EMPTY: ReadonlySet<ShapeKind> = new Set(['number', 'boolean', 'bigint', 'date', 'table'])

/** An empty variable where no empty text can be meant. The schema is not asked: zod's `z.coerce.number()` makes 0 of it. */
function isEmptyOfKind({ raw, path }: Assignment, shape: Shape | undefined): boolean {
  const { kind, takesText } = (raw === '' && shapeAt(shape, path)) || ANY
  return NEVER_EMPTY.has(kind) && !takesText
}

interface Build {
  readonly assignments: readonly Assignment[]
  readonly secrets: SecretPaths
  readonly tree: Tree
  readonly validated: Validated
}

function buildFrom(setup: Setup, sources: Sources, ignored: ReadonlySet<Assignment>): Build {
  const { options, shape, schema, areDefaultsInputs } = setup
  const secrets = new SecretPaths(options.secrets ?? [], shape)
  const outside = outsideOf(setup, sources, secrets)
  const tree = new Tree({
    shape,
    origin: { layer: 'default', name: 'schema', folder: setup.root },
    applyMergeToken: (assignment, base) => {
      const file = (path: string) => outside.file(path, assignment.origin.folder)
      const setting = () => {
        throw new Error('refers to another setting behind a merge token, where it cannot be looked up yet')
      }
      return mergeToken(assignment, {
        base,
        shape: shapeAt(shape, assignment.path),
        evaluate: (text) => evaluateToken(text, { variable: outside.variable, file, setting }),
        read: readByShape,
      })
    },
  })
  const said = ignored.size === 0 ? sources.assignments : sources.assignments.filter((assignment) => !ignored.has(assignment))
  const assignments = [...defaultAssignments(shape, saysIndex(said)), ...said]
  for (const assignment of assignments) tree.add(assignment)
  for (const path of tree.secretPaths) secrets.add(path)
  const validated = validate(schema, { root: tree.root, shape, areDefaultsInputs, outside, secrets })
  return { assignments, secrets, tree, validated }
}

/** Adds empty variables that the schema refused to `ignored`. @returns whether it added one */
function ignoreEmpty({ assignments, tree, validated }: Build, ignored: Set<Assignment>): boolean {
  const before = ignored.size
  const refused = new Set(validated.issues.map((issue) => pathKey(pathOfIssue(issue))))
  for (const assignment of assignments) {
    if (assignment.raw !== '' || !refused.has(pathKey(nodeAt(tree.root, assignment.path)?.path ?? assignment.path))) continue
    ignored.add(assignment)
  }
  return ignored.size > before
}

function complaintsOf(setup: Setup, sources: Sources, build: Build, ignored: ReadonlySet<Assignment>): Complaint[] {
  const { shape } = setup
  const { tree, validated, secrets } = build
  const complaints: Complaint[] = [...sources.complaints, ...tree.complaints, ...validated.resolver.complaints]
  const known = new Set(complaints.map(({ path }) => pathKey(path)))
  const isAnythingSaid = validated.issues.length > 0 || (setup.options.rules?.length ?? 0) > 0
  const secretValues = isAnythingSaid ? secretValuesOf(tree.root, validated, secrets) : []
  const empty = new Map([...ignored].map(({ path, origin }) => [pathKey(path), origin.name]))
  for (const issue of validated.issues) {
    const path = pathOfIssue(issue)
    // What is missing in a table that could not be read is no problem of its own.
    if (path.some((_, level) => known.has(pathKey(path.slice(0, level + 1))))) continue
    const text = issueText(issue, { shape, plain: validated.plain, secrets, secretValues })
    const variable = empty.get(pathKey(path))
    complaints.push({
      path,
      message: variable === undefined ? text : `${text}; ${variable} is set, but empty`,
      origin: originOf(tree.root, path),
    })
  }
  const failed = new Set(complaints.map(({ path }) => pathKey(path)))
  complaints.push(...brokenRules(setup, validated.values, { failed, secretValues }))
  return complaints
}

function outsideOf(setup: Setup, sources: Sources, secrets: SecretPaths) {
  const { env, files, names } = setup
  const isSecret = (name: string): boolean => {
    const found = names.find(name)
    const isFromEnv = env.get(name) !== undefined
    return (
      setup.isSecretVariable(name) ||
      (found !== undefined && secrets.has(found.path)) ||
      (!isFromEnv && sources.dotenv.get(name)?.isSecret === true)
    )
  }
  return {
    variable: (name: string) => ({ text: env.get(name) ?? sources.dotenv.get(name)?.text, isSecret: isSecret(name) }),
    file: (path: string, folder: string) => files.read(resolve(folder, path)),
  }
}

/** The source of the value at a path, or of the table or list around it. */
function originOf(root: Node, path: readonly string[]) {
  let node: Node | undefined = root
  for (const part of path) {
    if (node?.kind === 'leaf') break
    const next: Node | undefined = node && childOf(node, part)
    if (!next) return undefined
    node = next
  }
  return node === root || node?.origin.layer === 'default' ? undefined : node?.origin
}
