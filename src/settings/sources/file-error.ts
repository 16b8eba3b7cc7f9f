import { relative } from 'node:path'
import { SettingsFileError } from '../../shared/errors.js'

/** A place in a text, counted from 1. */
export interface Place {
  readonly line?: number | undefined
  readonly column?: number | undefined
}

/** An error about a file or a place in it: `reason` is what follows its name. */
export function fileError(path: string, reason: string, { line, column }: Place = {}): SettingsFileError {
  const place = [shownPath(path), line, column].filter((part) => part !== undefined).join(':')
  const facts = { ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) }
  return new SettingsFileError(`${place} ${reason}`, { file: path, ...facts })
}

/** How a path is printed: from the working directory, if the file is in it. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near === '' || near.startsWith('..') ? path : near
}

/** Line and column of a position in a text. */
export function placeOf(position: number, text: string): Place {
  const before = text.slice(0, position).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
