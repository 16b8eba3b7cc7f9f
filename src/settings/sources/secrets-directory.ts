import { join, resolve } from 'node:path'
import type { Setup } from '../setup.js'
import { pathOfKey } from '../tree/path.js'
import { shownPath } from './file-store.js'
import type { Findings } from './findings.js'
import { literalValue } from './variables.js'

/**
 * Reads directories that hold one file for each secret, as Docker (`/run/secrets`), Kubernetes and systemd (`$CREDENTIALS_DIRECTORY`)
 * mount them. The name of a file is the name of a setting, with or without the prefix, in any case; a file that names no setting of the
 * schema is left alone, and so is a directory that is not there.
 */
export function readSecretsDirectories(setup: Setup, findings: Findings): void {
  const { secretsDirectory = [] } = setup.options
  for (const listed of typeof secretsDirectory === 'string' ? [secretsDirectory] : secretsDirectory) {
    const folder = resolve(setup.root, listed)
    for (const name of setup.files.list(folder)) {
      const path = pathOfSecret(name, setup)
      const content = path && setup.files.readIfFile(join(folder, name))
      if (path === undefined || content === undefined) continue
      const origin = { layer: 'secrets' as const, name: shownPath(join(folder, name)), folder }
      findings.assignments.push(literalValue(content, path, setup.shape, origin))
    }
  }
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
  return isPrefixed || !entries || entries.has(path[0]?.toLowerCase() ?? '') ? path : undefined
}
