import { randomUUID } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AlreadyExistsError } from '../../shared/errors.js'
import { canBeAsked, clearPresence, isOfThisContainer, isPresent, type Presence, showPresence } from './presence.js'

/**
 * Keeps a second process out of an embedded database's folder, where the two would silently lose each other's rows. The lock is a file
 * that names its process, which may be one of another container on the same machine; one left behind by a process that is gone is taken
 * over. Only this process's user may enter the folder from then on.
 *
 * @returns the function that gives the folder back
 * @throws {AlreadyExistsError} when a running process, or this one, has the folder open
 */
export async function lockFolder(folder: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true })
  closeToOthers(folder)
  const presence = await showPresence(folder)
  try {
    await takeLock(folder, presence)
  } catch (error) {
    presence.leave()
    throw error
  }
  return () => {
    rmSync(lockFile(folder), { force: true })
    presence.leave()
  }
}

function lockFile(folder: string): string {
  return join(folder, 'agent-config.lock')
}

/** The mode that PostgreSQL itself requires of its data directory. */
function closeToOthers(folder: string): void {
  try {
    chmodSync(folder, 0o700)
  } catch (error) {
    // The folder belongs to another user, or the file system has no such permissions: it stays as it is.
    if (!['EPERM', 'ENOTSUP', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

async function takeLock(folder: string, presence: Presence): Promise<void> {
  const file = lockFile(folder)
  while (!claim(file, presence.owner)) {
    const owner = read(file)
    if (owner === undefined) continue
    if (await isPresent(folder, owner)) throw inUse(folder, owner)
    await discard(folder, presence)
  }
}

function inUse(folder: string, owner: string): AlreadyExistsError {
  const pid = Number(owner.split(' ')[0])
  const where = isOfThisContainer(owner) ? (pid === process.pid ? 'this process' : `process ${pid}`) : `process ${pid} of another container`
  return new AlreadyExistsError(
    `The embedded database in ${folder} is open in ${where}. ` +
      'One process can use it at a time: shut the other one down, or use a PostgreSQL server.' +
      (canBeAsked(owner) ? '' : ` If that process is gone, remove ${lockFile(folder)}.`),
  )
}

/**
 * Makes a file that says who made it, unless there is one. A link appears with its content, so nobody ever reads half of it.
 *
 * @returns whether the file is this process's now
 */
function claim(file: string, owner: string): boolean {
  const draft = `${file}.${randomUUID()}`
  try {
    writeFileSync(draft, owner)
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    return claimWithoutLinks(file, owner)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** For file systems that have no hard links. */
function claimWithoutLinks(file: string, owner: string): boolean {
  try {
    writeFileSync(file, owner, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes a stale lock. One process at a time may, and looks again before it does: another may have taken the lock over meanwhile. */
async function discard(folder: string, presence: Presence): Promise<void> {
  const file = lockFile(folder)
  const turn = `${file}.takeover`
  if (!claim(turn, presence.owner)) {
    const owner = read(turn)
    if (owner && !(await isPresent(folder, owner))) rmSync(turn, { force: true })
    else await sleep(PAUSE_MS)
    return
  }
  try {
    const owner = read(file)
    // A lock that is gone must not be removed: another process may be taking it just now.
    if (owner === undefined || (await isPresent(folder, owner))) return
    rmSync(file, { force: true })
    clearPresence(folder, owner)
  } finally {
    rmSync(turn, { force: true })
  }
}

const PAUSE_MS = 2

/** `undefined` when its owner has just removed it. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
