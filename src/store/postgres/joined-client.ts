import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Tables } from './tables.js'

/**
 * A connection on which a transaction of the host's is open, whatever library it comes from: pg's `Client` and `PoolClient` fit as they are,
 * others with a line around them. Resolves with `{ rows }` or with the rows.
 */
export interface QueryClientLike {
  // biome-ignore lint/suspicious/noExplicitAny: pg's overloads accept strings, configurations and cursors; only the shape of the answer matters here
  query(text: string, values?: any[]): any
}

/** Whether it is one connection, and not a pool: a pool has `connect`, and pg's clients have it too. */
export function isQueryClient(database: unknown): database is QueryClientLike {
  if (typeof database !== 'object' || database === null || typeof (database as QueryClientLike).query !== 'function') return false
  return !('connect' in database) || 'processID' in database || 'release' in database
}

/** One Kysely instance per client: repositories that share it see that they are in the same transaction. */
const JOINED = new WeakMap<QueryClientLike, Kysely<Tables>>()

/** The transaction that is open on a client, for repositories to join. */
export function joinedDatabase(client: QueryClientLike): Kysely<Tables> {
  const known = JOINED.get(client)
  if (known) return known
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (database) => new PostgresIntrospector(database),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createDriver: () => new JoinedDriver(client),
    },
  })
  Object.defineProperty(db, 'isTransaction', { value: true })
  JOINED.set(client, db)
  return db
}

/** Begins and ends nothing: the transaction is the host's. */
class JoinedDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(client: QueryClientLike) {
    this.#connection = new JoinedConnection(client)
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }
  async beginTransaction(): Promise<void> {}
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

class JoinedConnection implements DatabaseConnection {
  readonly #client: QueryClientLike

  constructor(client: QueryClientLike) {
    this.#client = client
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const answer: unknown = await this.#client.query(sql, [...parameters])
    return { rows: (Array.isArray(answer) ? answer : ((answer as { rows?: unknown })?.rows ?? [])) as Row[] }
  }

  // biome-ignore lint/correctness/useYield: nothing here streams
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Streaming is not supported on a joined transaction.')
  }
}
