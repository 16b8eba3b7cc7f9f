import { createHash } from 'node:crypto'

interface QueryingClient {
  query(text: string): unknown
  /** The process behind the connection, as the server named it at connect. */
  readonly processID?: number
}

interface PidAnswer {
  readonly rows: readonly { readonly pid: number }[]
}

/** Statements at least this long join and nest so much that planning them takes three times as long as running them. */
const MIN_LENGTH = 600

/** Whether a connection reaches PostgreSQL itself; absent until PostgreSQL has answered. */
const DIRECT = new WeakMap<QueryingClient, boolean>()
const NAMES = new Map<string, string>()

/**
 * Sends long statements by name, so that the connection keeps their plans.
 *
 * Only where the connection is PostgreSQL's own: behind a pooler the next statement may run on another connection, which does not know the
 * name. A pooler gives itself away by a process id of its own.
 */
export function keepPlans(client: QueryingClient): (args: readonly unknown[]) => readonly unknown[] {
  if (!DIRECT.has(client)) ask(client)
  return (args) => {
    const [text, values] = args
    // Without values it may be several statements, as in a migration.
    if (!DIRECT.get(client) || typeof text !== 'string' || text.length < MIN_LENGTH || !Array.isArray(values) || values.length === 0)
      return args
    return [{ name: nameOf(text), text, values }]
  }
}

/** Nobody waits for the answer: until it is there, statements go without names. */
function ask(client: QueryingClient): void {
  DIRECT.set(client, false)
  Promise.resolve(client.query('select pg_backend_pid() as pid') as Promise<PidAnswer>).then(
    ({ rows }) => {
      DIRECT.set(client, rows[0]?.pid === client.processID)
    },
    // The statement behind this one fails as well, and tells.
    () => {},
  )
}

function nameOf(text: string): string {
  const known = NAMES.get(text)
  if (known) return known
  const name = `agent_config_${createHash('sha1').update(text).digest('hex').slice(0, 16)}`
  NAMES.set(text, name)
  return name
}
