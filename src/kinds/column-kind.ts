import type { Json, JsonObject } from '../entities/json.js'
import { deepFreeze } from '../shared/json.js'
import { columnOf, type Field } from './columns.js'
import type { KindDefinition, VersionDraft, ViewFacts } from './kind.js'
import { decodeVersion, type Row, type VersionContent } from './row.js'

/** The declaration of a kind whose fields are known. */
interface Declaration<Content, Entity, Draft> {
  readonly kind: string
  readonly plural: string
  readonly noun: string
  readonly maxNameLength: number
  /** Tables of the kind's own, with a column for each field. Absent: its versions are rows of `config_entries`, with the fields as content. */
  readonly tables?: { readonly versions: string; readonly labels: string }
  readonly defaultLabel?: string
  readonly lineField?: string
  readonly fields: Readonly<Record<string, Field>>
  /** The fields that a new version takes from the one before when its draft leaves them out. Absent: all of them. */
  readonly inherits?: (draft: Draft, before: Content) => Content
  /** Adds the fields that follow from others. */
  readonly complete?: (draft: Draft) => Draft
  /** Checks the fields that are there against each other. */
  readonly agree?: (values: Readonly<Record<string, unknown>>) => void
  /** Checks the content of a version against others of its name, lowest version first. */
  readonly follows?: (content: Content, others: readonly Content[]) => void
  readonly view?: (content: Content, facts: ViewFacts) => Entity
}

/** A kind whose fields are known, and kept each by itself. */
export function columnKind<Content extends VersionContent, Entity, Draft extends VersionDraft>(
  declaration: Declaration<Content, Entity, Draft>,
): KindDefinition<Content, Entity, Draft> {
  const { tables, complete = (draft: Draft) => draft, inherits = keepAll, agree, view, fields, ...rest } = declaration
  const names = Object.keys(fields)
  const fieldOf = (name: string) => fields[name] as Field
  const initial = Object.fromEntries(names.map((name) => [name, fieldOf(name).initial ?? null]))

  function given(draft: Draft): Readonly<Record<string, Json>> {
    const values = { ...complete(draft) } as Readonly<Record<string, unknown>>
    const said = names.filter((name) => values[name] !== undefined || fieldOf(name).initial === undefined)
    return Object.fromEntries(said.map((name) => [name, fieldOf(name).check(name, values[name])]))
  }

  function columnsOf(draft: Draft, inherited: Content | undefined): JsonObject {
    const said = given(draft)
    const whole = { ...initial, ...(inherited && onlyOf(names, inherits(draft, inherited))), ...said } as Readonly<Record<string, Json>>
    agree?.({ ...whole, ...onlyOf(names, complete(draft)) })
    if (!tables) return { content: whole }
    return Object.fromEntries(names.map((name) => [columnOf(name, fieldOf(name)), whole[name] as Json]))
  }

  const stored = names.map((name) => ({ name, key: tables ? columnOf(name, fieldOf(name)) : name, field: fieldOf(name) }))

  function decode(row: Row): Content {
    // Plain SQL may have stored any JSON as content, `null` for example.
    const kept = tables ? row : ((row.content ?? {}) as Row)
    // Filled field by field, so that all contents of a kind share one shape: of a copied object V8 freezes each into a shape of its own.
    const content = decodeVersion(row) as VersionContent & Record<string, unknown>
    for (const { name, key, field } of stored) content[name] = deepFreeze(field.decode(kept[key], row))
    return Object.freeze(content) as unknown as Content
  }

  return {
    ...rest,
    fields,
    tables: tables ? { ...tables, isShared: false } : { isShared: true },
    check(draft, mode) {
      if (mode === 'create') columnsOf(draft, undefined)
      else {
        given(draft)
        agree?.(onlyOf(names, complete(draft)))
      }
      return draft
    },
    columnsOf,
    decode,
    view: view ?? ((content, facts) => Object.freeze({ ...content, ...facts }) as unknown as Entity),
    describe: (content) => onlyOf(names, content) as JsonObject,
  }
}

function keepAll<Content>(_draft: unknown, before: Content): Content {
  return before
}

function onlyOf(names: readonly string[], values: object): Readonly<Record<string, unknown>> {
  const all = values as Readonly<Record<string, unknown>>
  return Object.fromEntries(names.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]))
}
