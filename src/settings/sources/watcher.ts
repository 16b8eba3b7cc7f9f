import { type FSWatcher, watch } from 'node:fs'
import { inodeOf, isSilent, watchedFolders } from './watched-folders.js'

/** How long a directory must be quiet before files are looked at, and the longest wait while it is not, in milliseconds. */
const QUIET_MS = 15
const LONGEST_WAIT_MS = 200
/** How often files are compared when watching fails or sends no events, in milliseconds. */
const POLL_MS = 1_000

/** The names in a folder whose changes matter; `undefined` for all of them. */
type Names = ReadonlySet<string> | undefined

export interface WatcherParts {
  /** How often files are compared in addition to watching, in milliseconds. */
  readonly pollMs: number | undefined
  /** The files of interest, whether or not they exist. */
  readonly paths: () => readonly string[]
  /** Looks at the files; `false` asks for another look, because a file was written so recently that its time cannot tell a further write apart. */
  readonly look: () => boolean
  readonly onError: (error: Error) => void
}

/**
 * Watches the directories of files. A watch on a file ends with the first atomic rename and does not see Kubernetes swap
 * the `..data` link; a directory's watch sees both. Links are followed, above the directory too. Nothing here keeps the process alive.
 */
export class Watcher {
  readonly #parts: WatcherParts
  readonly #watches = new Map<string, { readonly watcher: FSWatcher; readonly inode: number; names: Names }>()
  #timer: NodeJS.Timeout | undefined
  #poll: NodeJS.Timeout | undefined
  #firstEventAt: number | undefined
  #isClosed = false

  constructor(parts: WatcherParts) {
    this.#parts = parts
    if (parts.pollMs !== undefined) this.#startPolling(parts.pollMs)
    this.#arm()
    // Something may have been written between the first read and the watch.
    this.#schedule(QUIET_MS)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearInterval(this.#poll)
    for (const { watcher } of this.#watches.values()) watcher.close()
    this.#watches.clear()
  }

  /** Follows links that may lead elsewhere since the last look. */
  watchAnew(): void {
    if (!this.#isClosed) this.#arm()
  }

  #onEvent(): void {
    this.#firstEventAt ??= performance.now()
    const waited = performance.now() - this.#firstEventAt
    this.#schedule(Math.min(QUIET_MS, Math.max(0, LONGEST_WAIT_MS - waited)))
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), delayMs).unref()
  }

  #look(): void {
    this.#firstEventAt = undefined
    const isSettled = this.#parts.look()
    if (this.#isClosed) return
    this.#arm()
    if (!isSettled) this.#schedule(QUIET_MS * 2)
  }

  /** Brings the watches up to date: directories come and go, and links point elsewhere. */
  #arm(): void {
    const wanted = wantedFolders(this.#parts.paths())
    for (const [folder, watch] of this.#watches) {
      watch.names = wanted.get(folder)
      if (wanted.has(folder) && inodeOf(folder) === watch.inode) continue
      watch.watcher.close()
      this.#watches.delete(folder)
    }
    for (const [folder, names] of wanted) if (!this.#watches.has(folder)) this.#start(folder, names)
  }

  #startPolling(everyMs: number): void {
    this.#poll ??= setInterval(() => this.#look(), everyMs).unref()
  }

  #start(folder: string, names: Names): void {
    if (!names && isSilent(folder)) this.#startPolling(POLL_MS)
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        const matter = this.#watches.get(folder)?.names
        // Some systems tell no name.
        if (!matter || name === null || matter.has(name)) this.#onEvent()
      })
      watcher.on('error', () => {
        // A watched directory that is removed ends in an error on some systems; the next look arms anew.
        watcher.close()
        this.#watches.delete(folder)
        this.#onEvent()
      })
      this.#watches.set(folder, { watcher, inode: inodeOf(folder) ?? 0, names })
      // Written while the watch was being set up: the look that follows sees it.
      this.#schedule(QUIET_MS)
    } catch (error) {
      // A folder above may be one that this user must not read: its own renaming is not noticed then.
      if (names) return
      if (inodeOf(folder) === undefined) this.#schedule(QUIET_MS)
      if (inodeOf(folder) === undefined || this.#poll) return
      this.#parts.onError(error instanceof Error ? error : new Error('watch failed'))
      this.#startPolling(POLL_MS)
    }
  }
}

function wantedFolders(paths: readonly string[]): ReadonlyMap<string, Names> {
  const wanted = new Map<string, Set<string> | undefined>()
  const found = paths.map(watchedFolders)
  for (const [folder, name] of found.flatMap(({ above }) => [...above])) wanted.set(folder, (wanted.get(folder) ?? new Set()).add(name))
  for (const folder of found.flatMap(({ whole }) => [...whole])) wanted.set(folder, undefined)
  return wanted
}
