import type { Receipt } from '../entities/written.js'
import { isSame } from '../file-format/canonical.js'
import { type FileSet, keyOf, type LockedEntity } from '../file-format/folder/file-set.js'
import { LOCK_NAME, printLock, readLock, withProject } from '../file-format/folder/lock-file.js'
import { SafeFolder } from '../file-format/folder/safe-folder.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { checkMeta } from '../shared/arguments.js'
import { FilesError, InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import type { OnProgress } from './progress.js'
import { type PlannedFile, type PushBase, planPush, refuseConflicts } from './push-plan.js'
import { kindsOf, readStored, writeVersion } from './stored-heads.js'

export interface DiffFilesOptions {
  /** Only entities of these names. @default all */
  readonly names?: readonly string[]
  /** @default the manager's project */
  readonly project?: string
  /** Files that the store is expected to hold, instead of what the lock says: those of the commit that was pushed last. */
  readonly base?: FileSet
}

export interface PushFilesOptions extends DiffFilesOptions {
  /** The label that is given to new versions; `null` for none. @default 'staging' */
  readonly label?: string | null
  /** Says what would be written, and writes nothing. @default false */
  readonly dryRun?: boolean
  /** For the changelog. */
  readonly message?: string
  /** For the changelog. */
  readonly changedBy?: string
  /** Waits until every worker serves the push, at most this many milliseconds. */
  readonly waitForWorkers?: number
  /** Aborted: nothing is written, unless everything is already; then the wait for workers ends. */
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

const PUSH_OPTIONS = ['names', 'project', 'base', 'label', 'dryRun', 'message', 'changedBy', 'waitForWorkers', 'signal', 'onProgress']

export interface PushReport {
  /** The revision of the push; absent when there was nothing to write, or for a dry run. */
  readonly revision?: number
  readonly written: readonly {
    readonly path: string
    readonly kind: string
    readonly name: string
    readonly version: number
    readonly from?: number
  }[]
  /** Files that there was nothing to write for. */
  readonly unchanged: number
  readonly dryRun: boolean
  readonly propagated?: boolean
  readonly receipt?: Receipt
}

/**
 * Writes new versions for files whose content changed since they were pulled, in one transaction: every worker sees all of them or none. When
 * the set was read from a folder and not compared with a `base`, the lock of the folder is brought up to date.
 *
 * @throws {FilesError} when a file of the set could not be read
 * @throws {FileConflictError} when the store has a version that a changed file is not based on; nothing is written
 * @throws {InvalidArgumentError} when the lock cannot be written; nothing is written, unless the folder became so meanwhile
 * @throws as `createVersion` of each kind does; nothing is written
 */
export async function pushFiles(manager: ConfigurationManager, set: FileSet, options: PushFilesOptions = {}): Promise<PushReport> {
  checkKeys(options, PUSH_OPTIONS, 'options')
  const { label = 'staging', dryRun = false, signal, onProgress } = options
  await manager.ready()
  const project = options.project ?? manager.project
  if (dryRun) {
    const plan = await diffFiles(manager, set, diffOptions(options))
    refuseConflicts(plan)
    return { ...reportOf(plan, new Map()), dryRun }
  }
  if (set.problems.length > 0) throw new FilesError(set.problems)
  checkMeta({ waitForWorkers: options.waitForWorkers })
  const meta = {
    ...(options.changedBy !== undefined && { changedBy: options.changedBy }),
    ...(options.message !== undefined && { summary: options.message }),
  }
  const versions = new Map<string, number>()
  const locked = options.base === undefined ? set.directory : undefined
  const { value: plan, facts } = await manager.transactionWithFacts(async (sources) => {
    // The transaction holds the revision: no other write can come between this and the commit.
    const stored = await readStored(sources, kindsOf(manager), project)
    const planned = planPush(chosen(set, options.names), stored, baseOf(set, options, manager, project))
    refuseConflicts(planned)
    const isNews = planned.some(({ action }) => action !== 'same')
    if (locked !== undefined && isNews) new SafeFolder(locked).refuseUnwritable(LOCK_NAME)
    const total = planned.filter(({ action }) => action === 'create' || action === 'change').length
    for (const { file, action } of planned) {
      if (action !== 'create' && action !== 'change') continue
      signal?.throwIfAborted()
      const kind = kindOf(manager, file.kind)
      versions.set(keyOf(file), await writeVersion(sources, kind, { ...file, project, labels: label === null ? [] : [label], meta }))
      onProgress?.({ doing: 'written', done: versions.size, total })
    }
    signal?.throwIfAborted()
    return planned
  }, meta)
  // Before the wait: when the process is ended meanwhile, the versions are written and the lock names them.
  if (locked !== undefined) lock(locked, manager, project, facts.revision, plan, versions)
  const isAwaited = options.waitForWorkers !== undefined && versions.size > 0
  const receipt = isAwaited ? await manager.waitForWorkers(facts.revision, options.waitForWorkers as number, signal) : undefined
  return {
    ...reportOf(plan, versions),
    dryRun,
    ...(versions.size > 0 && { revision: facts.revision }),
    ...(facts.propagated !== undefined && { propagated: facts.propagated }),
    ...(receipt && { receipt }),
  }
}

/**
 * What `pushFiles` would do with each file.
 *
 * @throws {FilesError} when a file of the set could not be read
 */
export async function diffFiles(
  manager: ConfigurationManager,
  set: FileSet,
  options: DiffFilesOptions = {},
): Promise<readonly PlannedFile[]> {
  checkKeys(options, ['names', 'project', 'base'], 'options')
  if (set.problems.length > 0) throw new FilesError(set.problems)
  await manager.ready()
  const project = options.project ?? manager.project
  const stored = await readStored(manager as never, kindsOf(manager), project)
  return planPush(chosen(set, options.names), stored, baseOf(set, options, manager, project))
}

function diffOptions({ names, project, base }: PushFilesOptions): DiffFilesOptions {
  return { ...(names && { names }), ...(project !== undefined && { project }), ...(base && { base }) }
}

function baseOf(set: FileSet, { base }: DiffFilesOptions, manager: ConfigurationManager, project: string): PushBase {
  return { locked: set.lock[String(manager.databaseName)]?.[project]?.entities ?? {}, ...(base && { files: base }) }
}

/** @throws {InvalidArgumentError} when a name has no file */
export function chosen(set: FileSet, names: readonly string[] | undefined): FileSet['files'] {
  if (names === undefined || names.length === 0) return set.files
  const unknown = names.find((name) => !set.files.some((file) => file.name === name))
  if (unknown !== undefined) throw new InvalidArgumentError('names', `must be names of files, and "${unknown}" is none`)
  return set.files.filter((file) => names.includes(file.name))
}

function kindOf(manager: ConfigurationManager, kind: string) {
  const known = kindsOf(manager).find((one) => one.kind === kind)
  if (!known)
    throw new InvalidArgumentError(
      'files',
      `must be of kinds that the manager knows, and "${kind}" is none: give it to createConfigManager({ kinds })`,
    )
  return known
}

function reportOf(plan: readonly PlannedFile[], versions: ReadonlyMap<string, number>): Pick<PushReport, 'written' | 'unchanged'> {
  const written = plan
    .filter(({ action }) => action === 'create' || action === 'change')
    .map(({ file: { path, kind, name }, stored }) => ({
      path,
      kind,
      name,
      version: versions.get(keyOf({ kind, name })) ?? (stored?.version ?? 0) + 1,
      ...(stored && { from: stored.version }),
    }))
  return { written, unchanged: plan.length - written.length }
}

function lock(
  directory: string,
  manager: ConfigurationManager,
  project: string,
  revision: number,
  plan: readonly PlannedFile[],
  versions: ReadonlyMap<string, number>,
): void {
  const folder = new SafeFolder(directory)
  // Read again: another push of this folder may have ended meanwhile.
  const before = readLock(folder) ?? {}
  const database = String(manager.databaseName)
  const known = before[database]?.[project]
  const entities: Record<string, LockedEntity> = { ...known?.entities }
  for (const { file, hash, stored } of plan) {
    const version = versions.get(keyOf(file))
    if (version !== undefined) entities[keyOf(file)] = { version, hash }
    else if (stored?.hash === hash) entities[keyOf(file)] = { version: stored.version, hash }
  }
  // The revision alone is no reason to touch the lock: a push of nothing leaves the folder as it is.
  if (known && isSame(entities, known.entities)) return
  const text = printLock(withProject(before, database, project, { revision: Math.max(revision, known?.revision ?? 0), entities }))
  try {
    folder.change(new Map([[LOCK_NAME, text]]))
  } catch (cause) {
    if (versions.size === 0) throw cause
    const problem = `must be writable: revision ${revision} was written, and ${LOCK_NAME} was not. Push again, which then writes ${LOCK_NAME} alone`
    throw Object.assign(new InvalidArgumentError('directory', problem), { cause })
  }
}
