import { type RawBuilder, sql } from 'kysely'
import { columnOf } from '../../kinds/columns.js'
import type { KindDefinition } from '../../kinds/kind.js'
import { checkText } from '../../shared/arguments.js'
import { InvalidArgumentError } from '../../shared/errors.js'

/** Where a list looks for a text: names, contents (template, description, parameters, value …), or both. */
export type SearchIn = 'name' | 'content' | 'all'
const PLACES: readonly SearchIn[] = ['name', 'content', 'all']

/** The columns of a kind that hold names, and content. */
export type SearchedColumns = Readonly<Record<'name' | 'content', readonly string[]>>

export interface Search {
  /** A part of what is looked for, in any case. */
  readonly search?: string
  /** @default 'name' */
  readonly searchIn?: SearchIn
}

/**
 * Whether a version, called `entry`, has a text in one of its columns; `undefined` when none is asked for. Written with LIKE, one column at a
 * time, which a trigram index serves (docs/repositories.md).
 *
 * @throws {InvalidArgumentError} naming the field
 */
export function searchCondition({ search, searchIn = 'name' }: Search, columns: SearchedColumns): RawBuilder<unknown> | undefined {
  if (!PLACES.includes(searchIn)) throw new InvalidArgumentError('searchIn', `must be one of ${PLACES.join(', ')}`)
  if (search === undefined || search === '') return undefined
  const pattern = `%${checkText('search', search).replaceAll(/[\\%_]/g, '\\$&')}%`
  const searched = searchIn === 'all' ? [...columns.name, ...columns.content] : columns[searchIn]
  const found = searched.map((column) => sql`lower(${sql.ref(`entry.${column}`)}::text) like lower(${pattern}::text)`)
  return sql`(${sql.join(found, sql` or `)})`
}

/** The columns of a labelled kind that a search looks into. */
export function searchedColumns({ fields, tables }: Pick<KindDefinition, 'fields' | 'tables'>): SearchedColumns {
  if (tables.isShared) return { name: ['name'], content: ['content'] }
  const content = Object.entries(fields).flatMap(([name, field]) =>
    field.type === 'integer' || field.choices ? [] : [columnOf(name, field)],
  )
  return { name: ['name'], content }
}
