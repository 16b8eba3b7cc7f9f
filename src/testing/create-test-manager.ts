import { type Driver, Kysely } from 'kysely'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { createConfigManager } from '../manager/global-manager.js'
import type { ConfigManagerOptions } from '../manager/options.js'
import { DEFAULT_PROJECT } from '../store/arguments.js'
import { ConfigStore } from '../store/config-store.js'
import type { ContextRuleDraft } from '../store/context-rule-repository.js'
import type { EmbeddingConfigDraft } from '../store/embedding-config-repository.js'
import { migrate } from '../store/migrate.js'
import type { ModelConfigDraft } from '../store/model-config-repository.js'
import { importPglite } from '../store/open-database.js'
import { PgliteDriver, pgliteDialect } from '../store/pglite-dialect.js'
import type { PromptDraft } from '../store/prompt-repository.js'
import { createRepositories, type Repositories } from '../store/repositories.js'
import { SessionRecorder } from '../store/session-recorder.js'
import type { Tables } from '../store/tables.js'

/** What a test manager holds from the start. Versions without `labels` carry `production`. */
export interface TestManagerSeed {
  /** A template for each name, or a draft in full. */
  readonly prompts?: Readonly<Record<string, string>> | readonly PromptDraft[]
  readonly models?: readonly ModelConfigDraft[]
  readonly embeddings?: readonly EmbeddingConfigDraft[]
  readonly contextRules?: readonly ContextRuleDraft[]
}

export type TestManagerOptions = Pick<
  ConfigManagerOptions,
  'project' | 'label' | 'hooks' | 'protectedLabels' | 'authorize' | 'ttlMs' | 'memory' | 'logger'
>

/** The embedded database takes seconds to start; all test managers of a process share one, each in a schema of its own. */
const SHARED = new PgliteDriver(async () => (await importPglite()).PGlite.create())
let sharedStart: Promise<void> | undefined
let count = 0

/** Time for the embedded database to start, in milliseconds. */
const START_MS = 60_000

/**
 * A manager for a host's tests: the real one, on an embedded PostgreSQL in memory, without servers. Needs the package
 * `@electric-sql/pglite`. What it is seeded with is there at the first read.
 *
 * @example
 * ```ts
 * const manager = createTestManager({ prompts: { greeting: 'Hello {name}' } })
 * const prompt = await manager.getPrompt('greeting')
 * await manager.shutdown()
 * ```
 */
export function createTestManager(seed: TestManagerSeed = {}, options: TestManagerOptions = {}): ConfigurationManager {
  const schema = `test_${++count}`
  const sow = (repositories: Repositories) => plant(repositories, seed, options.project ?? DEFAULT_PROJECT)
  const database = new Kysely<Tables>({ dialect: pgliteDialect(() => new SeededDriver(schema, sow)) })
  return createConfigManager({
    ...options,
    database,
    schema,
    redis: false,
    timeouts: { databaseMs: START_MS, readMs: START_MS },
  })
}

/** The shared database; nobody's manager closes it. */
class SharedDriver implements Driver {
  async init(): Promise<void> {
    sharedStart ??= SHARED.init()
    await sharedStart
  }

  acquireConnection: Driver['acquireConnection'] = () => SHARED.acquireConnection()
  beginTransaction: Driver['beginTransaction'] = (connection, settings) => SHARED.beginTransaction(connection, settings)
  commitTransaction: Driver['commitTransaction'] = (connection) => SHARED.commitTransaction(connection)
  rollbackTransaction: Driver['rollbackTransaction'] = (connection) => SHARED.rollbackTransaction(connection)
  releaseConnection: Driver['releaseConnection'] = (connection) => SHARED.releaseConnection(connection)
  async destroy(): Promise<void> {}
}

/** The shared database as one manager finds it at its first query: migrated and seeded. */
class SeededDriver extends SharedDriver {
  readonly #schema: string
  readonly #seed: (repositories: Repositories) => Promise<void>

  constructor(schema: string, seed: (repositories: Repositories) => Promise<void>) {
    super()
    this.#schema = schema
    this.#seed = seed
  }

  override async init(): Promise<void> {
    await super.init()
    const db = new Kysely<Tables>({ dialect: pgliteDialect(() => new SharedDriver()) })
    await migrate(db, this.#schema)
    const store = new ConfigStore({ db, schema: this.#schema, databaseMs: START_MS })
    await store.record({ summary: 'Seeded for a test' }, (session) =>
      this.#seed(createRepositories(new SessionRecorder(session, store), DEFAULT_PROJECT)),
    )
  }
}

async function plant(repositories: Repositories, seed: TestManagerSeed, project: string): Promise<void> {
  const common = { labels: ['production'], project }
  for (const draft of promptDrafts(seed.prompts ?? [])) await repositories.prompts.create({ ...common, ...draft })
  for (const draft of seed.models ?? []) await repositories.models.create({ ...common, ...draft })
  for (const draft of seed.embeddings ?? []) await repositories.embeddings.create({ ...common, ...draft })
  for (const draft of seed.contextRules ?? []) await repositories.contextRules.create({ project, ...draft })
}

function promptDrafts(prompts: NonNullable<TestManagerSeed['prompts']>): readonly PromptDraft[] {
  return Array.isArray(prompts) ? prompts : Object.entries(prompts).map(([name, template]) => ({ name, template }))
}
