import { type Kysely, type RawBuilder, sql } from 'kysely'
import { parseScope, type Scope } from '../../entities/scope.js'
import { CONTEXT_RULES } from '../../kinds/context-rules.js'
import type { KindRegistry } from '../../kinds/registry.js'
import type { Tables } from '../postgres/tables.js'
import { type AsValue, asParameter, micros, versionsFrom, versionsTable } from './kind-rows.js'

/** A document as PostgreSQL made it, with the revision it was read as of: both from one snapshot. */
export interface LoadedDocument {
  readonly scope: Scope
  readonly revision: number
  readonly token: string
  readonly asOf: number
  readonly text: string
}

interface DocumentRow {
  readonly scope: string
  readonly as_of: string
  readonly revision: string
  readonly token: string
  readonly text: string
}

/**
 * Reads documents, one statement for all of a kind. An entity that does not exist has an empty document; one of a kind that is not known here
 * is not in the answer.
 */
export async function loadDocuments(
  db: Kysely<Tables>,
  schema: string,
  kinds: KindRegistry,
  scopes: readonly Scope[],
): Promise<Map<Scope, LoadedDocument>> {
  const found = new Map<Scope, LoadedDocument>()
  for (const statement of documentStatements(schema, kinds, scopes)) {
    for (const document of documentsIn((await statement.execute(db)).rows)) found.set(document.scope, document)
  }
  return found
}

/** The statements that read documents, one a kind. */
export function documentStatements(
  schema: string,
  kinds: KindRegistry,
  scopes: readonly Scope[],
  value: AsValue = asParameter,
): readonly RawBuilder<DocumentRow>[] {
  return [...groupBy(scopes, (scope) => parseScope(scope)?.kind)].flatMap(([kind, ofKind]) => {
    const table = kind === CONTEXT_RULES.kind ? 'context_rules' : versionsTable(kinds.find(kind))
    if (table === undefined) return []
    const wanted = ofKind.map((scope) => ({ scope, ...parseScope(scope) }))
    return [
      sql<DocumentRow>`
        select * from ${sql.id(schema, `documents_in_${table}`)}(${value(kind)}::text, ${value(JSON.stringify(wanted))}::text::jsonb)
      `,
    ]
  })
}

/** The documents among the rows that these statements gave. */
export function documentsIn(rows: readonly unknown[]): readonly LoadedDocument[] {
  return (rows as readonly DocumentRow[]).filter(({ scope }) => scope !== undefined).map(toDocument)
}

/** Reads the contents of single versions by row. A row that does not exist is not in the answer. */
export async function loadContents(
  db: Kysely<Tables>,
  schema: string,
  kinds: KindRegistry,
  keys: readonly Scope[],
): Promise<Map<Scope, LoadedDocument>> {
  const found = new Map<Scope, LoadedDocument>()
  for (const [name, ofKind] of groupBy(keys, (key) => key.split(':')[1])) {
    const kind = kinds.find(name)
    if (!kind) continue
    const wanted = ofKind.map((scope) => ({ scope, id: Number(scope.split(':')[2]), micros: Number(scope.split(':')[3]) }))
    const { rows } = await sql<DocumentRow>`
      select wanted.scope, state.revision as as_of, 0 as revision, '' as token, to_json(entry)::text as text
      from ${recordset(wanted, sql`scope text, id bigint, micros bigint`)} as wanted
      cross join ${table(schema, 'config_state')} as state
      join ${versionsFrom(schema, kind)} as entry on entry.id = wanted.id and ${micros('entry')} = wanted.micros
      where state.id = 1
    `.execute(db)
    for (const row of rows) found.set(row.scope, toDocument(row))
  }
  return found
}

function groupBy<Key>(scopes: readonly Scope[], keyOf: (scope: Scope) => Key | undefined): Map<Key, Scope[]> {
  const groups = new Map<Key, Scope[]>()
  for (const scope of scopes) {
    const key = keyOf(scope)
    if (key !== undefined) groups.get(key)?.push(scope) ?? groups.set(key, [scope])
  }
  return groups
}

/**
 * The planner takes every JSON list for 100 rows, and a table that was never analysed for hundreds, `config_state` too: with 100 times 920
 * rows to make, PostgreSQL would compile the statement first (JIT), which takes a second. So the statement states both numbers.
 */
function recordset(wanted: readonly object[], columns: RawBuilder<unknown>): RawBuilder<unknown> {
  const rows = sql`jsonb_to_recordset(${JSON.stringify(wanted)}::text::jsonb) as listed (${columns})`
  return sql`(select * from ${rows} limit ${String(wanted.length)}::integer)`
}

function table(schema: string, name: string): RawBuilder<unknown> {
  return sql.id(schema, name)
}

function toDocument(row: DocumentRow): LoadedDocument {
  return { scope: row.scope, revision: Number(row.revision), token: row.token, asOf: Number(row.as_of), text: row.text }
}
