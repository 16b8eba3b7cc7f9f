import type { Migration, SchemaName } from './migration.js'

/**
 * The documents that caches hold are read by functions, whose plans every connection keeps: those of a host's pool, and those that a write
 * reads in its own transaction. Workers of earlier releases read the tables themselves.
 */
export const documents: Migration = {
  breaking: false,
  sql: (schema) => {
    const { identifier: s } = schema
    return [
      documentsIn(schema, 'prompts', labelled(schema, { versions: `${s}.prompts`, labels: `${s}.prompt_labels` })),
      documentsIn(schema, 'model_configs', labelled(schema, { versions: `${s}.model_configs`, labels: `${s}.model_config_labels` })),
      documentsIn(
        schema,
        'embedding_configs',
        labelled(schema, { versions: `${s}.embedding_configs`, labels: `${s}.embedding_config_labels` }),
      ),
      documentsIn(
        schema,
        'config_entries',
        labelled(schema, { versions: `${s}.config_entries`, labels: `${s}.config_entry_labels`, mine: 'kind = of_kind and ' }),
      ),
      documentsIn(schema, 'context_rules', contextRules(schema)),
    ].join('\n')
  },
}

/** Newest versions that a document lists, whatever points at them. */
const NEWEST_LISTED = 100

/**
 * With its own settings: plans for any parameters, by indexes, so that one that was made while a table was small serves when it has grown; and
 * no compilation, which takes longer than any of these runs.
 */
function documentsIn({ identifier: s, bodyQuote: q }: SchemaName, table: string, document: string): string {
  return `
-- "wanted" is a list of {scope, project, name}. An entity that does not exist has an empty document. All of it is one snapshot.
create function ${s}.documents_in_${table}(of_kind text, wanted jsonb)
returns table (scope text, as_of bigint, revision bigint, token text, text text)
language plpgsql stable set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as ${q}
#variable_conflict use_column
begin
  return query select asked.scope, state.revision, coalesce(head.revision, 0), coalesce(head.token, ''), (${document})::text
    from jsonb_to_recordset(wanted) as asked (scope text, project text, name text)
    cross join ${s}.config_state as state
    left join lateral (select at.revision, at.token from ${s}.config_heads as at where at.scope = asked.scope limit 1) as head on true
    where state.id = 1;
end ${q};
-- It runs with the rights of whoever calls it, who needs those to read the tables.
grant execute on function ${s}.documents_in_${table}(text, jsonb) to public;
`
}

interface LabelledTables {
  readonly versions: string
  readonly labels: string
  /** What tells the kind's rows from those of others. */
  readonly mine?: string
}

/**
 * The document of one entity. Its size does not grow with the number of versions: of those before the newest hundred only the ones are listed
 * that a label, an arm of an open rollout or `latest` points at.
 *
 * Neither does the work: rows are found by order (`order by version desc limit`), for which only one index will do. With a list, a range or a
 * number in the condition alone, PostgreSQL may take the index of lists and read all versions of the entity, as long as its statistics are
 * older than they are.
 */
function labelled({ identifier: s }: SchemaName, { versions, labels, mine = '' }: LabelledTables): string {
  const entity = 'project = asked.project and name = asked.name'
  const isOpen = `kind = of_kind and ${entity} and status <> 'concluded'`
  return `
    with newest as materialized (select * from ${versions} where ${mine}${entity} order by version desc limit ${NEWEST_LISTED}),
    known as materialized (select
      coalesce((select case count(*) when ${NEWEST_LISTED} then min(version) end from newest), 1) as since,
      array(select version from ${labels} where ${mine}${entity}
        union (select version from ${versions} where ${mine}${entity} and is_active order by version desc limit 1)
        union select (arm ->> 'version')::integer from ${s}.config_rollouts, jsonb_array_elements(arms) as arm where ${isOpen}) as pointed),
    listed as (select * from newest union all (
      select older.* from known cross join unnest(known.pointed) as at (version) cross join lateral (
        select * from ${versions} where ${mine}${entity} and version <= at.version order by version desc limit 1) as older
      where older.version = at.version and older.version < known.since))
    select json_build_object(
      'labels', coalesce((select json_object_agg(label, version) from ${labels} where ${mine}${entity}), '{}'),
      'since', (select since from known),
      'versions', coalesce(json_agg(json_build_array(version, id, is_active, (extract(epoch from created_at) * 1000000)::bigint)
        order by version), '[]'),
      'contents', coalesce(json_agg(to_json(listed) order by version) filter (where version = any((select pointed from known)::integer[])), '[]'),
      'rollouts', coalesce((select json_agg(to_json(open)) from ${s}.config_rollouts as open where ${isOpen}), '[]'))
    from listed`
}

function contextRules({ identifier: s }: SchemaName): string {
  return `
    select json_build_object('rules', coalesce((select json_agg(to_json(rule) order by rule.context collate "C") from (
      select distinct on (context) * from ${s}.context_rules where project = asked.project and is_active
      order by context, version desc) as rule), '[]'))`
}
