import type { AnyHostKind } from '../kinds/define-kind.js'
import type { AnyKind, KindDefinition } from '../kinds/kind.js'
import type { LabelledRepository } from '../store/repositories/labelled-repository.js'
import type { ConfigQuery } from './config-query.js'

/** What every answer has, of whatever kind. */
export interface LabelledEntity {
  readonly id: number
  readonly project: string
  readonly name: string
  readonly version: number
  readonly labels: readonly string[]
  readonly isActive: boolean
  readonly revision: number
}

/** A kind whose versions carry labels, at one manager: for code that works with every kind, as an API or a command line does. */
export interface ManagedKind extends Pick<KindDefinition, 'kind' | 'plural' | 'noun' | 'maxNameLength' | 'fields' | 'lineField'> {
  /** The label of reads that name none. */
  readonly defaultLabel: string
  /** The host's own declaration; absent for the kinds of the package. */
  readonly declared?: AnyHostKind
  // biome-ignore lint/suspicious/noExplicitAny: of a kind that is known at run time only
  readonly repository: LabelledRepository<any, LabelledEntity & Readonly<Record<string, unknown>>, any>
  /** Reads through the caches, as `getPrompt` does. */
  get(name: string, query?: ConfigQuery): Promise<(LabelledEntity & Readonly<Record<string, unknown>>) | undefined>
}

export function managedKind(
  { kind, plural, noun, maxNameLength, fields, lineField }: AnyKind,
  parts: Pick<ManagedKind, 'defaultLabel' | 'repository' | 'get'> & { readonly declared?: AnyHostKind | undefined },
): ManagedKind {
  const { declared, ...rest } = parts
  return Object.freeze({
    kind,
    plural,
    noun,
    maxNameLength,
    fields,
    ...(lineField !== undefined && { lineField }),
    ...(declared && { declared }),
    ...rest,
  })
}
