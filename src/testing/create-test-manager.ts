import type { FlagValue } from '../entities/flag.js'
import { type KindOfFiles, kindsOfFiles } from '../file-format/file-kind.js'
import { readConfigFiles } from '../file-format/folder/read-config-files.js'
import { writeVersion } from '../files/stored-heads.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import type { EmbeddingConfigDraft } from '../kinds/embedding.js'
import type { EntryDraft } from '../kinds/entry.js'
import type { FlagDraft } from '../kinds/flag.js'
import type { ModelConfigDraft } from '../kinds/model.js'
import type { PromptDraft } from '../kinds/prompt.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { createConfigManager } from '../manager/global-manager.js'
import type { ConfigManagerOptions } from '../manager/options.js'
import { DEFAULT_PROJECT } from '../shared/arguments.js'
import { FilesError } from '../shared/errors.js'
import type { ContextRuleDraft } from '../store/repositories/context-rule-repository.js'
import type { Repositories } from '../store/repositories/repositories.js'
import { releaseTimers, seededDatabase } from '../store/seeded-database.js'

/** The configurations that a test manager has from the start. Versions without `labels` carry `production`. */
export interface TestManagerSeed {
  /** A text, or the messages of a chat, for each name; or drafts in full. */
  readonly prompts?: Readonly<Record<string, PromptDraft['template']>> | readonly PromptDraft[]
  readonly models?: readonly ModelConfigDraft[]
  readonly embeddings?: readonly EmbeddingConfigDraft[]
  readonly contextRules?: readonly ContextRuleDraft[]
  /** A value for each name; or drafts in full. */
  readonly flags?: Readonly<Record<string, FlagValue>> | readonly FlagDraft[]
  /** Entities of the host's kinds. */
  readonly entries?: readonly TestEntry[]
  /** Kinds that no entry is of. */
  readonly kinds?: readonly AnyHostKind[]
  /** A folder of configuration: every file is version 1 of its entity, as `agent-config push --label production` writes it. */
  readonly files?: string
}

/** One entity of a host's kind. */
export interface TestEntry extends EntryDraft {
  readonly kind: AnyHostKind
}

export type TestManagerOptions = Pick<
  ConfigManagerOptions,
  'project' | 'label' | 'hooks' | 'protectedLabels' | 'authorize' | 'ttlMs' | 'memory' | 'logger'
>

/** Managers made so far: each has a schema of its own in the one embedded database of the process. */
let count = 0

/** Time for the embedded database to start, in milliseconds. */
const START_MS = 60_000

/**
 * A manager for a host's tests: the real one, on an embedded PostgreSQL in memory, without servers. Needs the package
 * `@electric-sql/pglite`. Its configurations can be read at once.
 *
 * @example
 * ```ts
 * const manager = createTestManager({
 *   prompts: { greeting: 'Hello {name}', review: [{ role: 'system', content: 'You review {language}.' }] },
 * })
 * const prompt = await manager.getPrompt('greeting')
 * await manager.shutdown()
 * ```
 */
export function createTestManager(seed: TestManagerSeed = {}, options: TestManagerOptions = {}): ConfigurationManager {
  const schema = `test_${++count}`
  const kinds = [...new Set([...(seed.kinds ?? []), ...(seed.entries ?? []).map(({ kind }) => kind)])]
  const files = seed.files === undefined ? [] : filesOf(seed.files, kinds)
  const sow = async (repositories: Repositories) => {
    const project = options.project ?? DEFAULT_PROJECT
    await plant(repositories, seed, project)
    for (const { kind, name, content } of files) await writeVersion(repositories, kind, { name, content, project, labels: ['production'] })
  }
  const database = seededDatabase(schema, sow, START_MS)
  const manager = createConfigManager({
    ...options,
    kinds,
    database,
    schema,
    redis: false,
    timeouts: { databaseMs: START_MS, readMs: START_MS },
  })
  const { shutdown } = manager
  manager.shutdown = async () => {
    await shutdown.call(manager)
    await releaseTimers()
  }
  return manager
}

/** @throws {FilesError} when one of them cannot be read */
function filesOf(directory: string, declared: readonly AnyHostKind[]) {
  const { files, problems } = readConfigFiles(directory, { kinds: declared })
  if (problems.length > 0) throw new FilesError(problems)
  const kinds = new Map(kindsOfFiles(declared).map((kind) => [kind.kind, kind]))
  return files.map(({ kind, name, content }) => ({ kind: kinds.get(kind) as KindOfFiles, name, content }))
}

async function plant(repositories: Repositories, seed: TestManagerSeed, project: string): Promise<void> {
  const common = { labels: ['production'], project }
  for (const draft of promptDrafts(seed.prompts ?? [])) await repositories.prompts.create({ ...common, ...draft })
  for (const draft of seed.models ?? []) await repositories.models.create({ ...common, ...draft })
  for (const draft of seed.embeddings ?? []) await repositories.embeddings.create({ ...common, ...draft })
  for (const draft of seed.contextRules ?? []) await repositories.contextRules.create({ project, ...draft })
  for (const draft of flagDrafts(seed.flags ?? [])) await repositories.flags.create({ ...common, ...draft })
  for (const { kind, ...draft } of seed.entries ?? []) await repositories.of(kind).create({ ...common, ...draft })
}

function promptDrafts(prompts: NonNullable<TestManagerSeed['prompts']>): readonly PromptDraft[] {
  if (Array.isArray(prompts)) return prompts
  return Object.entries(prompts).map(([name, template]) => ({ name, template }))
}

function flagDrafts(flags: NonNullable<TestManagerSeed['flags']>): readonly FlagDraft[] {
  if (Array.isArray(flags)) return flags
  return Object.entries(flags).map(([name, value]) => ({ name, value: value as FlagValue }))
}
