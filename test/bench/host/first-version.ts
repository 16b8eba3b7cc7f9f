import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The last commit of version 0.1.0, whose admin page stood in examples/express-host. */
const COMMIT = '619d5edda4730fe17b58cb10449c31959c4a6c77'
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * The sources of the first version, taken out of this repository's history once, with the packages that are installed here.
 *
 * @throws {Error} where the history is not there: in a shallow clone, or an archive
 */
export function firstVersion(): string {
  const folder = join(ROOT, '.cache', `first-version-${COMMIT}`)
  if (existsSync(folder)) return folder
  const draft = `${folder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  try {
    const archive = execFileSync('git', ['archive', COMMIT], { cwd: ROOT, maxBuffer: 100_000_000, stdio: ['ignore', 'pipe', 'ignore'] })
    execFileSync('tar', ['-x', '-C', draft], { input: archive })
  } catch (cause) {
    rmSync(draft, { recursive: true })
    throw new Error(`Commit ${COMMIT} is not in this clone. Fetch the whole history: git fetch --unshallow`, { cause })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'))
  renameSync(draft, folder)
  return folder
}
