import { canonicalJson } from '../canonical.js'
import type { LockedProject, LockFile } from './file-set.js'
import type { SafeFolder } from './safe-folder.js'

export const LOCK_NAME = 'lock.json'

/** @returns an empty lock when there is none; `undefined` when it cannot be read */
export function readLock(folder: SafeFolder): LockFile | undefined {
  if (!folder.top().some(({ name }) => name === LOCK_NAME)) return {}
  const { text } = folder.readOne(LOCK_NAME)
  try {
    const lock: unknown = JSON.parse(text ?? '')
    return isLock(lock) ? lock : undefined
  } catch {
    return undefined
  }
}

/** Keys in order, an entity a line: what two people change at once merges by itself. */
export function printLock(lock: LockFile): string {
  const databases = sortedEntries(lock).map(([database, projects]) => {
    const inside = sortedEntries(projects).map(([project, { revision, entities }]) => {
      const lines = sortedEntries(entities).map(([key, entity]) => `        ${JSON.stringify(key)}: ${canonicalJson(entity)}`)
      const listed = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n      }`
      return `    ${JSON.stringify(project)}: {\n      "revision": ${revision},\n      "entities": ${listed}\n    }`
    })
    return `  ${JSON.stringify(database)}: {\n${inside.join(',\n')}\n  }`
  })
  return `{\n${databases.join(',\n')}\n}\n`
}

/** The lock with what it says of one project of one database replaced; what it says of others stays. */
export function withProject(lock: LockFile, database: string, project: string, locked: LockedProject): LockFile {
  return { ...lock, [database]: { ...lock[database], [project]: locked } }
}

function sortedEntries<Value>(record: Readonly<Record<string, Value>>): readonly (readonly [string, Value])[] {
  return Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1))
}

function isLock(lock: unknown): lock is LockFile {
  return isRecord(lock) && Object.values(lock).every((projects) => isRecord(projects) && Object.values(projects).every(isProject))
}

function isProject(project: unknown): boolean {
  if (!isRecord(project) || !Number.isSafeInteger(project.revision) || !isRecord(project.entities)) return false
  return Object.values(project.entities).every(
    (entity) => isRecord(entity) && Number.isInteger(entity.version) && typeof entity.hash === 'string',
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
