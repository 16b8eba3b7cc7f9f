import { keepPlans, type QueryingClient } from './kept-plans.js'

/**
 * Prepares a connection that this package opened itself, and the statements on it:
 *
 * - a read that its caller has given up on ends at the server too, instead of waiting on behind a lock with its connection;
 * - JIT is off, since compiling takes longer than any statement of this package runs;
 * - a transaction has the statement timeout of writes, which may wait up to twice `databaseMs` for the lock of configuration writes.
 *
 * The first two only on a direct connection to PostgreSQL: behind a pooler they would stay set on a connection that other clients use next.
 */
export function ownSession(client: QueryingClient, databaseMs: number): (args: readonly unknown[]) => readonly unknown[] {
  const keep = keepPlans(client, { jit: 'off', statement_timeout: String(justBelow(databaseMs)) })
  const limit = `set local statement_timeout = ${databaseMs * 2 + 500}`
  return (args) => {
    const begun = begins(args)
    return begun ? [`${begun}; ${limit}${String(args[0]).slice(begun.length)}`] : keep(args)
  }
}

/** The statement timeout of reads: PostgreSQL ends the statement shortly before its caller gives up. */
function justBelow(databaseMs: number): number {
  return Math.max(1, databaseMs - Math.min(100, Math.ceil(databaseMs / 10)))
}

/** The statement that begins a transaction, if the text begins with one. Others may follow it. */
function begins([text, values]: readonly unknown[]): string | undefined {
  if (typeof text !== 'string' || (Array.isArray(values) && values.length > 0)) return undefined
  return /^(?:begin|start transaction)\b[^;]*/i.exec(text)?.[0]
}
