import type { DescribedSetting } from './report/describe.js'
import type { Inspection } from './report/inspect.js'
import type { DeepPartial, KnownPath, PathOf, ValueAt } from './typed-paths.js'

/** The events of a `Config`. */
export interface ConfigEvents {
  /** The settings changed; readers get the new ones from now on. Secrets are redacted in `changes`. */
  change: (event: ConfigChangeEvent) => void
  /** A source is broken and the last good values stay in use. Emitted once for each distinct content. */
  error: (event: ConfigErrorEvent) => void
}

export interface ConfigChangeEvent {
  readonly version: number
  readonly environment: string
  readonly changes: readonly SettingChange[]
}

/** One setting that changed. `from` or `to` is `undefined` when it came or went; secrets are `***` on both sides. */
export interface SettingChange {
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

export interface ConfigErrorEvent {
  readonly error: Error
  /** Since when the values in use are not those of the sources, as an ISO time. */
  readonly since: string
}

/** Whether the values in use are those of the sources. */
export interface ConfigHealth {
  readonly ok: boolean
  readonly environment: string
  readonly version: number
  /** When the sources were last read without a problem, as an ISO time. */
  readonly loadedAt: string
  /** The settings files that were found. */
  readonly files: readonly string[]
  readonly warnings: readonly string[]
  readonly isWatching: boolean
  /** Since when the sources are broken, as an ISO time. */
  readonly failingSince?: string
  /** The problem with them; secrets are redacted. */
  readonly error?: string
}

/** What `reload()` did. */
export interface ReloadResult {
  readonly changed: boolean
  /** Why the new values were not taken; the last good ones stay in use. */
  readonly error?: Error
}

/**
 * Settings in layers: one frozen snapshot of values, and where each of them comes from.
 *
 * `Config` without a type argument stands for any of them, whatever its values are.
 */
export type Config<Values = unknown> = unknown extends Values ? AnyConfig : TypedConfig<Values>

/** The methods of every `Config`. */
export interface AnyConfig {
  /**
   * The current snapshot, frozen; a change gives another object. With `fresh` keys the sources are checked each time
   * this property is read, so hold the object to read several values of one moment.
   */
  readonly values: unknown
  /** The environment's name; decided once. */
  readonly environment: string
  /** Counts the snapshots of this `Config`, from 1. */
  readonly version: number
  /** One setting by its path, in any case: `db.pool.max`. `undefined`, or `fallback`, when it is not there. */
  get(path: string, fallback?: unknown): unknown
  /** Whether there is a setting at a path; `null` counts as one. */
  has(path: string): boolean
  /** Every source with a value at a path, from low to high. Secrets are redacted. */
  inspect(path: string): Inspection
  /** The same as text, for one setting or for all of them. */
  explain(path?: string): string
  /** Reads every source again, all or nothing; a broken source keeps the last good values and is an `error` event. */
  reload(): ReloadResult
  /** Listens. @returns the function that stops listening */
  on<Name extends keyof ConfigEvents>(name: Name, listener: ConfigEvents[Name]): () => void
  /** One row for each setting, for documentation. */
  describe(): readonly DescribedSetting[]
  health(): ConfigHealth
  /** Whether the setting DEBUG is on, in any of the words for it. */
  isDebug(): boolean
  /** Stops watching and listening; the last values stay readable. Idempotent. */
  close(): void
  [Symbol.dispose](): void
}

/** A `Config` whose values have the type that the schema gives. */
export interface TypedConfig<Values> extends AnyConfig {
  readonly values: Values
  /**
   * One setting by its path, in any case, lists by index. `undefined`, or `fallback`, when it is not there. A path that a closed
   * schema does not have is a type error; a path that is only known at run time gives `unknown`.
   *
   * @example
   * ```ts
   * const host = config.get('db.host', 'localhost')
   * ```
   */
  get<Path extends PathOf<Values>>(path: Path & KnownPath<Values, Path>): ValueAt<Values, Path>
  get<Path extends string>(path: Path & KnownPath<Values, Path>): ValueAt<Values, Path>
  get<Path extends string, Fallback>(
    path: Path & KnownPath<Values, Path>,
    fallback: Fallback,
  ): Exclude<ValueAt<Values, Path>, undefined> | Fallback
  /**
   * Calls back when a part of the values changed, compared by content.
   *
   * @example
   * ```ts
   * const stop = config.select((values) => values.LOG_LEVEL, (level) => console.log(`Now at ${level}`))
   * ```
   * @returns the function that stops it
   */
  select<Part>(choose: (values: Values) => Part, onChange: (part: Part, before: Part) => void): () => void
  /** The same sources, read for another environment; not watched. @throws {SettingsError} when they are invalid there */
  withEnvironment(name: string): TypedConfig<Values>
  /** The same sources with other overrides on top, for tests; not watched. @throws {SettingsError} when they are invalid */
  withOverrides(overrides: DeepPartial<Values>): TypedConfig<Values>
}
