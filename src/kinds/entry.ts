import type { Entry, EntryContent } from '../entities/entry.js'
import type { Json, JsonObject } from '../entities/json.js'
import { checkJson, LIMITS } from '../shared/arguments.js'
import { ContentError, InvalidArgumentError } from '../shared/errors.js'
import { deepFreeze } from '../shared/json.js'
import type { SchemaIssue, SchemaResult } from '../shared/standard-schema.js'
import type { Field } from './columns.js'
import type { Kind } from './define-kind.js'
import type { KindDefinition, VersionDraft } from './kind.js'
import { decodeVersion, type Row } from './row.js'

/** A new version of an entity of a host's kind. */
export interface EntryDraft<Input = unknown> extends VersionDraft {
  /** The content in full, as the kind's schema takes it: nothing is taken from the version before. */
  readonly content: Input
}

export type EntryKind<Content, Input> = KindDefinition<EntryContent<Content>, Entry<Content>, EntryDraft<Input>>

const CONTENT: Field = { type: 'json', check: checkContent, decode: (stored) => stored }

/** A host's kind, as the store, the caches and the manager know kinds. Its versions are rows of `config_entries`. */
export function entryKind<Content, Input>(declared: Kind<Content, Input>): EntryKind<Content, Input> {
  const { kind, plural, noun, defaultLabel } = declared
  /** Contents that the host's `upgrade` failed on. */
  const failures = new WeakMap<EntryContent<Content>, ContentError>()
  const refuseUnreadable = (content: EntryContent<Content>) => {
    const failure = failures.get(content)
    if (failure) throw failure
  }
  return {
    kind,
    plural,
    noun,
    maxNameLength: LIMITS.name,
    tables: { isShared: true },
    ...(defaultLabel !== undefined && { defaultLabel }),
    fields: { content: CONTENT },
    check: async (draft) => ({ ...draft, content: (await validated(declared, draft.content)) as never }),
    columnsOf: ({ content }) => ({ content: content as Json }),
    decode(row) {
      const { content, failure } = upgraded(declared, row)
      const decoded = deepFreeze({ kind, ...decodeVersion(row), content: content as Content })
      if (failure) failures.set(decoded, failure)
      return decoded
    },
    refuseUnreadable,
    view(content, facts) {
      refuseUnreadable(content)
      return Object.freeze({ ...content, ...facts })
    },
    describe: ({ content }) => pathsOf(content as Json),
  }
}

function checkContent(field: string, content: unknown): Json {
  if (content === undefined || content === null) throw new InvalidArgumentError(field, 'must be given, and not be null')
  return checkJson(field, content) as Json
}

async function validated({ schema, noun }: Kind, content: unknown): Promise<Json> {
  const failed = (why: unknown) => new InvalidArgumentError('content', `could not be checked: the schema of ${noun} failed (${why})`)
  let result: SchemaResult<unknown>
  try {
    result = await schema['~standard'].validate(content)
  } catch (cause) {
    throw failed((cause as Error)?.message ?? cause)
  }
  if (typeof result !== 'object' || result === null) throw failed('it gave no result')
  if (!result.issues) return checkContent('content', result.value)
  const [first, ...others] = result.issues
  const rest = others.slice(0, SHOWN_ISSUES).map((issue) => `; ${placeOf(issue)}: ${issue.message}`)
  throw new InvalidArgumentError(first ? placeOf(first) : 'content', `does not fit: ${first?.message ?? 'no reason given'}${rest.join('')}`)
}

const SHOWN_ISSUES = 10

function placeOf({ path }: SchemaIssue): string {
  return ['content', ...(path ?? []).map((part) => String(typeof part === 'object' ? part?.key : part))].join('.')
}

/**
 * The stored content in today's shape: a copy, so that freezing it does not freeze objects of the host. Content that `upgrade` cannot bring into
 * it is given as it is stored, for `diff` and the changelog.
 */
function upgraded({ kind, upgrade }: Kind, row: Row): { readonly content: unknown; readonly failure?: ContentError } {
  if (!upgrade) return { content: row.content }
  try {
    return { content: checkContent('content', settledNow(upgrade(structuredClone(row.content)))) }
  } catch (cause) {
    const { project, name, version } = decodeVersion(row)
    return { content: row.content, failure: new ContentError({ kind, project, name, version }, cause) }
  }
}

/** Reads cannot wait for an `upgrade`: one that gives a promise is refused, and what the promise rejects with ends no process. */
function settledNow(content: unknown): unknown {
  if (!(content instanceof Promise)) return content
  content.catch(() => {})
  throw new Error('upgrade gave a promise; it has to give the content itself')
}

/**
 * Every value by its path, so that a difference says where it is: `{ a: { b: 1 } }` is `{ 'a.b': 1 }`, and `{ a: { 'b.c': 1 } }` is
 * `{ 'a["b.c"]': 1 }`. A list is one value.
 */
function pathsOf(content: Json): JsonObject {
  return Object.fromEntries(leavesOf(content, ''))
}

function leavesOf(value: Json, path: string): readonly (readonly [path: string, value: Json])[] {
  const isLeaf = typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0
  if (isLeaf) return [[path || 'content', value]]
  return Object.entries(value as JsonObject).flatMap(([key, part]) => leavesOf(part, pathTo(path, key)))
}

/** An empty key, or one that would read as a path (dots, brackets), is written in brackets. */
function pathTo(path: string, key: string): string {
  if (key === '' || /[.[\]]/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}
