import { type ConfigFile, type FileSet, keyOf, type LockedEntity } from '../file-format/folder/file-set.js'
import { FileConflictError } from '../shared/errors.js'
import { hashOf } from './content-hash.js'
import type { StoredVersion } from './stored-heads.js'

/** What a push does with one file. */
export interface PlannedFile {
  readonly file: ConfigFile
  readonly hash: string
  /**
   * `same`: nothing, either because the store says it already or because the file was not changed. `conflict`: the store holds a version that
   * the file is not based on.
   */
  readonly action: 'create' | 'change' | 'same' | 'conflict'
  /** The highest active version that is stored. */
  readonly stored: StoredVersion | undefined
  /** The version that the file is based on, as far as the lock says. */
  readonly base: number | undefined
  /** Whether no version was stored since the file was pulled or pushed: the lock, or the commit that is compared with, has the stored one. */
  readonly isBasedOnStored: boolean
}

/** What files are compared with: the lock of the folder, and in CI, where that is mostly old, the files of a commit. */
export interface PushBase {
  readonly locked: Readonly<Record<string, LockedEntity>>
  readonly files?: FileSet
}

/** What a push would do with each file. */
export function planPush(files: readonly ConfigFile[], stored: ReadonlyMap<string, StoredVersion>, base: PushBase): readonly PlannedFile[] {
  const before = base.files && new Map(base.files.files.map((file) => [keyOf(file), hashOf(file.content)]))
  return files.map((file) => {
    const key = keyOf(file)
    const hash = hashOf(file.content)
    const head = stored.get(key)
    const locked = base.locked[key]
    const baseHash = before ? before.get(key) : locked?.hash
    const isKnownToLock = locked !== undefined && (locked.head ?? locked.version) === head?.version
    // A lock that names the stored version is up to date, also in CI: a pull was merged and committed with it.
    const isBasedOnStored = isKnownToLock || (before !== undefined && head?.hash === baseHash)
    const action =
      hash === head?.hash || hash === baseHash ? 'same' : head === undefined ? 'create' : isBasedOnStored ? 'change' : 'conflict'
    return { file, hash, action, stored: head, base: locked?.version, isBasedOnStored }
  })
}

/** @throws {FileConflictError} when the store has a version that one of the files is not based on */
export function refuseConflicts(plan: readonly PlannedFile[]): void {
  const conflicts = plan
    .filter(({ action }) => action === 'conflict')
    .map(({ file, stored, base }) => ({ path: file.path, kind: file.kind, entity: file.name, base, stored: stored?.version }))
  const [first] = conflicts
  if (!first) return
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : ''
  const based = first.base === undefined ? 'the file is based on no stored version' : `the file is based on v${first.base}`
  throw new FileConflictError(
    `${first.path}${more}: v${first.stored} is stored, ${based}. Another writer stored it: nothing was pushed. Run agent-config pull, merge, push again.`,
    conflicts,
  )
}
