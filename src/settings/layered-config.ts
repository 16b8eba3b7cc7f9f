import { Events } from '../shared/events.js'
import type { ConfigEvents, ConfigHealth, ReloadResult, TypedConfig } from './config.js'
import { Freshness } from './freshness.js'
import { booleanWord } from './language/read-text.js'
import type { CreateConfigOptions } from './options.js'
import { type DescribedSetting, describe } from './report/describe.js'
import { explain } from './report/explain.js'
import { type Inspection, inspect } from './report/inspect.js'
import { redactedCopy, type Secrecy } from './secrets/redacted-copy.js'
import { type Setup, setUp } from './setup.js'
import { type Snapshot, takeSnapshot } from './snapshot.js'
import { shownPath } from './sources/file-error.js'
import { Watcher } from './sources/watcher.js'
import { changesBetween } from './tree/changes.js'
import { isSame } from './tree/frozen-copy.js'
import { mergeOverrides } from './tree/overrides.js'
import { pathOf, valueAt } from './tree/path.js'
import type { DeepPartial } from './typed-paths.js'

/** How many different paths `get` remembers before it starts anew. */
const MAX_LOOKUPS = 5_000

/** The one implementation of {@link TypedConfig}. */
export class LayeredConfig<Values> implements TypedConfig<Values> {
  readonly #setup: Setup
  readonly #events: Events<ConfigEvents>
  readonly #lookups = new Map<string, unknown>()
  #snapshot: Snapshot
  #version = 1
  #loadedAt = new Date()
  #failing: { readonly error: Error; readonly since: Date; readonly content: string } | undefined
  #watcher: Watcher | undefined
  readonly #freshness = new Freshness()
  #isFresh: boolean
  #isClosed = false

  constructor(options: CreateConfigOptions) {
    this.#setup = setUp(options)
    this.#snapshot = takeSnapshot(this.#setup)
    this.#isFresh = this.#snapshot.freshKeys.size > 0
    this.#events = new Events<ConfigEvents>((error, name) => {
      // Only the error's class: its message may quote a value.
      this.#setup.warn(`a listener of "${name}" failed with ${error instanceof Error ? error.name : 'no error object'}`)
    })
    for (const warning of this.#snapshot.warnings) this.#setup.warn(warning)
    if (options.watch) this.#watch(typeof options.watch === 'object' ? options.watch.pollMs : undefined)
  }

  get values(): Values {
    // The check of `isDue` stands here, so that it is inlined into a loop of reads.
    if (this.#isFresh && this.#freshness.isDue()) this.#refresh()
    return this.#snapshot.values as Values
  }

  get environment(): string {
    return this.#setup.environment.name
  }

  get version(): number {
    return this.#version
  }

  get(path: string, fallback?: unknown): never {
    if (this.#isFresh && this.#snapshot.freshKeys.has(pathOf(path)[0]?.toLowerCase() ?? '') && this.#freshness.isDue()) this.#refresh()
    let value = this.#lookups.get(path)
    if (value === undefined) {
      value = this.#lookUp(path)
      if (this.#lookups.size >= MAX_LOOKUPS) this.#lookups.clear()
      if (value !== undefined) this.#lookups.set(path, value)
    }
    // The overloads of the interface say what it is.
    return (value === undefined ? fallback : value) as never
  }

  has(path: string): boolean {
    return this.get(path) !== undefined
  }

  inspect(path: string): Inspection {
    return inspect({ path: pathOf(path), snapshot: this.#snapshot, environment: this.environment })
  }

  explain(path?: string): string {
    return explain({ path: path === undefined ? undefined : pathOf(path), snapshot: this.#snapshot, environment: this.environment })
  }

  describe(): readonly DescribedSetting[] {
    return describe(this.#setup, this.#snapshot)
  }

  reload(): ReloadResult {
    const result = this.#reload()
    // Symbolic links may lead to other folders now: watch those.
    this.#watcher?.watchAnew()
    return result
  }

  #reload(): ReloadResult {
    let next: Snapshot
    try {
      next = takeSnapshot(this.#setup)
    } catch (error) {
      return this.#fail(error instanceof Error ? error : new Error('the settings could not be read'))
    }
    this.#failing = undefined
    this.#loadedAt = new Date()
    for (const warning of next.warnings) this.#setup.warn(warning)
    return { changed: this.#swap(next) }
  }

  on<Name extends keyof ConfigEvents>(name: Name, listener: ConfigEvents[Name]): () => void {
    return this.#events.on(name, listener)
  }

  select<Part>(choose: (values: Values) => Part, onChange: (part: Part, before: Part) => void): () => void {
    let part = choose(this.values)
    return this.#events.on('change', () => {
      const before = part
      part = choose(this.#snapshot.values as Values)
      if (!isSame(before, part)) onChange(part, before)
    })
  }

  withEnvironment(name: string): TypedConfig<Values> {
    return new LayeredConfig<Values>({ ...this.#setup.options, root: this.#setup.root, environment: name, watch: false })
  }

  withOverrides(overrides: DeepPartial<Values>): TypedConfig<Values> {
    const { options, root, environment } = this.#setup
    const merged = mergeOverrides(options.overrides, overrides)
    return new LayeredConfig<Values>({ ...options, root, environment: environment.name, overrides: merged, watch: false })
  }

  health(): ConfigHealth {
    const failing = this.#failing
    return {
      ok: failing === undefined,
      environment: this.environment,
      version: this.#version,
      loadedAt: this.#loadedAt.toISOString(),
      files: this.#snapshot.found.map(shownPath),
      warnings: this.#snapshot.warnings,
      isWatching: this.#watcher !== undefined,
      ...(failing ? { failingSince: failing.since.toISOString(), error: failing.error.message } : {}),
    }
  }

  isDebug(): boolean {
    const value: unknown = this.get('DEBUG')
    return typeof value === 'string' ? (booleanWord(value) ?? false) : value === true || value === 1
  }

  close(): void {
    this.#isClosed = true
    this.#isFresh = false
    this.#watcher?.close()
    this.#watcher = undefined
    this.#events.removeAll()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  toString(): string {
    return `Config(environment "${this.environment}", version ${this.#version})`
  }

  toJSON(): unknown {
    return redactedCopy(this.#snapshot.values, [], this.#snapshot.secrets)
  }

  [Symbol.for('nodejs.util.inspect.custom')](
    _depth: number,
    options: object,
    inspectValue: (value: unknown, options: object) => string,
  ): string {
    return `${this.toString()} ${inspectValue(this.toJSON(), options)}`
  }

  #lookUp(path: string): unknown {
    const { values } = this.#snapshot
    // A key that contains a dot is found by its own name.
    return valueAt(values, [path]) ?? valueAt(values, pathOf(path))
  }

  /** The check of fresh keys: one `stat` for each file and a look at the variables, and a reload only after a change. */
  #refresh(): void {
    const { env, files } = this.#setup
    const start = performance.now()
    const hasChanged = env.hasChanged() || files.hasChanged()
    const tookMs = performance.now() - start
    if (hasChanged && !files.isBeingWritten()) this.reload()
    this.#freshness.looked(tookMs)
  }

  #swap(next: Snapshot): boolean {
    const before = this.#snapshot
    const changed = !isSame(before.values, next.values)
    // Equal values keep their object, so that holders of a snapshot can compare by identity.
    this.#snapshot = changed ? next : { ...next, values: before.values }
    this.#isFresh = !this.#isClosed && next.freshKeys.size > 0
    if (!changed) return false
    this.#lookups.clear()
    this.#version++
    if (this.#events.has('change')) {
      const secrets: Secrecy = {
        has: (path) => before.secrets.has(path) || next.secrets.has(path),
        mayHold: (path) => before.secrets.mayHold(path) || next.secrets.mayHold(path),
      }
      this.#events.emit('change', {
        version: this.#version,
        environment: this.environment,
        changes: changesBetween(before.values, next.values, secrets),
      })
    }
    return true
  }

  #fail(error: Error): ReloadResult {
    const content = `${error.message}\0${this.#setup.env.content}\0${this.#setup.files.content}`
    const isNew = this.#failing?.content !== content
    const since = this.#failing?.since ?? new Date()
    this.#failing = { error, since, content }
    if (isNew) {
      this.#events.emit('error', { error, since: since.toISOString() })
      if (!this.#events.has('error')) this.#setup.warn(`the settings could not be reloaded, the last good values stay: ${error.message}`)
    }
    return { changed: false, error }
  }

  #watch(pollMs: number | undefined): void {
    const { files } = this.#setup
    this.#watcher = new Watcher({
      pollMs,
      paths: () => files.paths,
      look: () => {
        if (!files.hasChanged()) return files.isSettled
        if (files.hasJustGone()) return false
        this.#reload()
        return files.isSettled
      },
      onError: (error) =>
        this.#setup.warn(`watching the settings' directories failed (${error.message}); they are looked at every second instead`),
    })
  }
}
