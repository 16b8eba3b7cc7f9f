import type { RedisLike } from '../cache/redis/redis-like.js'
import type { RedisTopology } from '../cache/redis/redis-topology.js'
import type { ChangelogHooks } from '../entities/written.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import { checkInteger, checkLabelQuery, checkProject, checkText, DEFAULT_PROJECT } from '../shared/arguments.js'
import { InvalidArgumentError, SettingsError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import { type Logger, SILENT_LOGGER } from '../shared/logger.js'
import type { KyselyLike } from '../store/postgres/open-database.js'
import type { PoolLike } from '../store/postgres/pool.js'
import { DEFAULT_SCHEMA, schemaName } from '../store/postgres/schema-name.js'
import { QUEUE_MS } from '../store/write/config-store.js'
import { AUTHORIZE_MS, type Authorize, WritePolicy } from '../store/write/write-policy.js'

/** Where options that were not given are looked up: a `Config` of `createConfig()` fits. */
export interface SettingsLike {
  get(path: string): unknown
}

export interface ConfigManagerOptions {
  /**
   * Gives the open manager of that key instead of a new one, whatever else the options say: for modules that are loaded again, as a
   * development server does at each change.
   * @default a new manager each time
   */
  readonly key?: string
  /**
   * Where configurations live: `postgresql://…`, `pglite:<folder>`, `pglite:memory`, a pg Pool or a Kysely instance of the host's.
   * @default the setting DATABASE_URL
   */
  readonly database?: string | PoolLike | KyselyLike
  /** A replica that documents are loaded from. Each of its answers says which revision it is as of, so that lag is noticed. */
  readonly readDatabase?: string | PoolLike
  /**
   * `redis://…`, `rediss://…`, `{ cluster: [nodes] }`, `{ sentinels: [nodes], name }`, or a host's ioredis client or Cluster; `false` for
   * none.
   * @default the setting REDIS_URL, else none
   */
  readonly redis?: string | RedisLike | RedisTopology | false
  /**
   * What documents in Redis are signed with (HMAC-SHA-256), at least 32 bytes each: the first signs, all are accepted. A document that is
   * not signed with one of these is a miss, and is replaced.
   * @default documents are not signed
   */
  readonly redisSecret?: string | readonly string[]
  /** The PostgreSQL schema that holds the tables. @default the setting DATABASE_SCHEMA, else 'agent_config' */
  readonly schema?: string
  /** Prefix of Redis keys and channel. @default 'agent-config' */
  readonly namespace?: string
  /** The exact name of the Redis channel. @default the setting REDIS_CONFIG_CHANNEL, else '{<namespace>}:config:invalidate' */
  readonly channel?: string
  /** Whether to LISTEN beside Redis. `auto`: unless there is a pooler in between. @default 'auto' */
  readonly listen?: 'auto' | boolean
  /** The project of calls that name none. @default 'default' */
  readonly project?: string
  /** The label of reads that name none. @default 'production' */
  readonly label?: string
  /** Whether to migrate the database at start. @default true for pglite, false otherwise */
  readonly autoMigrate?: boolean
  /**
   * Milliseconds until a document is read again even when no change was announced.
   * @default the setting REDIS_CACHE_TTL_SECONDS, else 300_000 (5 minutes)
   */
  readonly ttlMs?: number
  readonly memory?: {
    /** Most documents kept in memory; the least recently read leaves first. @default 10_000 */
    readonly maxEntries?: number
    /** Most bytes kept in memory. @default 268_435_456 (256 MiB) */
    readonly maxBytes?: number
  }
  /** Milliseconds between two looks at the log while announcements arrive; 1 to 2 seconds while they do not. @default 5_000 */
  readonly pollIntervalMs?: number
  /**
   * Milliseconds between two PINGs on the Redis subscription. They detect a frozen server and a connection that was lost without a FIN or
   * RST; with `false` only TCP keep-alive does. A PING is skipped when anything arrived since the last one.
   * @default 1_000
   */
  readonly redisPingMs?: number | false
  readonly timeouts?: {
    /** Most milliseconds a Redis call may take. @default 250 */
    readonly redisMs?: number
    /** Most milliseconds a PostgreSQL read may take. @default 2_000 */
    readonly databaseMs?: number
    /** Most milliseconds a whole read may take. @default 2_500 */
    readonly readMs?: number
    /** Most milliseconds a write waits for its turn in this process; that does not count towards `databaseMs`. @default 60_000 */
    readonly queueMs?: number
  }
  /**
   * A file that keeps the last good documents, for a start with PostgreSQL and Redis away. Only this process's user can read it.
   * @default none
   */
  readonly snapshotFile?: string
  /**
   * A folder of files as `agent-config pull` writes it. Where the store has nothing under a name, or is away, the file of that name answers,
   * with `source: 'fallback'` and a `fallback` event: for the manager's own project, and for reads that ask for no version and no
   * revision. `ready()` rejects when one of the files cannot be read.
   */
  readonly fallbackFiles?: string
  /**
   * Labels that may be set, moved, removed or split only when `authorize` allows it; without one such writes are refused. `latest` protects
   * what is read without a label:
   * every new version, and switching versions on or off.
   * @default none
   */
  readonly protectedLabels?: readonly string[]
  /** Says whether a write may be made; asked before the transaction of every write. @default all but those that touch a protected label */
  readonly authorize?: Authorize
  /** Most milliseconds `authorize` may take; then the write is refused. @default 5_000 */
  readonly authorizeMs?: number
  readonly hooks?: ChangelogHooks
  /** Kinds of the host's own, from `defineKind()`. `manager.of(kind)` adds others later. @default none */
  readonly kinds?: readonly AnyHostKind[]
  /** Where options that are not given here are looked up. @default the environment */
  readonly settings?: SettingsLike
  /** pino and console fit. @default nothing is logged */
  readonly logger?: Logger
}

const PROBLEM = Symbol('why a manager cannot be used')

/** Options of a manager without a database: its reads and writes are refused with the error that says what was missing. */
export function unconfigured(problem: SettingsError): ConfigManagerOptions {
  const database: PoolLike & { readonly [PROBLEM]: SettingsError } = {
    connect: () => Promise.reject(problem),
    end: async () => {},
    [PROBLEM]: problem,
  }
  return { database, redis: false, listen: false }
}

/** The values of options that neither the options nor the settings give. */
export const MANAGER_DEFAULTS = {
  schema: DEFAULT_SCHEMA,
  namespace: 'agent-config',
  listen: 'auto',
  project: DEFAULT_PROJECT,
  label: 'production',
  ttlMs: 300_000,
  memory: { maxEntries: 10_000, maxBytes: 256 * 1024 * 1024 },
  pollIntervalMs: 5_000,
  redisPingMs: 1_000,
  timeouts: { redisMs: 250, databaseMs: 2_000, readMs: 2_500, queueMs: QUEUE_MS },
  authorizeMs: AUTHORIZE_MS,
} as const

/** The names of all options; leaving one out is a compile error. */
const OPTION_KEYS = Object.keys({
  key: true,
  database: true,
  readDatabase: true,
  redis: true,
  redisSecret: true,
  schema: true,
  namespace: true,
  channel: true,
  listen: true,
  project: true,
  label: true,
  autoMigrate: true,
  ttlMs: true,
  memory: true,
  pollIntervalMs: true,
  redisPingMs: true,
  timeouts: true,
  snapshotFile: true,
  fallbackFiles: true,
  protectedLabels: true,
  authorize: true,
  authorizeMs: true,
  hooks: true,
  kinds: true,
  settings: true,
  logger: true,
} satisfies Record<keyof ConfigManagerOptions, true>)

export interface ResolvedOptions {
  /** What was missing when the manager was built. */
  readonly problem: SettingsError | undefined
  readonly database: string | PoolLike | KyselyLike
  readonly readDatabase: string | PoolLike | undefined
  readonly redis: string | RedisLike | RedisTopology | undefined
  readonly redisSecrets: readonly string[]
  readonly schema: string
  readonly namespace: string
  readonly channel: string
  readonly listen: 'auto' | boolean
  readonly project: string
  readonly label: string
  readonly autoMigrate: boolean
  readonly ttlMs: number
  readonly memory: { readonly maxEntries: number; readonly maxBytes: number }
  readonly pollIntervalMs: number
  readonly redisPingMs: number | false
  readonly timeouts: { readonly redisMs: number; readonly databaseMs: number; readonly readMs: number; readonly queueMs: number }
  readonly snapshotFile: string | undefined
  readonly fallbackFiles: string | undefined
  readonly policy: WritePolicy
  readonly hooks: ChangelogHooks | undefined
  readonly kinds: readonly AnyHostKind[]
  readonly logger: Logger
}

const MAX_MS = 2_147_483_647
const MAX_PATH = 4_096
const POSITIVE = { min: 1, max: MAX_MS }

/**
 * @throws {SettingsError} when no database is named anywhere
 * @throws {InvalidArgumentError} when an option is not acceptable; it names the option
 */
export function resolveOptions(options: ConfigManagerOptions): ResolvedOptions {
  checkKeys(options, OPTION_KEYS)
  checkKeys(options.memory ?? {}, ['maxEntries', 'maxBytes'], 'memory')
  checkKeys(options.timeouts ?? {}, ['redisMs', 'databaseMs', 'readMs', 'queueMs'], 'timeouts')
  checkKeys(options.hooks ?? {}, ['beforeCommit', 'afterCommit'], 'hooks')
  const settings = options.settings ?? { get: (key: string) => process.env[key] }
  const database = options.database ?? textSetting(settings, 'DATABASE_URL')
  if (database === undefined) {
    throw new SettingsError(
      "No database is named. Set DATABASE_URL (postgresql://user:password@host:5432/name), or pass the option database; 'pglite:./data' runs without a server.",
    )
  }
  const namespace = checkText('namespace', options.namespace ?? MANAGER_DEFAULTS.namespace, 100)
  if (/[{}]/.test(namespace)) throw new InvalidArgumentError('namespace', 'must not hold braces: it becomes a Redis hash tag')
  const ttlSeconds = numberSetting(settings, 'REDIS_CACHE_TTL_SECONDS')
  const { timeouts = {}, memory = {} } = options
  if (options.key !== undefined) checkText('key', options.key)
  const resolved = {
    problem: (database as { readonly [PROBLEM]?: SettingsError })[PROBLEM],
    database,
    readDatabase: options.readDatabase,
    redis: options.redis === false ? undefined : (options.redis ?? textSetting(settings, 'REDIS_URL')),
    redisSecrets: readSecrets(options.redisSecret),
    schema: options.schema ?? textSetting(settings, 'DATABASE_SCHEMA') ?? MANAGER_DEFAULTS.schema,
    namespace,
    channel: checkText(
      'channel',
      options.channel ?? textSetting(settings, 'REDIS_CONFIG_CHANNEL') ?? `{${namespace}}:config:invalidate`,
      255,
    ),
    listen: options.listen ?? MANAGER_DEFAULTS.listen,
    project: checkProject(options.project ?? MANAGER_DEFAULTS.project),
    label: checkLabelQuery(options.label ?? MANAGER_DEFAULTS.label),
    autoMigrate: options.autoMigrate ?? (typeof database === 'string' && database.startsWith('pglite:')),
    ttlMs: checkInteger(
      'ttlMs',
      options.ttlMs ?? (ttlSeconds === undefined ? MANAGER_DEFAULTS.ttlMs : Math.round(ttlSeconds * 1_000)),
      POSITIVE,
    ),
    memory: {
      maxEntries: checkInteger('memory.maxEntries', memory.maxEntries ?? MANAGER_DEFAULTS.memory.maxEntries, POSITIVE),
      maxBytes: checkInteger('memory.maxBytes', memory.maxBytes ?? MANAGER_DEFAULTS.memory.maxBytes, {
        min: 1,
        max: Number.MAX_SAFE_INTEGER,
      }),
    },
    pollIntervalMs: checkInteger('pollIntervalMs', options.pollIntervalMs ?? MANAGER_DEFAULTS.pollIntervalMs, POSITIVE),
    redisPingMs:
      options.redisPingMs === false
        ? (false as const)
        : checkInteger('redisPingMs', options.redisPingMs ?? MANAGER_DEFAULTS.redisPingMs, POSITIVE),
    timeouts: {
      redisMs: checkInteger('timeouts.redisMs', timeouts.redisMs ?? MANAGER_DEFAULTS.timeouts.redisMs, POSITIVE),
      databaseMs: checkInteger('timeouts.databaseMs', timeouts.databaseMs ?? MANAGER_DEFAULTS.timeouts.databaseMs, POSITIVE),
      readMs: checkInteger('timeouts.readMs', timeouts.readMs ?? MANAGER_DEFAULTS.timeouts.readMs, POSITIVE),
      queueMs: checkInteger('timeouts.queueMs', timeouts.queueMs ?? MANAGER_DEFAULTS.timeouts.queueMs, POSITIVE),
    },
    fallbackFiles: options.fallbackFiles === undefined ? undefined : checkText('fallbackFiles', options.fallbackFiles, MAX_PATH),
    snapshotFile: options.snapshotFile === undefined ? undefined : checkText('snapshotFile', options.snapshotFile, MAX_PATH),
    policy: new WritePolicy(
      options.protectedLabels,
      options.authorize,
      checkInteger('authorizeMs', options.authorizeMs ?? MANAGER_DEFAULTS.authorizeMs, POSITIVE),
    ),
    hooks: options.hooks,
    kinds: options.kinds ?? [],
    logger: options.logger ?? SILENT_LOGGER,
  }
  schemaName(resolved.schema)
  if (!['auto', true, false].includes(resolved.listen)) throw new InvalidArgumentError('listen', "must be 'auto', true or false")
  return resolved
}

const MIN_SECRET_BYTES = 32

/** A secret is never repeated in a message. */
function readSecrets(given: ConfigManagerOptions['redisSecret']): readonly string[] {
  if (given === undefined) return []
  const secrets = typeof given === 'string' ? [given] : given
  if (!Array.isArray(secrets) || secrets.length === 0)
    throw new InvalidArgumentError('redisSecret', 'must be a text or a list of texts, the first of which signs')
  for (const [place, secret] of secrets.entries()) {
    if (typeof secret === 'string' && new TextEncoder().encode(secret).length >= MIN_SECRET_BYTES) continue
    throw new InvalidArgumentError(
      typeof given === 'string' ? 'redisSecret' : `redisSecret[${place}]`,
      `must be a text of at least ${MIN_SECRET_BYTES} bytes`,
    )
  }
  return [...secrets]
}

function textSetting(settings: SettingsLike, key: string): string | undefined {
  const value = settings.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberSetting(settings: SettingsLike, key: string): number | undefined {
  const value = settings.get(key)
  if (value === undefined || value === null || value === '') return undefined
  const number = Number(value)
  if (!Number.isFinite(number) || number <= 0) throw new SettingsError(`${key} must be a positive number of seconds.`)
  return number
}
