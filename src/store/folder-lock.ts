import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AlreadyExistsError } from '../shared/errors.js'

/**
 * Keeps a second process out of an embedded database's folder, where the two would silently lose each other's rows. The lock is a file
 * with the process's id; one left behind by a process that is gone is taken over.
 *
 * @returns the function that gives the folder back
 * @throws {AlreadyExistsError} when a running process, or this one, has the folder open
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'agent-config.lock')
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const owner = Number(readFileSync(file, 'utf8'))
      if (isRunning(owner)) {
        throw new AlreadyExistsError(
          `The embedded database in ${folder} is open in ${owner === process.pid ? 'this process' : `process ${owner}`}. ` +
            'One process can use it at a time: shut the other one down, or use a PostgreSQL server.',
        )
      }
      rmSync(file, { force: true })
    }
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
