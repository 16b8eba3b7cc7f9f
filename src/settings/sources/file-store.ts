import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { sep } from 'node:path'
import { SettingsFileError } from '../../shared/errors.js'
import { fileError } from './file-error.js'

/** A file as it was last read. */
export interface FileState {
  readonly path: string
  /** `undefined` when there is no such file; the sorted names of what is in it for a folder. */
  readonly text: string | undefined
  /** The result of `stat` when it was read; `undefined` when there was no file. */
  readonly stamp: Stats | undefined
  /** Whether the stamp is old enough to tell the next write apart. */
  readonly isSettled: boolean
  /** Why it could not be read, when it is there. */
  readonly error?: SettingsFileError
}

/**
 * How young a file's time may be before it is read again on the next look, in milliseconds: two writes can fall into
 * one tick of the file system's clock, which is 4 ms on most Linux kernels and up to 16 ms elsewhere.
 */
const SETTLING_MS = 20

/**
 * How long a file must be gone or empty before that counts as a change, in milliseconds: programs that save a file by removing, renaming or
 * emptying it first put it back within this time, and so do tools that copy a folder anew.
 */
const GONE_MS = 100

/** Reads files whole and remembers them, so that an unchanged file is neither read nor parsed twice. */
export class FileStore {
  readonly #states = new Map<string, FileState>()
  readonly #used = new Set<string>()
  /** Since when files that had text are not there, by the monotonic clock. */
  readonly #goneSince = new Map<string, number>()

  /** The file's text; `undefined` when there is none. @throws {SettingsFileError} when it is there and cannot be read */
  read(path: string): string | undefined {
    return this.#read(path, readWhole)
  }

  /** The same for a path that may be a folder, which has no text. */
  readIfFile(path: string): string | undefined {
    return look(path)?.isFile() === false ? undefined : this.read(path)
  }

  /** The names of what is in a folder; none when there is no such folder. @throws {SettingsFileError} when it cannot be read */
  list(folder: string): readonly string[] {
    const names = this.#read(folder + sep, readNames)
    return names === undefined || names === '' ? [] : names.split('\n')
  }

  #read(path: string, readState: (path: string) => FileState): string | undefined {
    this.#used.add(path)
    const known = this.#states.get(path)
    const stats = look(path)
    const state = known?.isSettled && isSameFile(known.stamp, stats) ? known : attempt(path, stats, readState)
    if (state.error) {
      this.#states.set(path, state)
      throw state.error
    }
    // The same text object, so that a parse result cached by text is found again.
    this.#states.set(path, known?.text === state.text ? { ...state, text: known?.text } : state)
    return state.text
  }

  /** Every path that was asked for since the last `begin`, whether or not it exists. */
  get paths(): readonly string[] {
    return [...this.#used]
  }

  begin(): void {
    this.#used.clear()
  }

  /** Whether any file in use differs from what was read; costs one `stat` each. */
  hasChanged(): boolean {
    for (const path of this.#used) {
      const known = this.#states.get(path)
      const stats = look(path)
      if (known?.isSettled && isSameFile(known.stamp, stats)) continue
      if (known && sameText(path, known, stats)) this.#states.set(path, { ...known, stamp: stats, isSettled: isSettled(stats) })
      else return true
    }
    return false
  }

  /** Whether a file was written so recently that the next write might leave no trace. */
  get isSettled(): boolean {
    return [...this.#used].every((path) => this.#states.get(path)?.isSettled !== false)
  }

  /** Everything that was read, to tell one broken state from another. */
  get content(): string {
    return [...this.#used].map((path) => `${path}\0${this.#states.get(path)?.text ?? ''}`).join('\0')
  }

  /** Whether a file that had text went away, or was emptied, a moment ago: it may come back at once. */
  hasJustGone(): boolean {
    let hasJustGone = false
    for (const path of this.#used) {
      const { text = '' } = this.#states.get(path) ?? {}
      const isGone = text !== '' && (look(path)?.size ?? 0) === 0
      if (!isGone) this.#goneSince.delete(path)
      else if (!this.#goneSince.has(path)) this.#goneSince.set(path, performance.now())
      if (isGone && performance.now() - (this.#goneSince.get(path) ?? 0) < GONE_MS) hasJustGone = true
    }
    return hasJustGone
  }

  /** Whether a file that had text is empty since a moment ago: an editor or a deployment is about to write it. */
  isBeingWritten(): boolean {
    return [...this.#used].some((path) => {
      const stats = look(path)
      return stats?.size === 0 && !isSettled(stats) && (this.#states.get(path)?.text ?? '') !== ''
    })
  }
}

function attempt(path: string, stats: Stats | undefined, readState: (path: string) => FileState): FileState {
  try {
    return readState(path)
  } catch (error) {
    if (!(error instanceof SettingsFileError)) throw error
    return { path, text: undefined, stamp: stats, isSettled: isSettled(stats), error }
  }
}

function readWhole(path: string): FileState {
  for (let round = 1; ; round++) {
    const before = look(path)
    if (!before) return { path, text: undefined, stamp: undefined, isSettled: true }
    if (before.isDirectory()) throw fileError(path, 'is a directory, not a file')
    if (!before.isFile() && !before.isCharacterDevice()) throw fileError(path, 'is not a regular file')
    const text = readText(path)
    if (text === undefined) continue
    const after = look(path)
    // Written while it was read: once more, so that no half of an old file meets half of a new one.
    if (round < 5 && !isSameFile(before, after)) continue
    return { path, text, stamp: before, isSettled: isSettled(before) }
  }
}

function readNames(folder: string): FileState {
  const stamp = look(folder)
  if (!stamp?.isDirectory()) return { path: folder, text: undefined, stamp, isSettled: true }
  try {
    return { path: folder, text: readdirSync(folder).sort().join('\n'), stamp, isSettled: isSettled(stamp) }
  } catch (error) {
    throw fileError(folder, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
  }
}

/** @returns `undefined` when the file went away after it was seen */
function readText(path: string): string | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return undefined
    throw fileError(path, `cannot be read (${code ?? 'unknown error'})`)
  }
  if (!isUtf8(bytes)) throw fileError(path, 'is not UTF-8 text')
  const text = bytes.toString('utf8')
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined
    throw fileError(path, `cannot be looked at (${code ?? 'unknown error'})`)
  }
}

/** Compared as numbers: writing out four of them costs more than the `stat`. */
function isSameFile(before: Stats | undefined, after: Stats | undefined): boolean {
  if (!before || !after) return before === after
  return before.mtimeMs === after.mtimeMs && before.size === after.size && before.ctimeMs === after.ctimeMs && before.ino === after.ino
}

function isSettled(stats: Stats | undefined): boolean {
  return stats === undefined || Math.abs(Date.now() - stats.mtimeMs) >= SETTLING_MS
}

function sameText(path: string, known: FileState, stats: Stats | undefined): boolean {
  if (!stats || known.text === undefined) return known.text === undefined && !stats && !known.error
  try {
    return (path.endsWith(sep) ? readNames : readWhole)(path).text === known.text
  } catch {
    return false
  }
}
