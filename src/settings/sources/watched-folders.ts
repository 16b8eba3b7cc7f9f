import { lstatSync, readlinkSync, statfsSync, statSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'

/** How many links are followed before they are taken for a circle, as Linux does. */
const MOST_LINKS = 40

/** The folders in which a change can lead a path to another file. */
export interface WatchedFolders {
  /** Where every change matters. */
  readonly whole: ReadonlySet<string>
  /** The folders above these, each with the one name in it that matters: it may be renamed away, and another one take its place. */
  readonly above: ReadonlyMap<string, string>
}

/**
 * Follows a path to its file. A change matters in the folder that holds the file at its real place, and in every one that holds a link on
 * the way there. For what does not exist it is the deepest folder that does; a path that ends in a separator is a folder itself.
 */
export function watchedFolders(path: string): WatchedFolders {
  const whole = new Set<string>()
  const above = new Map<string, string>()
  let here = parse(resolve(path)).root
  let rest = resolve(path).slice(here.length).split(sep)
  if (path.endsWith(sep)) rest.push('')
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...after] = rest
    const next = join(here, name)
    const target = linkAt(next)
    if (target !== undefined && links++ < MOST_LINKS) {
      whole.add(here)
      const absolute = resolve(here, target)
      here = parse(absolute).root
      rest = [...absolute.slice(here.length).split(sep), ...after]
    } else if (after.length === 0 || inodeOf(next) === undefined) {
      whole.add(here)
      break
    } else {
      above.set(here, name)
      here = next
      rest = after
    }
  }
  return { whole, above }
}

/** @returns `undefined` for what is no folder */
export function inodeOf(folder: string): number | undefined {
  try {
    const stats = statSync(folder, { throwIfNoEntry: false })
    return stats?.isDirectory() ? stats.ino : undefined
  } catch {
    return undefined
  }
}

function linkAt(path: string): string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined
  } catch {
    return undefined
  }
}

// NFS, SMB and CIFS, 9p (WSL, virtual machines), FUSE, VirtualBox: these send no event when other machines write. Numbers from statfs(2).
const SILENT = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x786f4256])

/** Whether a folder is on a file system that sends no events for changes made by other machines. */
export function isSilent(folder: string): boolean {
  try {
    return SILENT.has(statfsSync(existing(folder)).type >>> 0)
  } catch {
    return false
  }
}

function existing(folder: string): string {
  return inodeOf(folder) === undefined && dirname(folder) !== folder ? existing(dirname(folder)) : folder
}
