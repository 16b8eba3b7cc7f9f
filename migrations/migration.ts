/** One step of the database's shape. Steps are never edited after a release; a change is a new step. */
export interface Migration {
  /** Whether code older than this step can no longer work with the database. Such a database is refused by older code. */
  readonly breaking: boolean
  /** The statements, for a PostgreSQL schema given as a quoted identifier. */
  sql(schema: SchemaName): string
}

/** A PostgreSQL schema's name in the two forms SQL text needs. */
export interface SchemaName {
  /** As an identifier: `"agent_config"`. */
  readonly identifier: string
  /** As a string literal: `'agent_config'`. */
  readonly literal: string
  /** A dollar-quote tag that does not occur in the name, for function bodies: `$body$`. */
  readonly bodyQuote: string
}
