import { join, resolve } from 'node:path'
import { shapeAt } from '../schema/shape.js'
import type { Setup } from '../setup.js'
import { pathOf, pathOfKey } from '../tree/path.js'
import { shownPath } from './file-error.js'
import type { Findings } from './findings.js'
import type { Assignment } from './origin.js'
import { exactKey } from './variable-twins.js'
import { literalValue } from './variables.js'

/**
 * Reads directories that hold one file for each secret, as Docker (`/run/secrets`), Kubernetes and systemd (`$CREDENTIALS_DIRECTORY`)
 * mount them. The name of a file is the name of a setting, with or without the prefix, in any case; a file that names no setting of the
 * schema is left alone, and so is a directory that is not there.
 */
export function readSecretsDirectories(setup: Setup, findings: Findings): void {
  const { secretsDirectory = [] } = setup.options
  for (const listed of typeof secretsDirectory === 'string' ? [secretsDirectory] : secretsDirectory) {
    // `process.env.CREDENTIALS_DIRECTORY ?? ''` is no directory; resolved, it would be the root.
    if (listed === '') continue
    const folder = resolve(setup.root, listed)
    for (const secret of secretsIn(folder, setup, findings)) findings.assignments.push(secret)
  }
}

/** Tables before what is in them, as for variables. */
function secretsIn(folder: string, setup: Setup, findings: Findings): readonly Assignment[] {
  const found = new Map<string, Assignment>()
  for (const name of setup.files.list(folder)) {
    const path = pathOfSecret(name, setup)
    const content = path && setup.files.readIfFile(join(folder, name))
    if (path === undefined || content === undefined) continue
    const origin = { layer: 'secrets' as const, name: shownPath(join(folder, name)), folder }
    const secret = literalValue(content, path, setup.shape, origin)
    const twin = found.get(exactKey(setup.shape, path))
    if (twin && twin.raw !== secret.raw) {
      findings.complaints.push({ path, message: `is set twice, by ${twin.origin.name} and by ${origin.name}: remove one of them`, origin })
    }
    found.set(exactKey(setup.shape, path), secret)
  }
  return [...found.values()].sort((left, right) => left.path.length - right.path.length)
}

/** Hidden files are left out: Kubernetes keeps its `..data` there. */
function pathOfSecret(name: string, setup: Setup): readonly string[] | undefined {
  if (name.startsWith('.')) return undefined
  const start = setup.prefix === undefined ? undefined : `${setup.prefix}_`
  const isPrefixed = start !== undefined && name.toUpperCase().startsWith(start)
  const key = isPrefixed ? name.slice(start.length) : name
  const entries = setup.shape?.entries
  if (entries?.has(key.toLowerCase())) return [key]
  const path = pathOfKey(key)
  // Names in Kubernetes may hold dots, which begin a level where the schema has one.
  if (key.includes('.') && shapeAt(setup.shape, pathOf(key))) return pathOf(key)
  return isPrefixed || !entries || entries.has(path[0]?.toLowerCase() ?? '') ? path : undefined
}
