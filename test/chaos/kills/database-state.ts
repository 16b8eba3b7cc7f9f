import type pg from 'pg'

/** What stands in the tables of a project, and what the changelog says was done there; without what differs from one project to the next. */
export async function stateOf(pool: pg.Pool, project: string): Promise<string> {
  const { rows } = await pool.query<{ state: string }>(
    `select json_build_object(
      'prompts', (select json_agg(json_build_array(name, version, template, is_active) order by name, version) from agent_config.prompts where project = $1),
      'labels', (select json_agg(json_build_array(name, label, version) order by name, label) from agent_config.prompt_labels where project = $1),
      'models', (select json_agg(json_build_array(name, version, model_name) order by name) from agent_config.model_configs where project = $1),
      'model labels', (select json_agg(json_build_array(name, label, version) order by name) from agent_config.model_config_labels where project = $1),
      'rules', (select json_agg(json_build_array(context, version, important) order by context) from agent_config.context_rules where project = $1),
      'rollouts', (select json_agg(json_build_array(kind, name, status, coverage_basis_points, arms, winner) order by name) from agent_config.config_rollouts where project = $1),
      'log', (select json_agg(json_build_array(config_type, config_name, change_type, new_version) order by id)
        from agent_config.config_changelog where project = $1 and config_type <> 'all' and change_type <> 'refresh')
    )::text as state`,
    [project],
  )
  return rows[0]?.state as string
}

/** What is wrong with the log as a whole: numbers without gaps, one token for each, and heads that name the last change of their scope. */
export async function faultsOfLog(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ fault: string }>(`
    with log as (select revision, token, config_type || ':' || project || ':' || config_name as scope, project, config_type, change_type
      from agent_config.config_changelog),
    changes as (select case when config_type = 'context_rules' then 'context_rules:' || project else scope end as scope, max(revision) as revision
      from log where config_type <> 'all' and change_type <> 'refresh' group by 1)
    select 'the log ends at ' || coalesce(max(log.revision), 0) || ' and has ' || count(distinct log.revision) || ' revisions, the state says ' || state.revision as fault
      from log, agent_config.config_state as state where state.id = 1 group by state.revision
      having coalesce(max(log.revision), 0) <> state.revision or count(distinct log.revision) <> state.revision
    union all select 'revision ' || revision || ' has ' || count(distinct token) || ' tokens' from log group by revision having count(distinct token) > 1
    union all select 'the head of ' || head.scope || ' is ' || head.revision || ', the log has no such change' from agent_config.config_heads as head
      where not exists (select from log where log.revision = head.revision and log.token = head.token)
    union all select 'the head of ' || changes.scope || ' is ' || coalesce(head.revision, 0) || ', its last change ' || changes.revision
      from changes left join agent_config.config_heads as head using (scope) where coalesce(head.revision, 0) < changes.revision`)
  return rows.map(({ fault }) => fault)
}
