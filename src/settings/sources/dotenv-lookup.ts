import { resolve } from 'node:path'
import { CONFIG_DEFAULTS, type CreateConfigOptions } from '../options.js'
import { type Dotenv, parseDotenv } from './dotenv.js'
import type { EnvView } from './env-view.js'
import type { FileStore } from './file-store.js'

/** Where .env files are looked for, and the variables that their texts may refer to. */
export interface DotenvPlace {
  readonly options: CreateConfigOptions
  readonly root: string
  readonly files: FileStore
  readonly env: EnvView
}

/** The variables of .env alone: it may name the environment, the files of environments cannot. */
export function baseDotenv(place: DotenvPlace): ReadonlyMap<string, string> {
  const said = new Map<string, string>()
  for (const name of dotenvNames(place.options)) firstDotenv(place, [name], said)
  return said
}

/** The names of the .env files, without an ending. */
export function dotenvNames(options: CreateConfigOptions): readonly string[] {
  const { dotenv = CONFIG_DEFAULTS.dotenv } = options
  if (dotenv === false) return []
  if (dotenv === true) return ['.env']
  return typeof dotenv === 'string' ? [dotenv] : dotenv
}

export interface DotenvFile extends Dotenv {
  readonly path: string
}

/** The first of several files that is there, in the root or else in the working directory. Adds its variables to `said`. */
export function firstDotenv(place: DotenvPlace, names: readonly string[], said: Map<string, string>): DotenvFile | undefined {
  const paths = names.flatMap((name) => [resolve(place.root, name), resolve(name)])
  for (const path of new Set(paths)) {
    const text = place.files.read(path)
    if (text === undefined) continue
    const file: DotenvFile = { path, ...parseDotenv(text, (wanted) => place.env.get(wanted) ?? said.get(wanted)) }
    for (const variable of file.variables) said.set(variable.name, variable.text)
    return file
  }
  return undefined
}
