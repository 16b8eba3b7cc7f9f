import { createHash } from 'node:crypto'

export interface QueryingClient {
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
 * Only on a direct connection to PostgreSQL: behind a pooler the next statement may run on another connection, which does not know the
 * name. A pooler is recognised by reporting another process id than PostgreSQL's own.
 *
 * @param settings PostgreSQL's by name, for the rest of the connection's life; set only on a direct connection, for the same reason
 */
export function keepPlans(
  client: QueryingClient,
  settings: Readonly<Record<string, string>> = {},
): (args: readonly unknown[]) => readonly unknown[] {
  if (!DIRECT.has(client)) ask(client, settings)
  return (args) => {
    const [text, values] = args
    // Without values it may be several statements, as in a migration.
    if (!DIRECT.get(client) || typeof text !== 'string' || text.length < MIN_LENGTH || !Array.isArray(values) || values.length === 0)
      return args
    return [{ name: nameOf(text), text, values }]
  }
}

/** The answer is not awaited: until it is there, statements are sent without names. The settings hold from the next statement on. */
function ask(client: QueryingClient, settings: Readonly<Record<string, string>>): void {
  DIRECT.set(client, false)
  const setters = Object.entries(settings).map(
    ([name, value]) =>
      `case when pg_backend_pid() = ${Number(client.processID)} then set_config('${name}', '${value}', false) end as ${name}`,
  )
  const columns = ['pg_backend_pid() as pid', ...(client.processID ? setters : [])]
  Promise.resolve(client.query(`select ${columns.join(', ')}`) as Promise<PidAnswer>).then(
    ({ rows }) => {
      DIRECT.set(client, rows[0]?.pid === client.processID)
    },
    // The next statement fails as well, and its caller gets the error.
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
