import type { DeclaredKindName } from '../entities/config-types.js'
import { checkLabelQuery, checkText, LIMITS } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'
import type { StandardSchema } from '../shared/standard-schema.js'

/** A host's declaration of a kind of its own. */
export interface KindOptions<Content, Input = Content, Name extends string = string> {
  /** Stands in scopes, messages, the changelog, REST paths and files: `[a-z][a-z0-9_]{0,39}`. */
  readonly kind: Name
  /** The REST path and the folder of files: `[a-z][a-z0-9_-]{0,59}`. @default kind + 's' */
  readonly plural?: string
  /** What messages call one of them. @default the kind, with blanks for underscores */
  readonly noun?: string
  /**
   * What content may be: a schema of valibot, zod, arktype or others with the Standard Schema interface, which may validate asynchronously.
   * It checks and completes content at every write. Its result has to be plain JSON. Reads do not validate.
   */
  readonly schema: StandardSchema<Input, Content>
  /** The label of reads, promotions and rollbacks that name none; `latest` for the highest active version. @default the manager's label */
  readonly defaultLabel?: string
  /**
   * Brings content that was written under an older schema into today's shape. Runs when a version is loaded, on a copy, and again on
   * content that is up to date already. One that throws makes reads of that version fail with a `ContentError`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what an older schema made has a type that only the host knows
  readonly upgrade?: (content: any) => Content
}

/** A kind of configuration that a host declared. */
export interface Kind<Content = unknown, Input = Content, Name extends string = string> extends KindOptions<Content, Input, Name> {
  readonly plural: string
  readonly noun: string
}

// biome-ignore lint/suspicious/noExplicitAny: a list of kinds holds kinds of every content
export type AnyHostKind = Kind<any, any>

const KIND = /^[a-z][a-z0-9_]{0,39}$/
const PLURAL = /^[a-z][a-z0-9_-]{0,59}$/

/** Words that scopes and messages use in the place of a kind: all kinds, the content of a single version, rollouts. */
const TAKEN: readonly string[] = ['all', 'content', 'rollout']

/**
 * Declares a kind of configuration: content of the host's own, with versions, labels, rollouts, changelog and caches as prompts have them.
 *
 * @throws {InvalidArgumentError} when the declaration is not acceptable; it names the field
 *
 * @example
 * ```ts
 * const tools = defineKind({ kind: 'tool', schema: v.object({ description: v.string(), timeoutSeconds: v.optional(v.number(), 30) }) })
 * const manager = createConfigManager({ database: 'pglite:memory', kinds: [tools] })
 * await manager.of(tools).create({ name: 'search', content: { description: 'finds' }, labels: ['production'] })
 * const tool = await manager.of(tools).get('search')
 * tool?.content.timeoutSeconds // 30
 * ```
 */
export function defineKind<Content, Input = Content, Name extends string = string>(
  options: KindOptions<Content, Input, Name>,
): Kind<Content, Input, DeclaredKindName<Name>> {
  checkKeys(options, ['kind', 'plural', 'noun', 'schema', 'defaultLabel', 'upgrade'])
  const { kind, schema, defaultLabel, upgrade } = options
  if (typeof kind !== 'string' || !KIND.test(kind))
    throw new InvalidArgumentError('kind', 'must begin with a lower-case letter and hold at most 40 lower-case letters, digits and "_"')
  if (TAKEN.includes(kind)) throw new InvalidArgumentError('kind', `must not be one of ${TAKEN.join(', ')}`)
  const plural = options.plural ?? `${kind}s`
  if (typeof plural !== 'string' || !PLURAL.test(plural))
    throw new InvalidArgumentError(
      'plural',
      'must begin with a lower-case letter and hold at most 60 lower-case letters, digits, "_" and "-"',
    )
  if (typeof schema?.['~standard']?.validate !== 'function')
    throw new InvalidArgumentError('schema', 'must have the Standard Schema interface: a schema of valibot, zod or arktype for example')
  if (upgrade !== undefined && typeof upgrade !== 'function') throw new InvalidArgumentError('upgrade', 'must be a function')
  return Object.freeze({
    kind,
    plural,
    noun: checkText('noun', options.noun ?? kind.replaceAll('_', ' '), LIMITS.shortName),
    schema,
    ...(defaultLabel !== undefined && { defaultLabel: checkLabelQuery(defaultLabel, 'defaultLabel') }),
    ...(upgrade !== undefined && { upgrade }),
  })
}
