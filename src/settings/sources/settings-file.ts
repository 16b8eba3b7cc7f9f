import { parse, TomlError } from 'smol-toml'
import type { SettingsFileError } from '../../shared/errors.js'
import { holdsLongInteger, isOrdinary, MOST_LEVELS, repeatedKey } from '../language/structure.js'
import { isPlainTable } from '../tree/path.js'
import { fileError, type Place, placeOf } from './file-error.js'
import { holdsDate, impossibleDate, plainDates } from './toml-dates.js'
import { tomlLines } from './toml-lines.js'

/** A parsed settings file, TOML or JSON. */
export interface SettingsFile {
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
  /** The line of a key in a section (`''` outside of all), counted from 1; unknown in JSON. */
  readonly lineOf: (section: string, path: readonly string[]) => number | undefined
}

/**
 * Parses a file by the ending of its name.
 *
 * @throws {SettingsFileError} that names the line and never quotes a value: the line may hold a secret
 */
export function parseSettingsFile(path: string, text: string): SettingsFile {
  if (/\.json$/i.test(path)) return { path, data: parseJsonFile(path, text), lineOf: () => undefined }
  if (/\.(?:ya?ml|json5|jsonc|ini|properties|[cm]?[jt]s|xml)$/i.test(path))
    throw fileError(path, 'is neither TOML nor JSON, and only these are read as settings files')
  let lines: ReturnType<typeof tomlLines> | undefined
  const lineOf = (section: string, wanted: readonly string[]): number | undefined => {
    lines ??= tomlLines(text)
    return lines(section === '' ? wanted : [section, ...wanted])
  }
  return { path, data: parseTomlFile(path, text), lineOf }
}

function parseTomlFile(path: string, text: string): Record<string, unknown> {
  let data: Record<string, unknown>
  try {
    data = parse(text)
  } catch (error) {
    throw syntaxError(path, text, error)
  }
  if (!holdsDate(data)) return data
  // The parser turns February 30 into March 2.
  const date = impossibleDate(text)
  if (date) throw fileError(path, 'has a date that does not exist', date)
  return plainDates(data) as Record<string, unknown>
}

function syntaxError(path: string, text: string, error: unknown): SettingsFileError {
  if (!(error instanceof TomlError)) return fileError(path, 'is not TOML')
  const place: Place = { line: error.line, column: error.column }
  if (/^\s*(?:\{|---|[\w-]+:(?:\s|$))/.test(text))
    return fileError(path, 'is not TOML: it looks like JSON or YAML (JSON is read from a file whose name ends in .json)', place)
  const line = text.split(/\r?\n/)[error.line - 1] ?? ''
  const [, key, token] =
    /^\s*([\w.-]+)\s*=\s*(@(?:env [A-Za-z_]\w*|(?:env|format|get|read_file|int|float|bool|str|json|merge|none)\b))/.exec(line) ?? []
  if (key !== undefined && token !== undefined)
    return fileError(path, `has a token without quotes: ${key} = ${token}\n  write ${key} = "${token}"`, place)
  // Only the parser's reason: the rest of its message quotes the lines around the place, values included.
  const reason = /^Invalid TOML document: ([^\n]*)/.exec(error.message)?.[1] ?? 'invalid TOML'
  return fileError(path, `is not valid TOML: ${reason}`, place)
}

function parseJsonFile(path: string, text: string): Record<string, unknown> {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw jsonError(path, text, error)
  }
  if (!isPlainTable(data)) throw fileError(path, 'must hold a JSON object')
  const repeated = repeatedKey(text)
  if (repeated)
    throw fileError(
      path,
      `has the key ${JSON.stringify(repeated.key)} twice in one object, so one of its values would be lost`,
      placeOf(repeated.at, text),
    )
  if (isOrdinary(data) && !holdsLongInteger(text)) return data
  throw fileError(
    path,
    `has a number beyond 2^53, which would be changed (write it in quotes), a key __proto__, or more than ${MOST_LEVELS} levels`,
  )
}

function jsonError(path: string, text: string, error: unknown): SettingsFileError {
  // Only the place: the message quotes the text around it, which may be a secret.
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
  return fileError(path, 'is not valid JSON', position === undefined ? {} : placeOf(Number(position), text))
}
