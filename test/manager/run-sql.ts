import pg from 'pg'

/** Runs statements on a connection of their own, as psql would. */
export async function runSql(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    const answer = await client.query(text)
    return (answer.rows ?? []) as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}
