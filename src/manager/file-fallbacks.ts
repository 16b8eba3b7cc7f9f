import type { ContextRule } from '../entities/context-rule.js'
import type { EntityContent } from '../file-format/file-kind.js'
import { CONTEXT_RULES, decodeContextRule } from '../kinds/context-rules.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import type { AnyKind, ViewFacts } from '../kinds/kind.js'
import { FilesError } from '../shared/errors.js'
import type { ResolvedOptions } from './options.js'
import type { Reporter } from './reporter.js'

export interface FileFallbacksParts {
  /** The folder, as `agent-config pull` writes it. */
  readonly directory: string
  /** The manager's own project: reads of any other get no fallback, since files name no project. */
  readonly project: string
  readonly kinds: readonly AnyHostKind[]
  /** Called once when the files cannot be read; reads then have no such fallback. */
  readonly onError: (error: unknown) => void
}

type Contents = ReadonlyMap<string, EntityContent>

/** The entities of a folder's files, for reads that the store cannot answer. They are read once, when the manager is made. */
export class FileFallbacks {
  readonly #parts: FileFallbacksParts
  readonly #read: Promise<Contents>
  /** The entities of the files; empty when they could not be read. */
  readonly #contents: Promise<Contents>
  readonly #entities = new Map<string, Promise<unknown>>()

  /** The fallbacks of a manager with the option `fallbackFiles`. */
  static of({ fallbackFiles: directory, project, kinds }: ResolvedOptions, reporter: Reporter): FileFallbacks | undefined {
    const onError = (error: unknown) => reporter.failed(error, 'The files of fallbackFiles cannot be read; reads go without them.')
    return directory === undefined ? undefined : new FileFallbacks({ directory, project, kinds, onError })
  }

  constructor(parts: FileFallbacksParts) {
    this.#parts = parts
    this.#read = read(parts)
    this.#contents = this.#read.catch((error: unknown) => {
      parts.onError(error)
      return new Map()
    })
  }

  /**
   * @throws {FilesError} when a file cannot be read; it names them
   * @throws {InvalidArgumentError} when there is no such folder
   */
  async ready(): Promise<void> {
    await this.#read
  }

  /** The entity of a file, as reads give it; `undefined` when there is no such file. */
  async entity<Entity>(kind: AnyKind, name: string, label: string): Promise<Entity | undefined> {
    const content = (await this.#contents).get(keyOf(kind.kind, name))
    if (content === undefined) return undefined
    const key = `${keyOf(kind.kind, name)} ${label}`
    const known = this.#entities.get(key) ?? this.#viewOf(kind, name, content, label)
    // Bounded: callers could ask for any number of labels.
    if (label !== '' && this.#entities.size < MOST_KEPT) this.#entities.set(key, known)
    return known as Promise<Entity>
  }

  /** The rules of the files, of one context or of all. */
  async rules(context: string | undefined): Promise<readonly ContextRule[]> {
    const contents = [...(await this.#contents)].filter(([key]) => key.startsWith(`${CONTEXT_RULES.kind}:`))
    const rules = contents.map(([key, content]) =>
      decodeContextRule({ ...this.#row(content), is_active: true, context: key.slice(CONTEXT_RULES.kind.length + 1) }),
    )
    return Object.freeze(
      rules
        .filter((rule) => context === undefined || rule.context === context)
        .sort((one, other) => (one.context < other.context ? -1 : 1)),
    )
  }

  async #viewOf(kind: AnyKind, name: string, content: EntityContent, label: string): Promise<unknown> {
    const draft = await kind.check({ ...content, name, project: this.#parts.project }, 'create')
    const selection = Object.freeze({ label, version: 0, reason: 'label' as const })
    const facts: ViewFacts = { isActive: true, labels: Object.freeze([]), selection, revision: 0, source: 'fallback', stale: false }
    return kind.view(kind.decode({ ...this.#row(kind.columnsOf(draft, undefined)), name }), facts)
  }

  /** The columns that every row has, filled for a version that no database holds. */
  #row(columns: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return { ...columns, id: 0, version: 0, project: this.#parts.project, created_by: null, created_at: new Date(0).toISOString() }
  }
}

const MOST_KEPT = 10_000

async function read({ directory, kinds }: FileFallbacksParts): Promise<Contents> {
  // Loaded only by managers with files: the YAML parser is a quarter of the size of the rest of the package.
  const { readConfigFiles } = await import('../file-format/folder/read-config-files.js')
  const { files, problems } = readConfigFiles(directory, { kinds })
  if (problems.length > 0) throw new FilesError(problems)
  return new Map(files.map(({ kind, name, content }) => [keyOf(kind, name), content]))
}

function keyOf(kind: string, name: string): string {
  return `${kind}:${name}`
}
