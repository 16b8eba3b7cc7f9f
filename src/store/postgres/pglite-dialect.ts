import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'

/** What the dialect needs of an embedded database; PGlite fits. Structural, because naming its types would drag in the DOM's. */
export interface PgliteLike {
  query(text: string, parameters?: unknown[]): Promise<{ rows: unknown[]; affectedRows?: number }>
  exec(text: string): Promise<{ rows: unknown[]; affectedRows?: number }[]>
  close(): Promise<void>
}

/** Kysely on PGlite: PostgreSQL's language over one connection, which callers take in turns. */
export function pgliteDialect(createDriver: () => Driver): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createDriver,
  }
}

export class PgliteDriver implements Driver {
  readonly #open: () => Promise<PgliteLike>
  #database: PgliteLike | undefined
  #lastTurn: Promise<void> = Promise.resolve()
  readonly #endTurn = new WeakMap<DatabaseConnection, () => void>()

  constructor(open: () => Promise<PgliteLike>) {
    this.#open = open
  }

  async init(): Promise<void> {
    this.#database = await this.#open()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const previous = this.#lastTurn
    const connection = new PgliteConnection(this.#database as PgliteLike)
    this.#lastTurn = new Promise((resolve) => this.#endTurn.set(connection, resolve))
    await previous
    return connection
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    this.#endTurn.get(connection)?.()
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const level = settings.isolationLevel ? ` isolation level ${settings.isolationLevel}` : ''
    await connection.executeQuery(CompiledQuery.raw(`start transaction${level}`))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async destroy(): Promise<void> {
    await this.#lastTurn
    await this.#database?.close()
  }
}

class PgliteConnection implements DatabaseConnection {
  readonly #database: PgliteLike

  constructor(database: PgliteLike) {
    this.#database = database
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, affectedRows } = await this.#run(query)
    return { rows: rows as Row[], ...(affectedRows !== undefined && { numAffectedRows: BigInt(affectedRows) }) }
  }

  // As with pg, a query without parameters may hold several statements.
  async #run(query: CompiledQuery) {
    if (query.parameters.length > 0) return this.#database.query(query.sql, [...query.parameters])
    const results = await this.#database.exec(query.sql)
    return { ...results.at(-1), rows: results.flatMap(({ rows }) => rows) }
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing in this package streams rows
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Streaming is not available on the embedded database.')
  }
}
