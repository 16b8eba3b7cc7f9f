import { SettingsError } from '../shared/errors.js'
import { ConfigurationManager } from './configuration-manager.js'
import { type ConfigManagerOptions, unconfigured } from './options.js'

// A process that both imports and requires the package has two copies of this module; they must find one manager. The key holds the
// major version, so that two majors side by side keep apart.
const KEY = Symbol.for('agent-config.manager.v0')

type Holder = { [KEY]?: ConfigurationManager | undefined }

/** Managers of `options.key`. */
const KEYED = Symbol.for('agent-config.managers.v0')

type KeyedHolder = { [KEYED]?: Map<string, ConfigurationManager> }

/**
 * A manager of its own. Synchronous: connections open on first use.
 *
 * @throws {SettingsError} when no database is named, by `options.database` or DATABASE_URL
 * @throws {InvalidArgumentError} when an option is not acceptable
 */
export function createConfigManager(options: ConfigManagerOptions = {}): ConfigurationManager {
  const { key } = options
  if (key === undefined) return new ConfigurationManager(options)
  const holder = globalThis as KeyedHolder
  holder[KEYED] ??= new Map()
  const open = holder[KEYED].get(key)
  if (open && !open.isClosed) return open
  const manager = new ConfigurationManager(options)
  holder[KEYED].set(key, manager)
  return manager
}

/**
 * The process's one manager. The first call builds it from the environment: DATABASE_URL, DATABASE_SCHEMA, REDIS_URL,
 * REDIS_CACHE_TTL_SECONDS, REDIS_CONFIG_CHANNEL. After `shutdown()` the next call builds a new one.
 *
 * Without DATABASE_URL it throws nothing, since modules are loaded where there is no database, at a build say: the manager it gives rejects
 * every read and write with a `SettingsError`, and the next call looks again.
 */
export function getConfigManager(): ConfigurationManager {
  const holder = globalThis as Holder
  const held = holder[KEY]
  if (held && !held.isClosed && !(held.isUnconfigured && process.env.DATABASE_URL)) return held
  const manager = fromEnvironment()
  holder[KEY] = manager
  return manager
}

function fromEnvironment(): ConfigurationManager {
  try {
    return new ConfigurationManager()
  } catch (error) {
    if (!(error instanceof SettingsError) || process.env.DATABASE_URL) throw error
    return new ConfigurationManager(unconfigured(error))
  }
}

/** Makes a manager the one of the process, or removes it. The manager before it is not shut down. */
export function setConfigManager(manager: ConfigurationManager | undefined): void {
  ;(globalThis as Holder)[KEY] = manager
}
