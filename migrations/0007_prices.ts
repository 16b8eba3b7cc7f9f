import type { Migration, SchemaName } from './migration.js'

/**
 * What a model costs, and how long the vectors of an embedding configuration are. Workers of earlier releases leave both out of what they
 * write, and read past them.
 */
export const prices: Migration = {
  breaking: false,
  sql: (schema) => [columns(schema), purge(schema)].join('\n'),
}

function columns({ identifier: s }: SchemaName): string {
  return `
alter table ${s}.model_configs add column prices jsonb check (prices is null or jsonb_typeof(prices) in ('object', 'null'));
alter table ${s}.embedding_configs add column dimensions integer check (dimensions > 0);
`
}

/** As in 0005, and the columns above. */
function purge({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.purge_version(write jsonb) returns jsonb language plpgsql
  security definer set search_path = pg_catalog, pg_temp as ${q}
declare
  step jsonb := write -> 'steps' -> 0;
  tables record;
  purged bigint;
begin
  if ${s}.phase_here() is distinct from 'open' then
    raise exception 'This transaction has no open write: call open_write first' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update ${s}.config_state set phase = 'purging' where id = 1;
  select * into tables from ${s}.kind_tables(step ->> 'kind');
  execute format('update %s set is_active = false, created_at = created_at + interval ''1 microsecond'', %s
      where %s project = $1 and %I = $2 and version = $3 returning id', tables.target, case step ->> 'kind'
      when 'prompt' then $$type = 'text', template = '', template_format = 'raw', description = null, model = null, parameters = '{}'$$
      when 'model' then $$model_provider = 'purged', model_name = 'purged', parameters = '{}', fallbacks = '[]', prices = null$$
      when 'embedding' then $$embedding_model = 'purged', chunking_strategy = 'purged', parameters = '{}', dimensions = null$$
      when 'context_rules' then $$important = null, "ignore" = null, description = null$$
      else $$content = '{}'$$ end, tables.mine, tables.name_column)
    into purged using step ->> 'project', step ->> 'name', (step ->> 'version')::integer;
  if purged is null or step ->> 'change' is distinct from 'purge' or jsonb_array_length(write -> 'steps') <> 1 then
    raise exception 'A purge is one step "purge" of a version that exists' using errcode = 'invalid_parameter_value';
  end if;
  -- What rows of this version say of labels and of being active is not content, and a rollback needs it.
  update ${s}.config_changelog as change set
    previous_data = (select jsonb_object_agg(key, value) from jsonb_each(change.previous_data) where key in ('labels', 'isActive', 'force')),
    new_data = '{"purged": true}' || coalesce((select jsonb_object_agg(key, value) from jsonb_each(change.new_data)
      where key in ('labels', 'isActive', 'force')), '{}')
  where change.config_type = step ->> 'kind' and change.project = step ->> 'project' and change.config_name = step ->> 'name'
    and (change.change_type in ('create', 'version') and change.new_version = (step ->> 'version')::integer
      or change.change_type = 'sql' and (step ->> 'version')::integer in (change.previous_version, change.new_version)
        and (coalesce(change.previous_data, '{}') || coalesce(change.new_data, '{}')) - '{labels,isActive,force}'::text[] <> '{}');
  perform ${s}.log_change(write, step, purged, step, (step ->> 'version')::integer, (step ->> 'version')::integer, null, '{"purged": true}');
  update ${s}.config_state set phase = 'open' where id = 1;
  return jsonb_build_object('rows', '[]'::jsonb) || case when write ? 'close' then ${s}.close_write(write) else '{}' end;
end ${q};
`
}
