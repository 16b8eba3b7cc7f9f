import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AlreadyExistsError } from '../shared/errors.js'

/**
 * Keeps a second process out of an embedded database's folder, where the two would silently lose each other's rows. The lock is a file
 * with the process's id and start; one left behind by a process that is gone is taken over.
 *
 * @returns the function that gives the folder back
 * @throws {AlreadyExistsError} when a running process, or this one, has the folder open
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'agent-config.lock')
  for (;;) {
    if (claim(file)) return () => rmSync(file, { force: true })
    const owner = read(file)
    if (owner === undefined) continue
    if (isRunning(owner)) {
      const pid = Number(owner.split(' ')[0])
      throw new AlreadyExistsError(
        `The embedded database in ${folder} is open in ${pid === process.pid ? 'this process' : `process ${pid}`}. ` +
          'One process can use it at a time: shut the other one down, or use a PostgreSQL server.',
      )
    }
    discard(file)
  }
}

/**
 * Makes a file that says who made it, unless there is one. A link appears with its content, so nobody ever reads half of it.
 *
 * @returns whether the file is this process's now
 */
function claim(file: string): boolean {
  const draft = `${file}.${randomUUID()}`
  const owner = `${process.pid} ${startOf(process.pid) ?? ''}`
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
function discard(file: string): void {
  const turn = `${file}.takeover`
  if (!claim(turn)) {
    const owner = read(turn)
    if (owner && !isRunning(owner)) rmSync(turn, { force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    return
  }
  try {
    const owner = read(file)
    // One that is not there must not be removed: somebody may be taking it just now.
    if (owner !== undefined && !isRunning(owner)) rmSync(file, { force: true })
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

/** @param owner what a lock says: a process's id and start */
function isRunning(owner: string): boolean {
  const [id, start] = owner.split(' ')
  const pid = Number(id)
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  return !start || now === undefined || now === start
}

/**
 * When a process started, where the system tells (Linux). Ids are given again: in a container the process that comes after a crash often
 * has the very id of the one that left the lock behind.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22; the second one is a name in brackets that may hold spaces and brackets itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
