import type { Json, JsonObject } from '../entities/json.js'
import { deepFreeze } from '../shared/json.js'
import { columnOf, type Field } from './columns.js'
import type { KindDefinition, VersionDraft, ViewFacts } from './kind.js'
import { decodeVersion, type Row, type VersionContent } from './row.js'

/** What a kind with columns of its own declares. */
interface Declaration<Content, Entity, Draft> {
  readonly kind: string
  readonly plural: string
  readonly noun: string
  readonly maxNameLength: number
  readonly tables: { readonly versions: string; readonly labels: string }
  readonly defaultLabel?: string
  readonly lineField?: string
  readonly fields: Readonly<Record<string, Field>>
  /** Adds the fields that follow from others. */
  readonly complete?: (draft: Draft) => Draft
  /** Checks the fields that are there against each other. */
  readonly agree?: (values: Readonly<Record<string, unknown>>) => void
  readonly view?: (content: Content, facts: ViewFacts) => Entity
}

/** A kind whose fields stand in columns of its own tables. */
export function columnKind<Content extends VersionContent, Entity, Draft extends VersionDraft>(
  declaration: Declaration<Content, Entity, Draft>,
): KindDefinition<Content, Entity, Draft> {
  const { tables, complete = (draft: Draft) => draft, agree, view, fields, ...rest } = declaration
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
    const whole = { ...initial, ...(inherited && onlyOf(names, inherited)), ...said } as Readonly<Record<string, Json>>
    agree?.({ ...whole, ...onlyOf(names, complete(draft)) })
    return Object.fromEntries(names.map((name) => [columnOf(name, fieldOf(name)), whole[name] as Json]))
  }

  return {
    ...rest,
    fields,
    tables: { ...tables, isShared: false },
    check(draft, mode) {
      if (mode === 'create') columnsOf(draft, undefined)
      else {
        given(draft)
        agree?.(onlyOf(names, complete(draft)))
      }
      return draft
    },
    columnsOf,
    decode: (row: Row) => {
      const values = names.map((name) => [name, fieldOf(name).decode(row[columnOf(name, fieldOf(name))], row)])
      return deepFreeze({ ...decodeVersion(row), ...Object.fromEntries(values) }) as Content
    },
    view: view ?? ((content, facts) => Object.freeze({ ...content, ...facts }) as unknown as Entity),
    describe: (content) => onlyOf(names, content) as JsonObject,
  }
}

function onlyOf(names: readonly string[], values: object): Readonly<Record<string, unknown>> {
  const all = values as Readonly<Record<string, unknown>>
  return Object.fromEntries(names.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]))
}
