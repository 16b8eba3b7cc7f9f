import { execFile } from 'node:child_process'
import { relative } from 'node:path'
import { promisify } from 'node:util'
import { kindsOfFiles } from '../file-format/file-kind.js'
import type { ConfigFile, FileSet } from '../file-format/folder/file-set.js'
import { readFile } from '../file-format/folder/read-config-files.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import { UsageError } from './command.js'

const MAX_BYTES = 256 * 1024 * 1024

/**
 * The folder as a commit has it. A file that cannot be read there is as if it were not there.
 *
 * @throws {UsageError} when there is no such commit, or no git
 */
export async function filesAt(ref: string, directory: string, declared: readonly AnyHostKind[]): Promise<FileSet> {
  // What GitHub calls the commit before the first one of a branch.
  if (/^0{40}(0{24})?$/.test(ref)) return { files: [], problems: [], lock: {} }
  if (ref.startsWith('-')) throw new UsageError(`--base must name a commit, got "${ref.slice(0, 40)}"`)
  const root = (await git(directory, ['rev-parse', '--show-toplevel'], ref)).trim()
  const commit = (await git(root, ['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], ref)).trim()
  const folder = relative(root, directory).replaceAll('\\', '/')
  const listed = await git(root, ['ls-tree', '-r', '-z', commit, '--', `${folder}/`], ref)
  const kinds = kindsOfFiles(declared)
  const files: ConfigFile[] = []
  for (const line of listed.split('\0')) {
    const match = /^100\d{3} blob (\w+)\t(.*)$/su.exec(line)
    if (!match) continue
    const text = await git(root, ['cat-file', 'blob', match[1] as string], ref)
    const read = readFile({ path: (match[2] as string).slice(folder === '' ? 0 : folder.length + 1), text }, kinds)
    if (!Array.isArray(read)) files.push(read as ConfigFile)
  }
  return { files, problems: [], lock: {} }
}

async function git(cwd: string, args: readonly string[], ref: string): Promise<string> {
  try {
    return (await promisify(execFile)('git', args, { cwd, maxBuffer: MAX_BYTES })).stdout
  } catch (cause) {
    throw Object.assign(new UsageError(`--base: git does not know the commit "${ref}" in ${cwd}; in CI, check out with enough history`), {
      cause,
    })
  }
}
