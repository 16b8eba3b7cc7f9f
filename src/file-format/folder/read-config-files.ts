import type { AnyHostKind } from '../../kinds/define-kind.js'
import { checkStorable } from '../../shared/arguments.js'
import { isConfigError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import { parseEntity } from '../entity-file.js'
import { extensionOf, type KindOfFiles, kindsOfFiles } from '../file-kind.js'
import { nameAt, pathOf } from '../file-path.js'
import { FormatError } from '../problem.js'
import type { ConfigFile, FileProblem, FileSet } from './file-set.js'
import { LOCK_NAME, readLock } from './lock-file.js'
import { type FoundFile, SafeFolder } from './safe-folder.js'

export interface ReadConfigFilesOptions {
  /** The host's kinds that files are of. @default none */
  readonly kinds?: readonly AnyHostKind[]
}

/**
 * Reads a folder of configuration. A file that cannot be read is a problem of the set; symbolic links are not followed.
 *
 * @throws {InvalidArgumentError} when there is no such folder
 */
export function readConfigFiles(directory: string, options: ReadConfigFilesOptions = {}): FileSet {
  checkKeys(options, ['kinds'], 'options')
  const folder = new SafeFolder(directory)
  const kinds = kindsOfFiles(options.kinds)
  const found = folder.read(kinds.map(({ plural }) => plural))
  const read = found.map((file) => readFile(file, kinds))
  const lock = readLock(folder)
  return {
    directory: folder.directory,
    files: read.filter((file): file is ConfigFile => !Array.isArray(file)),
    problems: [
      ...strangers(folder, kinds),
      ...read.flatMap((file) => (Array.isArray(file) ? (file as FileProblem[]) : [])),
      ...(lock ? [] : [{ path: LOCK_NAME, line: 1, column: 1, message: 'is no lock file: take it back from git, or delete it and pull' }]),
    ],
    lock: lock ?? {},
  }
}

/** One file, from its text: for a set that comes from elsewhere than a folder, such as a commit. */
export function readFile(file: FoundFile, kinds: readonly KindOfFiles[]): ConfigFile | FileProblem[] {
  const { path, text } = file
  const atStart = (message: string): FileProblem[] => [{ path, line: 1, column: 1, message }]
  if (text === undefined) return atStart(file.refused ?? 'cannot be read')
  const kind = kinds.find(({ plural }) => path.startsWith(`${plural}/`))
  if (!kind) return atStart('is in no folder of a known kind')
  const extension = extensionOf(kind)
  const name = nameAt(path.slice(kind.plural.length + 1), extension)
  if (name === undefined) return atStart(`must end with ${extension}`)
  if (pathOf(kind.plural, name, extension) !== path) return atStart(`must be called ${pathOf(kind.plural, name, extension)}`)
  if (name.length > kind.maxNameLength)
    return atStart(`has a name of ${name.length} characters; a ${kind.noun} has at most ${kind.maxNameLength}`)
  try {
    checkStorable('name', name)
    return { kind: kind.kind, name, path, text, ...parseEntity(kind, text) }
  } catch (error) {
    if (error instanceof FormatError) return error.problems.map((problem) => ({ path, ...problem }))
    if (isConfigError(error) || error instanceof RangeError) return atStart(error.message)
    throw error
  }
}

/** Folders of no known kind: a typing error, or a host's kind that was not named. */
function strangers(folder: SafeFolder, kinds: readonly KindOfFiles[]): readonly FileProblem[] {
  return folder
    .top()
    .filter(({ name, isFolder }) => isFolder && !kinds.some(({ plural }) => plural === name))
    .map(({ name }) => ({
      path: name,
      line: 1,
      column: 1,
      message: `is the folder of no known kind (${kinds.map(({ plural }) => plural).join(', ')}); kinds of your own have to be named`,
    }))
}
