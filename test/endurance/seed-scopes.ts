import pg from 'pg'

/** The name of a prompt by its place. */
export function nameOf(place: number): string {
  return `team-${place % 20}/prompt-${place}`
}

/**
 * Writes this many prompts, each with two versions of which the first is in production, by three statements of plain SQL: the triggers
 * raise a head for each.
 */
export async function seedScopes(url: string, scopes: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(
      `insert into agent_config.prompts (project, name, version, type, template)
        select 'default', 'team-' || place % 20 || '/prompt-' || place, version, 'text', repeat('Answer {question} for {customer}. ', 20)
        from generate_series(0, $1::integer - 1) as place, generate_series(1, 2) as version`,
      [scopes],
    )
    await client.query(
      `insert into agent_config.prompt_labels (project, name, label, version)
        select project, name, 'production', version from agent_config.prompts where version = 1`,
    )
    await client.query('commit')
  } finally {
    await client.end()
  }
}
