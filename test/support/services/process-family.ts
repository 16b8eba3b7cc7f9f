import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The process and all its descendants, parents before children.
 *
 * Needed because each PostgreSQL backend leads a process group of its own: a signal to the group reaches one process.
 */
export function familyOf(pid: number): readonly number[] {
  const parents = parentsByPid()
  const family = [pid]
  for (const member of family) {
    for (const [child, parent] of parents) if (parent === member) family.push(child)
  }
  return family
}

/** Sends a signal to every process given that still exists; tells whether any does. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals | 0): boolean {
  return pids.map((pid) => signalOne(pid, signal)).some(Boolean)
}

/**
 * Ends a server with all its children, frozen or not, and resolves when none is left.
 *
 * SIGQUIT comes first: PostgreSQL ends at once on it and still removes its shared memory. Whoever ignores it for a
 * second gets SIGKILL.
 */
export async function endFamily(pid: number): Promise<void> {
  const family = familyOf(pid)
  signalOne(pid, 'SIGQUIT')
  signalAll(family, 'SIGCONT')
  for (let waited = 0; waited < 1_000 && signalAll(family, 0); waited += 10) await sleep(10)
  await killFamily(pid, family)
}

/** Kills a server with all its children, as a power cut would, and resolves when none is left. */
export async function killFamily(pid: number, known: readonly number[] = []): Promise<void> {
  const family = [...new Set([...familyOf(pid), ...known])]
  signalAll(family, 'SIGKILL')
  for (let waited = 0; waited < 5_000 && signalAll(family, 0); waited += 10) await sleep(10)
}

function signalOne(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (signal === 0 && isZombie(pid)) return false
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** A process that ended and was not yet collected by its parent still takes signals on Linux. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function parentsByPid(): Map<number, number> {
  const pids = processFolders()
  if (pids === undefined) {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]))
  }
  const parents = new Map<number, number>()
  for (const pid of pids) {
    try {
      // "12 (name) S 1 …": the name may hold spaces and brackets, so the fields are counted from the last bracket.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      parents.set(pid, Number(fields[1]))
    } catch {
      // It ended meanwhile.
    }
  }
  return parents
}

function processFolders(): readonly number[] | undefined {
  try {
    const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
    return pids.length > 0 ? pids : undefined
  } catch {
    return undefined
  }
}
