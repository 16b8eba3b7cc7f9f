import { readFileSync } from 'node:fs'
import { familyOf } from '../../support/services/process-family.js'

/**
 * Starts to count the processor time of a server and its children; the function it returns gives the milliseconds since then.
 *
 * From /proc/<pid>/schedstat, in nanoseconds: the clock ticks of /proc/<pid>/stat would lose most of what an idle backend does. What a
 * child used that ended meanwhile is not in it.
 */
export function countProcessorTime(pid: number): () => number {
  const before = new Map(familyOf(pid).map((member) => [member, usedMs(member)]))
  return () => familyOf(pid).reduce((sum, member) => sum + usedMs(member) - (before.get(member) ?? 0), 0)
}

/** The same for one process alone, such as one backend. */
export function countProcessTime(pid: number): () => number {
  const before = usedMs(pid)
  return () => usedMs(pid) - before
}

function usedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    // It has ended since it was listed.
    return 0
  }
}
