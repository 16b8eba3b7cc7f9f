import type { Migration, SchemaName } from './migration.js'

/**
 * A write looks at the versions it is about, not at every version of the entity. Workers of earlier releases call the same function and get the
 * same answers.
 */
export const manyVersions: Migration = {
  breaking: false,
  sql: (schema) => [states(schema), newVersions(schema)].join('\n'),
}

/**
 * As in 0003, but each row is found by order (`order by version desc limit 1`), which only one index can serve. With numbers in the condition
 * alone, PostgreSQL may take the index of lists and read all versions of the entity, as long as its statistics are older than they are.
 */
function states({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.entity_states(targets jsonb) returns jsonb language plpgsql
  security definer set search_path = pg_catalog, pg_temp as ${q}
declare
  target jsonb;
  tables record;
  entity jsonb;
  before integer;
  states jsonb[] := '{}';
begin
  for target in select value from jsonb_array_elements(targets) loop
    select * into tables from ${s}.kind_tables(target ->> 'kind');
    execute format($state$
      with carried as (%1$s), open as (
        select * from %4$s where kind = $3 and project = $1 and name = $2 and status <> 'concluded'
      ), told as (
        select version::integer from carried
        union select jsonb_array_elements_text(coalesce($4 -> 'versions', '[]'))::integer
        union select (arm ->> 'version')::integer from open, jsonb_array_elements(arms) as arm
        union select version from %2$s where $4 ? 'active' and project = $1 and %3$I = $2 and is_active
      ), wanted as (
        select jsonb_array_elements_text(coalesce($4 -> 'rows', '[]'))::integer as version
        union select (select version from %2$s where project = $1 and %3$I = $2 order by version desc limit 1) where $4 ? 'highest'
        union select version from told where $4 ? 'arms'
      )
      select jsonb_build_object(
        'highest', coalesce((select version from %2$s where project = $1 and %3$I = $2 order by version desc limit 1), 0),
        'isActive', exists (select 1 from %2$s where project = $1 and %3$I = $2 and is_active),
        'versions', coalesce((select jsonb_agg(jsonb_build_array(entry.version, entry.id, entry.is_active) order by entry.version) from told
          cross join lateral (select version, id, is_active from %2$s where project = $1 and %3$I = $2 and version <= told.version
            order by version desc limit 1) as entry
          where entry.version = told.version), '[]'),
        'labels', coalesce((select jsonb_object_agg(label, version) from carried), '{}'),
        'rollouts', coalesce((select jsonb_agg(to_jsonb(open)) from open), '[]'),
        'rows', coalesce((select jsonb_agg(to_jsonb(entry) order by entry.version) from wanted
          cross join lateral (select * from %2$s where project = $1 and %3$I = $2 and version <= wanted.version
            order by version desc limit 1) as entry
          where entry.version = wanted.version), '[]'))
      $state$, case when tables.labels is null then 'select null::text as label, 0 as version where false'
        else format('select label, version from %s where project = $1 and name = $2', tables.labels) end,
        tables.versions, tables.name_column, format('%I.config_rollouts', ${literal}))
      into entity using target ->> 'project', target ->> 'name', target ->> 'kind', target;
    -- Where a label was before: the newest change that took it from a version which is active and which it is not on now.
    if target ? 'before' then
      execute format($before$
        select (change.previous_data -> 'labels' ->> $4)::integer from %2$s as change
        where change.config_type = $1 and change.project = $2 and change.config_name = $3
          and change.previous_data -> 'labels' ->> $4 is not null
          and change.previous_data -> 'labels' ->> $4 is distinct from $5
          and exists (select 1 from %1$s as entry where entry.project = $2 and entry.name = $3 and entry.is_active
            and entry.version = (change.previous_data -> 'labels' ->> $4)::integer)
        order by change.id desc limit 1 $before$, tables.versions, format('%I.config_changelog', ${literal}))
        into before using target ->> 'kind', target ->> 'project', target ->> 'name', target ->> 'before',
          entity -> 'labels' ->> (target ->> 'before');
      entity := entity || jsonb_build_object('before', before);
    end if;
    states := array_append(states, entity);
  end loop;
  return to_jsonb(states);
end ${q};
`
}

/** As in 0005, and the highest version by order. */
function newVersions({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.write_version(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  tables record;
  columns text;
  highest integer;
  entry jsonb;
  label text;
  previous jsonb := '{}';
  given jsonb := '{}';
begin
  select * into tables from ${s}.kind_tables(step ->> 'kind');
  execute format('select version from %s where project = $1 and %I = $2 order by version desc limit 1', tables.versions, tables.name_column)
    into highest using step ->> 'project', step ->> 'name';
  highest := coalesce(highest, 0);
  if step ->> 'project' !~ '^[A-Za-z0-9_.-]+$' then
    raise exception 'A project may hold letters, digits, "_", "." and "-" only' using errcode = 'invalid_parameter_value';
  end if;
  if step -> 'columns' ?| '{id,kind,project,name,context,version,is_active,created_by,created_at}'::text[] then
    raise exception 'The columns of a step "version" are its content only' using errcode = 'invalid_parameter_value';
  end if;
  if highest = 0 and step ->> 'change' <> 'create' then
    raise exception 'The first version of a name is a "create"' using errcode = 'invalid_parameter_value';
  end if;
  select string_agg(quote_ident(field), ', ') into columns from jsonb_object_keys(step -> 'columns') as field;
  execute format('insert into %1$s as entry (%2$s project, %3$I, version, created_by, %4$s)
      select %5$s $1, $2, $3, $4, %4$s from jsonb_populate_record(null::%1$s, $5) returning to_jsonb(entry)',
      tables.target, case when tables.mine = '' then '' else 'kind,' end, tables.name_column, columns,
      case when tables.mine = '' then '' else quote_literal(step ->> 'kind') || ',' end)
    into entry using step ->> 'project', step ->> 'name', highest + 1, step ->> 'by', step -> 'columns';
  for label in select jsonb_array_elements_text(coalesce(step -> 'labels', '[]')) loop
    previous := previous || jsonb_build_object(label, ${s}.move_label(step, label, highest + 1));
    given := given || jsonb_build_object(label, highest + 1);
  end loop;
  perform ${s}.log_change(write, step, (entry ->> 'id')::bigint, step, nullif(highest, 0), highest + 1,
    case when given <> '{}' then jsonb_build_object('labels', previous) end,
    ${s}.fields_of(step ->> 'kind', entry - '{id,kind,project,name,context,version,is_active,created_by,created_at}'::text[])
      || case when given <> '{}' then jsonb_build_object('labels', given) else '{}' end);
  return entry;
end ${q};
`
}
