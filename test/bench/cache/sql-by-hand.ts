import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/**
 * The promotion of `name` to `production` as one would write it by hand with pg alone, into the same tables: counter, label, head, changelog,
 * NOTIFY, each a statement of its own. It checks nothing and reads nothing back.
 */
export function promoteByHand(pool: pg.Pool, name: string, from: number, to: number): Promise<number> {
  return writeByHand(pool, name, (client, change) =>
    change(
      client.query(
        `insert into agent_config.prompt_labels (project, name, label, version) values ('default', $1, 'production', $2)
          on conflict (project, name, label) do update set version = excluded.version`,
        [name, to],
      ),
      { from, to, type: 'promote', summary: `Promoted v${to} to production`, before: label(from), after: label(to) },
    ),
  )
}

/** A further version, in the same way. */
export function createVersionByHand(pool: pg.Pool, name: string, version: number, template: string): Promise<number> {
  return writeByHand(pool, name, (client, change) =>
    change(
      client.query(`insert into agent_config.prompts (project, name, version, type, template) values ('default', $1, $2, 'text', $3)`, [
        name,
        version,
        template,
      ]),
      { from: version - 1, to: version, type: 'version', summary: null, before: null, after: JSON.stringify({ template }) },
    ),
  )
}

interface Change {
  readonly from: number
  readonly to: number
  readonly type: string
  readonly summary: string | null
  readonly before: string | null
  readonly after: string
}

type Write = (client: pg.PoolClient, change: (rows: Promise<unknown>, log: Change) => Promise<void>) => Promise<void>

async function writeByHand(pool: pg.Pool, name: string, write: Write): Promise<number> {
  const client = await pool.connect()
  try {
    const token = randomUUID()
    const scope = `prompt:default:${name}`
    await client.query('begin isolation level read committed')
    await client.query("select set_config('synchronous_commit', 'on', true)")
    const { rows } = await client.query<{ revision: string; database: string }>(
      `update agent_config.config_state set revision = revision + 1, token = $1, open_xid = pg_current_xact_id(),
        opened_at = transaction_timestamp(), phase = 'older' where id = 1 returning revision, database`,
      [token],
    )
    const { revision, database } = rows[0]!
    await write(client, async (written, { from, to, type, summary, before, after }) => {
      await written
      await client.query(
        `insert into agent_config.config_heads (scope, revision, token) values ($1, $2, $3)
          on conflict (scope) do update set revision = excluded.revision, token = excluded.token`,
        [scope, revision, token],
      )
      await client.query(
        `insert into agent_config.config_changelog (revision, token, write_id, config_type, config_name, project, previous_version, new_version,
          change_type, change_summary, previous_data, new_data) values ($1, $2, $3, 'prompt', $4, 'default', $5, $6, $7, $8, $9, $10)`,
        [revision, token, randomUUID(), name, from, to, type, summary, before, after],
      )
    })
    const message = JSON.stringify({ revision: Number(revision), token, database, type: 'prompt', key: scope, scopes: [scope] })
    await client.query('select pg_notify(agent_config.notify_channel(), $1)', [message])
    await client.query('commit')
    return Number(revision)
  } finally {
    client.release()
  }
}

function label(version: number): string {
  return JSON.stringify({ labels: { production: version } })
}
