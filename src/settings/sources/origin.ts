/** A layer of the settings, from lowest to highest. */
export type Layer = 'default' | 'file' | 'secrets' | 'dotenv' | 'env' | 'override'

/** The place that a value comes from. */
export interface Origin {
  readonly layer: Layer
  /** A file's path as it is printed, a variable's name, `schema` or `overrides`. */
  readonly name: string
  /** The section of a TOML file, without brackets. */
  readonly section?: string
  /** The line in the file, counted from 1; looked up only when it is printed. */
  readonly line?: (path: readonly string[]) => number | undefined
  /** The folder that relative paths in values start at. */
  readonly folder: string
  /** Whether the text is taken as it is, as the content of a file of its own: nothing in it is a token. */
  readonly isLiteral?: boolean
}

/** One statement of one source: this path has this value. */
export interface Assignment {
  readonly path: readonly string[]
  readonly value: unknown
  /** The text of a variable, before it was read; absent where the source has types of its own. */
  readonly raw?: string
  readonly origin: Origin
  readonly isSecret: boolean
  /** The level of the path, from 0, from which on its keys must not be taken for keys in another case. */
  readonly exactFrom?: number
}

/** `config/settings.prod.toml:6 [default]`, `env AGENTLOGGY_X`. */
export function originText(origin: Origin, path: readonly string[]): string {
  const line = origin.line?.(path)
  return line === undefined ? `${origin.layer === 'env' ? 'env ' : ''}${origin.name}` : `${origin.name}:${line}`
}

/** Whether tokens are read in what a layer says. Defaults and overrides are code: their values are taken as they are. */
export function speaksTokens(origin: Origin): boolean {
  return origin.layer !== 'default' && origin.layer !== 'override' && origin.isLiteral !== true
}
