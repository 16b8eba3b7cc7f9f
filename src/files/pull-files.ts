import { isSame } from '../file-format/canonical.js'
import { printEntity } from '../file-format/entity-file.js'
import { type ConfigFile, keyOf, type LockedEntity } from '../file-format/folder/file-set.js'
import { LOCK_NAME, printLock, withProject } from '../file-format/folder/lock-file.js'
import { readConfigFiles } from '../file-format/folder/read-config-files.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { FileConflictError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { hashOf } from './content-hash.js'
import type { OnProgress } from './progress.js'
import { isMeant, wantedVersions } from './wanted-versions.js'
import { fileOf, openFolder } from './write-config-files.js'

export interface PullFilesOptions {
  /** Only entities of these names. @default all */
  readonly names?: readonly string[]
  /** Only of this kind. @default all */
  readonly kind?: string
  /** The label whose versions are written; where no version carries it, the highest active one. @default each kind's own, 'production' */
  readonly label?: string
  /** @default the manager's project */
  readonly project?: string
  /** Deletes files of entities that the store does not have. @default false */
  readonly prune?: boolean
  /** Overwrites files that were changed since the lock. @default false */
  readonly force?: boolean
  /** Says what would be written, and writes nothing. @default false */
  readonly dryRun?: boolean
  readonly onProgress?: OnProgress
}

export interface PullReport {
  readonly revision: number
  readonly written: readonly { readonly path: string; readonly kind: string; readonly name: string; readonly version: number }[]
  readonly deleted: readonly string[]
  readonly unchanged: number
}

/**
 * Writes what is stored into a folder: all files and the lock, or nothing.
 *
 * @throws {FileConflictError} when a file was changed since the lock, or says something else and is in no lock
 * @throws {InvalidArgumentError} when a name is not stored, or a file cannot be written
 */
export async function pullFiles(manager: ConfigurationManager, directory: string, options: PullFilesOptions = {}): Promise<PullReport> {
  checkKeys(options, ['names', 'kind', 'label', 'project', 'prune', 'force', 'dryRun', 'onProgress'], 'options')
  await manager.ready()
  await manager.catchUp()
  const revision = manager.stats().revision ?? 0
  const project = options.project ?? manager.project
  const folder = openFolder(directory)
  const declared = manager.kinds.flatMap((kind): AnyHostKind[] => (kind.declared ? [kind.declared] : []))
  const set = readConfigFiles(directory, { kinds: declared })
  const database = String(manager.databaseName)
  const locked = set.lock[database]?.[project]?.entities ?? {}
  const { wanted, heads } = await wantedVersions(manager, project, options)
  const files = new Map(set.files.map((file) => [keyOf(file), file]))
  const broken = new Set(set.problems.map(({ path }) => path))

  const writes = new Map<string, string>()
  const entities: Record<string, LockedEntity> = { ...locked }
  const written: { path: string; kind: string; name: string; version: number }[] = []
  const changed: { file: Pick<ConfigFile, 'path' | 'kind' | 'name'>; stored: number | undefined }[] = []
  for (const [key, { kind, name, version, content, hash }] of wanted) {
    const file = files.get(key)
    const path = fileOf(kind, name)
    const head = heads.get(key)?.version
    entities[key] = { version, hash, ...(head !== undefined && head !== version && { head }) }
    if (file && hashOf(file.content) === hash) continue
    const isChanged = broken.has(path) || (file && hashOf(file.content) !== locked[key]?.hash)
    if (isChanged && !options.force) changed.push({ file: { path, kind: kind.kind, name }, stored: version })
    writes.set(path, printEntity(kind, content, file?.text))
    written.push({ path, kind: kind.kind, name, version })
  }
  const gone = options.prune ? [...files].filter(([key, file]) => !heads.has(key) && isMeant(file, options)) : []
  for (const [key, file] of gone) {
    delete entities[key]
    if (hashOf(file.content) !== locked[key]?.hash && !options.force) changed.push({ file, stored: undefined })
  }
  refuseChanged(changed, locked)
  const deleted = gone.map(([, { path }]) => path)
  const report = { revision, written, deleted, unchanged: wanted.size - written.length }
  if (options.dryRun) return report
  const lock = printLock(withProject(set.lock, database, project, { revision, entities }))
  // The lock is not rewritten when only its revision differs, so that pulling the same content twice changes no file.
  const isNews = set.lock[database]?.[project] === undefined || !isSame(entities, locked)
  if (isNews) writes.set(LOCK_NAME, lock)
  folder.change(writes, deleted)
  return report
}

function refuseChanged(
  changed: readonly { file: Pick<ConfigFile, 'path' | 'kind' | 'name'>; stored: number | undefined }[],
  locked: Readonly<Record<string, LockedEntity>>,
): void {
  const [first] = changed
  if (!first) return
  const conflicts = changed.map(({ file, stored }) => ({
    path: file.path,
    kind: file.kind,
    entity: file.name,
    base: locked[keyOf(file)]?.version,
    stored,
  }))
  const more = changed.length > 1 ? ` and ${changed.length - 1} more` : ''
  throw new FileConflictError(
    `${first.file.path}${more}: changed since it was pulled. Nothing was written. Push it, take it back in git, or pull with --force.`,
    conflicts,
  )
}
