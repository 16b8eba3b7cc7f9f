import type { WriteMeta } from '../entities/written.js'
import { contentOf, type EntityContent, type KindOfFiles, kindsOfFiles } from '../file-format/file-kind.js'
import { keyOf } from '../file-format/folder/file-set.js'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { hashOf } from './content-hash.js'
import type { OnProgress } from './progress.js'

/** A stored version. */
export interface StoredVersion {
  readonly kind: KindOfFiles
  readonly name: string
  readonly version: number
  readonly content: EntityContent
  readonly hash: string
}

type Entity = Readonly<Record<string, unknown>> & { readonly version: number }

interface PagedReads {
  list(query: { project?: string; label?: string; limit?: number; cursor?: string }): Promise<{ items: readonly Entity[]; cursor?: string }>
}

/** The repositories of a manager, or those of a transaction. */
export type Sources = Parameters<Parameters<ConfigurationManager['transaction']>[0]>[0]

const LIMIT = 200

/** The kinds that a manager knows, as files know them. */
export function kindsOf(manager: ConfigurationManager): readonly KindOfFiles[] {
  return kindsOfFiles(manager.kinds.flatMap(({ declared }) => (declared ? [declared] : [])))
}

/** The highest active version of everything of a project, by `kind:name`; or with a label, the versions that carry it. */
export async function readStored(
  sources: Sources,
  kinds: readonly KindOfFiles[],
  project: string,
  label = 'latest',
  onProgress?: OnProgress,
): Promise<ReadonlyMap<string, StoredVersion>> {
  const stored = new Map<string, StoredVersion>()
  for (const kind of kinds) {
    const isRules = kind.kind === CONTEXT_RULES.kind
    let cursor: string | undefined
    do {
      const page = await readsOf(sources, kind).list({ project, limit: LIMIT, ...(!isRules && { label }), ...(cursor && { cursor }) })
      for (const entity of page.items) {
        const name = String(isRules ? entity.context : entity.name)
        // Newest first: of context rules, which have no labels, the first one is in force.
        if (stored.has(keyOf({ kind: kind.kind, name }))) continue
        const content = contentOf(kind, entity)
        stored.set(keyOf({ kind: kind.kind, name }), { kind, name, version: entity.version, content, hash: hashOf(content) })
      }
      cursor = page.cursor
      onProgress?.({ doing: 'read', done: stored.size })
    } while (cursor)
  }
  return stored
}

/** Writes a content as the next version. Every field is given, so that nothing is inherited. */
export async function writeVersion(
  sources: Sources,
  kind: KindOfFiles,
  request: {
    readonly name: string
    readonly project: string
    readonly content: EntityContent
    readonly labels: readonly string[] | undefined
    /** Who writes, for `authorize`, and why. */
    readonly meta?: WriteMeta
  },
): Promise<number> {
  const { name, project, content, labels, meta } = request
  if (kind.kind === CONTEXT_RULES.kind)
    return (await sources.contextRules.createVersion({ context: name, project, ...content, ...meta })).version
  const draft = { name, project, ...content, ...(labels && { labels }), ...meta }
  return ((await repositoryOf(sources, kind).createVersion(draft)) as Entity).version
}

export function repositoryOf(sources: Sources, kind: KindOfFiles) {
  const builtIn = { prompt: sources.prompts, model: sources.models, embedding: sources.embeddings, flag: sources.flags }
  const known = builtIn[kind.kind as keyof typeof builtIn]
  // biome-ignore lint/suspicious/noExplicitAny: of a kind that is known at run time only
  return (known ?? sources.of(kind.declared as NonNullable<KindOfFiles['declared']>)) as any
}

function readsOf(sources: Sources, kind: KindOfFiles): PagedReads {
  return kind.kind === CONTEXT_RULES.kind ? (sources.contextRules as unknown as PagedReads) : repositoryOf(sources, kind)
}
