export { isConfigError, SettingsError, SettingsFileError } from '../shared/errors.js'
export type { StandardSchema } from '../shared/standard-schema.js'
export type {
  AnyConfig,
  Config,
  ConfigChangeEvent,
  ConfigErrorEvent,
  ConfigEvents,
  ConfigHealth,
  ReloadResult,
  SettingChange,
  TypedConfig,
} from './config.js'
export { createConfig } from './create-config.js'
export { CONFIG_DEFAULTS, type CreateConfigOptions, type SettingsRule, type ValuesOf } from './options.js'
export type { DescribedSetting } from './report/describe.js'
export type { Candidate, Inspection } from './report/inspect.js'
export type { OutputOf } from './schema/schema-types.js'
export type { Layer } from './sources/origin.js'
export type { DeepPartial, DeepReadonly, KnownPath, NoSuchPath, PathOf, ValueAt } from './typed-paths.js'
