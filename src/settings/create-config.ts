import type { StandardSchema } from '../shared/standard-schema.js'
import type { Config } from './config.js'
import { LayeredConfig } from './layered-config.js'
import type { CreateConfigOptions, ValuesOf } from './options.js'

/**
 * Reads the settings: schema defaults, then `settings.toml`, `settings.{env}.toml`, `.secrets.toml`, `.env`,
 * `.env.{env}`, the environment's variables and `overrides`, each over the ones before.
 *
 * @example
 * ```ts
 * const schema = v.object({ DATABASE_URL: v.string(), LLM_TIMEOUT_SECONDS: v.optional(v.number(), 120) })
 * const config = createConfig({ schema, prefix: 'MYAPP' })
 * config.values.LLM_TIMEOUT_SECONDS // number
 * ```
 * @throws {SettingsFileError} for a file that cannot be read or parsed, or that is listed in `files` and missing
 * @throws {SettingsError} that lists every other problem at once
 */
export function createConfig<Schema extends StandardSchema | undefined = undefined>(
  options: CreateConfigOptions<Schema> = {},
): Config<ValuesOf<Schema>> {
  return new LayeredConfig<ValuesOf<Schema>>(options as unknown as CreateConfigOptions) as unknown as Config<ValuesOf<Schema>>
}
