import { ConfigurationManager } from './configuration-manager.js'
import type { ConfigManagerOptions } from './options.js'

// A process that both imports and requires the package has two copies of this module; they must find one manager. The key holds the
// major version, so that two majors side by side keep apart.
const KEY = Symbol.for('agent-config.manager.v0')

type Holder = { [KEY]?: ConfigurationManager | undefined }

/**
 * A manager of its own. Synchronous: connections open on first use.
 *
 * @throws {SettingsError} when no database is named, by `options.database` or DATABASE_URL
 * @throws {InvalidArgumentError} when an option is not acceptable
 */
export function createConfigManager(options: ConfigManagerOptions = {}): ConfigurationManager {
  return new ConfigurationManager(options)
}

/**
 * The process's one manager. The first call builds it from the environment: DATABASE_URL, DATABASE_SCHEMA, REDIS_URL,
 * REDIS_CACHE_TTL_SECONDS, REDIS_CONFIG_CHANNEL.
 *
 * @throws {SettingsError} when DATABASE_URL is not set
 */
export function getConfigManager(): ConfigurationManager {
  const holder = globalThis as Holder
  holder[KEY] ??= new ConfigurationManager()
  return holder[KEY]
}

/** Makes a manager the process's one, or takes it away. The one before is not shut down. */
export function setConfigManager(manager: ConfigurationManager | undefined): void {
  ;(globalThis as Holder)[KEY] = manager
}
