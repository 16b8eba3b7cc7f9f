import type { SchemaName } from '../../migrations/migration.js'
import { InvalidArgumentError } from '../shared/errors.js'

/** The PostgreSQL schema that tables live in unless told otherwise. */
export const DEFAULT_SCHEMA = 'agent_config'

/** @throws {InvalidArgumentError} when PostgreSQL could not hold the name as it is */
export function schemaName(schema: string): SchemaName {
  const bytes = Buffer.byteLength(schema)
  if (bytes < 1 || bytes > 63 || schema.includes('\0') || schema.startsWith('pg_')) {
    throw new InvalidArgumentError('schema', 'must be 1 to 63 bytes, without NUL, and not begin with "pg_"')
  }
  let bodyQuote = '$body$'
  while (schema.includes(bodyQuote)) bodyQuote = `$b${bodyQuote.slice(1)}`
  return { identifier: `"${schema.replaceAll('"', '""')}"`, literal: literalOf(schema), bodyQuote }
}

/** A text as an SQL literal; for names of this package's own, never for values. */
function literalOf(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}
