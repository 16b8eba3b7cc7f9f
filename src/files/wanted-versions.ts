import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { InvalidArgumentError } from '../shared/errors.js'
import type { OnProgress } from './progress.js'
import { kindsOf, readStored, type StoredVersion } from './stored-heads.js'

/** Which entities to take, and which version of each. */
export interface WantedVersions {
  /** @default all names */
  readonly names?: readonly string[]
  /** @default all kinds */
  readonly kind?: string
  /** @default each kind's own */
  readonly label?: string
  readonly onProgress?: OnProgress
}

/**
 * The version of each entity that carries the label, else the highest active one; and the highest active one of all.
 *
 * @throws {InvalidArgumentError} when there is no such kind, or a name is not stored
 */
export async function wantedVersions(manager: ConfigurationManager, project: string, options: WantedVersions) {
  const kinds = kindsOf(manager).filter(({ kind, plural }) => [kind, plural, undefined].includes(options.kind))
  if (kinds.length === 0)
    throw new InvalidArgumentError(
      'kind',
      `must be one of ${kindsOf(manager)
        .map(({ kind }) => kind)
        .join(', ')}`,
    )
  const heads = await readStored(manager as never, kinds, project, 'latest', options.onProgress)
  const wanted = new Map<string, StoredVersion>(heads)
  for (const kind of kinds) {
    const label = options.label ?? manager.kinds.find((one) => one.kind === kind.kind)?.defaultLabel ?? 'latest'
    if (label === 'latest' || kind.kind === CONTEXT_RULES.kind) continue
    for (const [key, version] of await readStored(manager as never, [kind], project, label)) wanted.set(key, version)
  }
  for (const [key, file] of wanted) if (!isMeant(file, options)) wanted.delete(key)
  const missing = options.names?.find((name) => ![...wanted.values()].some((version) => version.name === name))
  if (missing !== undefined) throw new InvalidArgumentError('names', `must be stored in project "${project}", and "${missing}" is not`)
  return { wanted, heads }
}

/** Whether an entity is among those that are meant. */
export function isMeant(
  { kind, name }: { readonly kind: string | { readonly kind: string }; readonly name: string },
  options: WantedVersions,
): boolean {
  const own = typeof kind === 'string' ? kind : kind.kind
  if (options.names && options.names.length > 0 && !options.names.includes(name)) return false
  return options.kind === undefined || own === options.kind || typeof kind !== 'string'
}
