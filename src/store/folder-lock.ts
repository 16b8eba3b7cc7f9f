import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  const own = `${process.pid} ${startOf(process.pid) ?? ''}`
  for (;;) {
    try {
      writeFileSync(file, own, { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const [pid, start] = read(file).split(' ')
    if (isRunning(Number(pid), start)) {
      throw new AlreadyExistsError(
        `The embedded database in ${folder} is open in ${Number(pid) === process.pid ? 'this process' : `process ${pid}`}. ` +
          'One process can use it at a time: shut the other one down, or use a PostgreSQL server.',
      )
    }
    rmSync(file, { force: true })
  }
}

/** Empty when its owner has just removed it. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isRunning(pid: number, start: string | undefined): boolean {
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
