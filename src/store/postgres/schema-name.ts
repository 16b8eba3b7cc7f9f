import type { SchemaName } from '../../../migrations/migration.js'
import { InvalidArgumentError } from '../../shared/errors.js'

/** The PostgreSQL schema that tables live in unless told otherwise. */
export const DEFAULT_SCHEMA = 'agent_config'

/** @throws {InvalidArgumentError} when PostgreSQL could not hold the name as it is */
export function schemaName(schema: string): SchemaName {
  const bytes = typeof schema === 'string' ? Buffer.byteLength(schema) : 0
  if (bytes < 1 || bytes > 63 || schema.includes('\0') || !schema.isWellFormed() || schema.startsWith('pg_')) {
    throw new InvalidArgumentError('schema', 'must be a text of 1 to 63 bytes, without NUL or half characters, and not begin with "pg_"')
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
