import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { InvalidArgumentError } from '../../shared/errors.js'

/** Larger than any entity the library accepts, however much of it is escaped. */
const MAX_BYTES = 16 * 1024 * 1024

export interface FoundFile {
  /** Below the folder, with `/`. */
  readonly path: string
  /** Why it was not read; absent: it was. */
  readonly refused?: string
  readonly text?: string
}

/** A folder out of which nothing leads: symbolic links are neither read nor written through. */
export class SafeFolder {
  readonly directory: string

  /** @throws {InvalidArgumentError} when there is no such folder */
  constructor(directory: string) {
    if (typeof directory !== 'string' || directory === '') throw new InvalidArgumentError('directory', 'must name a folder')
    try {
      this.directory = realpathSync(directory)
      if (!lstatSync(this.directory).isDirectory()) throw new Error('is a file')
    } catch (cause) {
      throw Object.assign(new InvalidArgumentError('directory', `must be a folder that can be read, and "${directory}" is none`), { cause })
    }
  }

  /** Every file below these folders, in the order of their paths. Files and folders that begin with a dot are passed over. */
  read(folders: readonly string[]): readonly FoundFile[] {
    return [...folders].sort().flatMap((folder) => (this.#exists(folder) ? this.#readBelow(folder) : []))
  }

  /** Folders and files at the top. */
  top(): readonly { readonly name: string; readonly isFolder: boolean }[] {
    return readdirSync(this.directory, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
  }

  readOne(path: string): FoundFile {
    try {
      return { path, text: readText(join(this.directory, path)) }
    } catch (error) {
      return { path, refused: reasonOf(error) }
    }
  }

  /**
   * Writes and deletes files, all of them or, when one cannot be written, none: texts go to files beside their places first, which then take
   * their names in one go.
   *
   * @throws {InvalidArgumentError} when a place is a symbolic link or a folder, or a file cannot be written
   */
  change(writes: ReadonlyMap<string, string>, deletions: readonly string[] = []): void {
    const ready: { readonly from: string; readonly to: string }[] = []
    try {
      for (const [path, text] of writes) ready.push(this.#prepare(path, text))
      for (const path of deletions) this.#refuseLinks(path)
    } catch (error) {
      for (const { from } of ready) rmSync(from, { force: true })
      throw error
    }
    // Nothing is awaited from here: SIGINT is heard when all names are given.
    for (const { from, to } of ready) renameSync(from, to)
    for (const path of deletions) rmSync(join(this.directory, path), { force: true })
  }

  /** @throws {InvalidArgumentError} when `change` could not write this file */
  refuseUnwritable(path: string): void {
    rmSync(this.#prepare(path, '').from, { force: true })
  }

  #prepare(path: string, text: string): { from: string; to: string } {
    this.#refuseLinks(path)
    const to = join(this.directory, path)
    const from = `${to}.${process.pid}.tmp`
    try {
      mkdirSync(dirname(to), { recursive: true })
      writeFileSync(from, text, { flag: 'wx' })
    } catch (cause) {
      rmSync(from, { force: true })
      const { code } = cause as NodeJS.ErrnoException
      throw Object.assign(new InvalidArgumentError('directory', `must be writable: ${path} cannot be written (${code ?? String(cause)})`), {
        cause,
      })
    }
    return { from, to }
  }

  /** Every folder on the way has to be a folder of its own, and the file a file or nothing. */
  #refuseLinks(path: string): void {
    const parts = path.split('/')
    if (parts.some((part) => part === '' || part === '.' || part === '..'))
      throw new InvalidArgumentError('path', `must stay in the folder: ${path}`)
    for (let length = 1; length <= parts.length; length++) {
      const place = parts.slice(0, length).join('/')
      const found = lstatSync(join(this.directory, place), { throwIfNoEntry: false })
      if (!found) return
      const fits = length < parts.length ? found.isDirectory() : found.isFile()
      if (!fits)
        throw new InvalidArgumentError('path', `must be a ${length < parts.length ? 'folder' : 'file'} and no symbolic link: ${place}`)
    }
  }

  #exists(folder: string): boolean {
    return lstatSync(join(this.directory, folder), { throwIfNoEntry: false })?.isDirectory() ?? false
  }

  #readBelow(folder: string): FoundFile[] {
    const entries = readdirSync(join(this.directory, folder), { withFileTypes: true })
    return entries
      .filter(({ name }) => !name.startsWith('.') && !name.endsWith('.tmp') && !name.endsWith('~'))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) => {
        const path = `${folder}/${entry.name}`
        if (entry.isDirectory()) return this.#readBelow(path)
        return [this.readOne(path)]
      })
  }
}

/** @throws when it is no regular file of UTF-8 text */
function readText(file: string): string {
  // A file that is replaced by a link after it was looked at is not followed either.
  const handle = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const { size } = assertFile(fstatSync(handle))
    if (size > MAX_BYTES) throw new Error('is larger than 16 MiB')
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(handle))
  } finally {
    closeSync(handle)
  }
}

function assertFile(stats: ReturnType<typeof fstatSync>): { readonly size: number } {
  if (!stats.isFile()) throw new Error('is no regular file')
  return { size: Number(stats.size) }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ELOOP') return 'is a symbolic link, which is not followed'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is no UTF-8 text'
  return code ? `cannot be read (${code})` : message
}
