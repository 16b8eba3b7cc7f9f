import type { Migration, SchemaName } from './migration.js'

/**
 * Kinds that need no tables of their own: a host's, and flags. Their versions are rows of `config_entries`, which say their kind. Workers of
 * earlier releases do not ask for them.
 */
export const entries: Migration = {
  breaking: false,
  sql: (schema) => [tables(schema), whereKindsAre(schema), steps(schema), edits(schema), purge(schema), rights(schema)].join('\n'),
}

const DEFINER = 'security definer set search_path = pg_catalog, pg_temp'

/** The check of a kind's name. The names of the kinds with tables of their own, and words with another meaning in scopes, are taken. */
const isKind = (column: string) =>
  `${column} ~ '^[a-z][a-z0-9_]{0,39}$' and ${column} not in ('prompt', 'model', 'embedding', 'context_rules', 'all', 'content', 'rollout')`

function tables({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create table ${s}.config_entries (
  id bigint generated always as identity primary key,
  kind varchar(40) not null check (${isKind('kind')}),
  project varchar(100) not null,
  name varchar(255) not null,
  version integer not null check (version > 0),
  content jsonb not null,
  is_active boolean not null default true,
  created_by text,
  created_at timestamptz not null default clock_timestamp() check (created_at >= '0001-01-02 00:00Z' and created_at < '9999-12-31 00:00Z'),
  unique (kind, project, name, version)
);
create index config_entries_by_list on ${s}.config_entries (kind, project, name, (-version));
create table ${s}.config_entry_labels (
  kind varchar(40) not null,
  project varchar(100) not null,
  name varchar(255) not null,
  label varchar(36) not null check (label <> 'latest'),
  version integer not null,
  primary key (kind, project, name, label),
  foreign key (kind, project, name, version) references ${s}.config_entries (kind, project, name, version)
);
create index config_entry_labels_by_version on ${s}.config_entry_labels (kind, project, name, version);

-- The rows of one kind, for statements that are the same for every kind. PostgreSQL puts their bodies in the place of the calls.
create function ${s}.config_entries_of(kind text) returns setof ${s}.config_entries language sql stable as ${q}
  select entry.* from ${s}.config_entries as entry where entry.kind = $1
${q};
create function ${s}.config_entry_labels_of(kind text) returns setof ${s}.config_entry_labels language sql stable as ${q}
  select carried.* from ${s}.config_entry_labels as carried where carried.kind = $1
${q};

-- Any kind with labels may have rollouts.
alter table ${s}.config_rollouts drop constraint config_rollouts_kind_check;
alter table ${s}.config_rollouts add constraint config_rollouts_kind_check
  check (kind ~ '^[a-z][a-z0-9_]{0,39}$' and kind not in ('context_rules', 'all', 'content', 'rollout')) not valid;
`
}

function whereKindsAre({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
drop function ${s}.kind_tables(text);
-- The tables of a kind, quoted and with their schema, for statements that are put together: "versions" and "labels" are what to read from,
-- the "target"s what to write to, "mine" what tells the kind's rows from those of others in a target.
create function ${s}.kind_tables(kind text, out versions text, out labels text, out name_column text, out target text, out label_target text,
  out mine text) language plpgsql immutable as ${q}
begin
  name_column := 'name';
  mine := '';
  case kind
    when 'prompt' then target := 'prompts'; label_target := 'prompt_labels';
    when 'model' then target := 'model_configs'; label_target := 'model_config_labels';
    when 'embedding' then target := 'embedding_configs'; label_target := 'embedding_config_labels';
    when 'context_rules' then target := 'context_rules'; name_column := 'context';
    else
      if not coalesce(${isKind('kind')}, false) then
        raise exception 'There is no kind "%"', kind using errcode = 'invalid_parameter_value';
      end if;
      target := 'config_entries';
      label_target := 'config_entry_labels';
      mine := format('kind = %L and ', kind);
  end case;
  target := format('%I.%I', ${literal}, target);
  if label_target is not null then label_target := format('%I.%I', ${literal}, label_target); end if;
  versions := target;
  labels := label_target;
  if mine <> '' then
    versions := format('%I.config_entries_of(%L)', ${literal}, kind);
    labels := format('%I.config_entry_labels_of(%L)', ${literal}, kind);
  end if;
end ${q};
`
}

/** The steps that write rows, for tables that hold several kinds too. */
function steps({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.move_label(named jsonb, label text, version integer) returns integer language plpgsql as ${q}
declare
  tables record;
  before integer;
begin
  select * into tables from ${s}.kind_tables(named ->> 'kind');
  execute format('select version from %s where project = $1 and name = $2 and label = $3', tables.labels)
    into before
        using named ->> 'project', named ->> 'name', label;
  if version is null then
    execute format('delete from %s where %s project = $1 and name = $2 and label = $3', tables.label_target, tables.mine)
      using named ->> 'project', named ->> 'name', label;
  else
    execute format('insert into %1$s (%2$s project, name, label, version) values (%3$s $1, $2, $3, $4)
        on conflict (%2$s project, name, label) do update set version = excluded.version', tables.label_target,
        case when tables.mine = '' then '' else 'kind,' end, case when tables.mine = '' then '' else quote_literal(named ->> 'kind') || ',' end)
      using named ->> 'project', named ->> 'name', label, version;
  end if;
  return before;
end ${q};

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
  execute format('select coalesce(max(version), 0) from %s where project = $1 and %I = $2', tables.versions, tables.name_column)
    into highest using step ->> 'project', step ->> 'name';
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

create or replace function ${s}.write_active(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  tables record;
  wanted boolean := (step ->> 'active')::boolean;
  switched integer;
  entry jsonb;
  removed jsonb;
  label text;
begin
  if wanted is distinct from (step ->> 'change' = 'activate') then
    raise exception '"%" cannot switch a version %', step ->> 'change', case when wanted then 'on' else 'off' end
      using errcode = 'invalid_parameter_value';
  end if;
  select * into tables from ${s}.kind_tables(step ->> 'kind');
  for switched in select value::integer from jsonb_array_elements_text(step -> 'versions') order by 1 loop
    execute format('update %s as entry set is_active = $1 where %s project = $2 and %I = $3 and version = $4 and is_active <> $1
        returning to_jsonb(entry)', tables.target, tables.mine, tables.name_column)
      into entry using wanted, step ->> 'project', step ->> 'name', switched;
    if entry is null then
      raise exception 'There is no version % of "%" to %', switched, step ->> 'name', step ->> 'change' using errcode = 'no_data_found';
    end if;
    removed := '{}';
    if tables.labels is not null then
      for label in execute format('select label from %s where project = $1 and name = $2 and version = $3 and $4 ? label order by label',
          tables.labels)
        using step ->> 'project', step ->> 'name', switched, coalesce(step -> 'labels', '[]')
      loop
        removed := removed || jsonb_build_object(label, ${s}.move_label(step, label, null));
      end loop;
    end if;
    perform ${s}.log_change(write,
      step || jsonb_build_object('summary', coalesce(step ->> 'summary', (case when wanted then 'Activated v' else 'Deactivated v' end) || switched)),
      (entry ->> 'id')::bigint, step, switched, switched,
      jsonb_build_object('isActive', not wanted) || case when removed = '{}' then removed else jsonb_build_object('labels', removed) end,
      jsonb_build_object('isActive', wanted) || case when removed = '{}' then removed else jsonb_build_object('labels',
        (select jsonb_object_agg(taken, null::integer) from jsonb_object_keys(removed) as taken)) end);
  end loop;
  return entry;
end ${q};

create or replace function ${s}.write_refresh(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  state record;
begin
  -- Refuses an unknown kind.
  if step ->> 'kind' is distinct from 'all' then perform ${s}.kind_tables(step ->> 'kind'); end if;
  select revision, token into state from ${s}.config_state where id = 1;
  perform ${s}.raise_heads(array(select scope from ${s}.config_heads where step ->> 'kind' = 'all' or starts_with(scope, (step ->> 'kind') || ':')),
    state.revision, state.token);
  perform ${s}.log_change(write, step, null, jsonb_build_object('kind', step ->> 'kind', 'project', '*', 'name', '*'), null, null, null, null);
  return null;
end ${q};
`
}

/** Plain SQL on the new tables is noticed as it is on the others. An empty first argument says that the rows name their kind. */
function edits({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.note_sql_edit() returns trigger language plpgsql ${DEFINER} as ${q}
declare
  before_edit jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after_edit jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  of_table text := nullif(tg_argv[0], '');
  config_kind text := coalesce(of_table, coalesce(after_edit, before_edit) ->> 'kind');
  is_label boolean := coalesce(tg_argv[1] = 'labels', false);
  name_column text := case when config_kind = 'context_rules' then 'context' else 'name' end;
  phase text := ${s}.phase_here();
  -- Inside this function the current user is the owner: who edits is the session's user, and the role it has set.
  editor text := session_user || case when current_setting('role') in ('none', session_user) then '' else ' as ' || current_setting('role') end;
  summary text := lower(tg_op) || ' on ' || tg_table_name;
begin
  if phase in ('applying', 'purging', 'older') or before_edit is not distinct from after_edit then return null; end if;
  if phase = 'announced' then
    raise exception 'This write is announced already: % on % in its transaction would reach no running service', lower(tg_op), tg_table_name
      using errcode = 'restrict_violation';
  end if;
  -- A row that goes to another name or label has gone from where it was: the history of both says so.
  if jsonb_build_array(before_edit -> 'kind', before_edit -> 'project', before_edit -> name_column, before_edit -> 'label')
    <> jsonb_build_array(after_edit -> 'kind', after_edit -> 'project', after_edit -> name_column, after_edit -> 'label') and tg_op = 'UPDATE' then
    perform ${s}.note_edit(coalesce(of_table, before_edit ->> 'kind'), summary, editor, before_edit, null, is_label);
    perform ${s}.note_edit(config_kind, summary, editor, null, after_edit, is_label);
  else
    perform ${s}.note_edit(config_kind, summary, editor, before_edit, after_edit, is_label);
  end if;
  return null;
end ${q};

create trigger keep_content before update on ${s}.config_entries for each row execute function ${s}.keep_content();
${[
  ['config_entries', 'versions'],
  ['config_entry_labels', 'labels'],
]
  .map(
    ([table, role]) => `create trigger note_sql_edit after insert or update or delete on ${s}.${table}
  for each row execute function ${s}.note_sql_edit('', '${role}');
create trigger refuse_truncate before truncate on ${s}.${table} for each statement execute function ${s}.refuse_truncate();`,
  )
  .join('\n')}
`
}

function purge({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.purge_version(write jsonb) returns jsonb language plpgsql ${DEFINER} as ${q}
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
      when 'model' then $$model_provider = 'purged', model_name = 'purged', parameters = '{}', fallbacks = '[]'$$
      when 'embedding' then $$embedding_model = 'purged', chunking_strategy = 'purged', parameters = '{}'$$
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

/** Whoever may read or edit prompts may do the same with entries: a service's role needs nothing new. */
function rights({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
revoke all on function ${s}.kind_tables(text) from public;
-- They read with the rights of whoever calls them.
grant execute on function ${s}.config_entries_of(text), ${s}.config_entry_labels_of(text) to public;
do ${q}
declare
  held record;
begin
  for held in select case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee, acl.privilege_type,
      case relation.relname when 'prompts' then 'config_entries' else 'config_entry_labels' end as entries
    from pg_class as relation, aclexplode(relation.relacl) as acl
    where relation.oid in (format('%I.prompts', ${literal})::regclass, format('%I.prompt_labels', ${literal})::regclass)
      and acl.grantee <> relation.relowner
  loop
    execute format('grant %s on %I.%I to %s', held.privilege_type, ${literal}, held.entries, held.grantee);
  end loop;
end ${q};
`
}
