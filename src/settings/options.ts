import type { StandardSchema } from '../shared/standard-schema.js'
import type { OutputOf } from './schema/schema-types.js'
import type { DeepPartial, DeepReadonly } from './typed-paths.js'

/** A rule that spans keys, or that holds in some environments only. */
export interface SettingsRule<Values = Record<string, unknown>> {
  /** The environments it holds in. @default all of them */
  readonly environments?: readonly string[]
  /** Whether it applies to these values. @default always */
  readonly when?: (values: Values) => boolean
  /** What must be true. */
  readonly check: (values: Values) => boolean
  /** The setting the problem is reported at. */
  readonly path: string
  /** The message that follows the path: `must be https in production`. */
  readonly message: string
}

/** The values a schema gives; without a schema, anything. */
export type ValuesOf<Schema> = Schema extends StandardSchema
  ? unknown extends OutputOf<Schema>
    ? Readonly<Record<string, unknown>>
    : DeepReadonly<OutputOf<Schema>>
  : Readonly<Record<string, unknown>>

/** What `createConfig` takes. Every field is optional. */
export interface CreateConfigOptions<Schema extends StandardSchema | undefined = StandardSchema | undefined> {
  /**
   * Any Standard Schema. One that describes itself (valibot, or `~standard.jsonSchema` as zod 4, arktype and effect have it) also says
   * how texts are read, which keys there are, their defaults, descriptions and secrets. @default none: values are guessed
   */
  readonly schema?: Schema
  /** The folder of the settings files. @default `config` if it exists, else the working directory */
  readonly root?: string
  /**
   * Settings files, lowest first, relative to `root`, TOML or (by the ending `.json`) JSON. `{env}` stands for the environment, and such a
   * file may be
   * missing; any other file named here must exist. @default ['settings.toml', 'settings.{env}.toml'], both may be missing
   */
  readonly files?: readonly string[]
  /** The file of secrets, relative to `root`; it may be missing. @default '.secrets.toml' */
  readonly secretsFile?: string | false
  /**
   * Directories with one file for each secret, relative to `root`: `/run/secrets`, `process.env.CREDENTIALS_DIRECTORY`. The file's name is
   * the setting's; the content is the value, less one line end. They stand above the file of secrets. @default none
   */
  readonly secretsDirectory?: string | readonly string[]
  /** `true` reads `.env` in `root`, or else in the working directory; a path or several, relative to `root`, must exist. @default true */
  readonly dotenv?: boolean | string | readonly string[]
  /** What names of variables begin with, before an underscore. @default none: only keys that the schema names are read */
  readonly prefix?: string
  /** Variables with names of their own, without the prefix, and the settings they set: `{ PORT: 'server.port' }`. @default {} */
  readonly variables?: Readonly<Record<string, string>>
  /**
   * Whether a variable that is set to nothing (`MYAPP_PORT=`) counts as not set.
   * @default only where the schema refuses the empty text
   */
  readonly emptyIsUnset?: boolean
  /** The environment's name; wins over every variable. */
  readonly environment?: string
  /** The variables that may name the environment; the first that is set decides. @default ['APP_ENV', 'ENV_FOR_DYNACONF', 'NODE_ENV'] */
  readonly environmentVariable?: string | readonly string[]
  /** The environment when nothing names one. @default 'local' */
  readonly defaultEnvironment?: string
  /** The names an environment may have; any other fails. @default any */
  readonly environments?: readonly string[]
  /** What is read instead of `process.env`. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Top-level keys that are checked against files and environment at each access. @default [] */
  readonly fresh?: readonly string[]
  /** Dotted paths of settings that are secrets, besides those that are recognized. @default [] */
  readonly secrets?: readonly string[]
  /** Rules that span several keys. @default [] */
  readonly rules?: readonly SettingsRule<ValuesOf<Schema>>[]
  /** What happens when a source has keys that the schema does not name. @default 'warn' */
  readonly unknownKeys?: 'warn' | 'error' | 'ignore'
  /**
   * Whether files are watched and changes applied as they happen. `{ pollMs }` also looks at them at that interval, in milliseconds, for
   * file systems that send no events. @default false
   */
  readonly watch?: boolean | { readonly pollMs: number }
  /** The highest layer; typed values, taken as they are. */
  readonly overrides?: DeepPartial<ValuesOf<Schema>>
  /** Called with every warning, once for each message. @default process.emitWarning */
  readonly onWarning?: (message: string) => void
}

export const CONFIG_DEFAULTS = {
  files: ['settings.toml', 'settings.{env}.toml'],
  secretsFile: '.secrets.toml',
  dotenv: true,
  environmentVariable: ['APP_ENV', 'ENV_FOR_DYNACONF', 'NODE_ENV'],
  defaultEnvironment: 'local',
  fresh: [],
  secrets: [],
  rules: [],
  unknownKeys: 'warn',
  watch: false,
} as const
