import type { Migration, SchemaName } from './migration.js'

/** The three kinds whose versions carry labels, with the columns that are their content. */
const LABELLED_KINDS = [
  {
    kind: 'prompt',
    versions: 'prompts',
    labels: 'prompt_labels',
    nameLength: 255,
    columns: `
      type text not null check (type in ('text', 'chat')),
      template text not null,
      template_format text not null default 'f-string' check (template_format in ('f-string', 'mustache', 'raw')),
      description text,
      model text,
      parameters jsonb not null default '{}',`,
  },
  {
    kind: 'model',
    versions: 'model_configs',
    labels: 'model_config_labels',
    nameLength: 100,
    columns: `
      model_provider varchar(50) not null,
      model_name text not null,
      parameters jsonb not null default '{}',
      fallbacks jsonb not null default '[]',`,
  },
  {
    kind: 'embedding',
    versions: 'embedding_configs',
    labels: 'embedding_config_labels',
    nameLength: 100,
    columns: `
      embedding_model text not null,
      chunk_size integer not null default 512 check (chunk_size > 0),
      chunk_overlap integer not null default 50 check (chunk_overlap >= 0 and chunk_overlap < chunk_size),
      chunking_strategy text not null default 'late_chunking',
      parameters jsonb not null default '{}',`,
  },
] as const

export const initial: Migration = {
  breaking: false,
  sql: (schema) =>
    [revisionLog(schema), writeFunctions(schema), ...LABELLED_KINDS.map((kind) => labelledKind(schema, kind)), contextRules(schema)].join(
      '\n',
    ),
}

/** The counter, the last revision of each scope, and the audit table. */
function revisionLog({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create table ${s}.config_state (
  id integer primary key check (id = 1),
  revision bigint not null,
  token text not null,
  database uuid not null
);
insert into ${s}.config_state values (1, 0, '', gen_random_uuid());

create table ${s}.config_heads (
  scope text primary key,
  revision bigint not null,
  token text not null
);
create index config_heads_by_revision on ${s}.config_heads (revision, scope);

create table ${s}.config_changelog (
  id bigint generated always as identity primary key,
  revision bigint not null,
  token text not null,
  write_id uuid,
  config_type text not null,
  config_id bigint,
  config_name text not null,
  project text not null,
  previous_version integer,
  new_version integer,
  change_type text not null,
  change_summary text,
  previous_data jsonb,
  new_data jsonb,
  changed_by text,
  changed_at timestamptz not null default clock_timestamp()
);
create index config_changelog_by_revision on ${s}.config_changelog (revision);
create index config_changelog_by_entity on ${s}.config_changelog (config_type, project, config_name, id);
create index config_changelog_by_write on ${s}.config_changelog (write_id) where write_id is not null;

create function ${s}.refuse_change() returns trigger language plpgsql as ${q}
begin
  if current_setting('agent_config.pruning', true) = 'on' and tg_op = 'DELETE' then return old; end if;
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, tg_op using errcode = 'restrict_violation';
end ${q};
create trigger append_only before update or delete on ${s}.config_changelog for each row execute function ${s}.refuse_change();
create trigger append_only_truncate before truncate on ${s}.config_changelog for each statement execute function ${s}.refuse_change();
`
}

/** What every write goes through, whether it comes from the library or from plain SQL. */
function writeFunctions({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
create function ${s}.notify_channel() returns text language sql immutable as ${q}
  select 'agent_config_' || md5(${literal})
${q};

-- What keys and messages name this database by. A copy of it (CREATE DATABASE with TEMPLATE, pg_dump into another server) copies the uuid
-- too, so the server's identifier and the database's own number are part of it.
create function ${s}.database_identity() returns text language plpgsql stable as ${q}
declare
  server text := '';
begin
  if has_function_privilege('pg_control_system()', 'execute') then
    server := (select system_identifier::text from pg_control_system());
  end if;
  return md5((select state.database from ${s}.config_state as state where state.id = 1) || ' ' || server || ' '
    || (select oid from pg_database where datname = current_database()));
end ${q};

-- One revision per transaction. The counter's row stays locked until the transaction ends, so revisions have no gaps and become
-- visible in their order. A second call in the same transaction gets the same number.
create function ${s}.take_revision(out revision bigint, out token text) language plpgsql as ${q}
declare
  held text[] := string_to_array(current_setting('agent_config.revision', true), ' ');
begin
  if held[1] = md5(${literal}) then
    revision := held[2]::bigint;
    token := held[3];
    return;
  end if;
  token := gen_random_uuid()::text;
  update ${s}.config_state as state set revision = state.revision + 1, token = take_revision.token where state.id = 1
    returning state.revision into revision;
  perform set_config('agent_config.revision', md5(${literal}) || ' ' || revision || ' ' || token, true);
end ${q};

-- Timeouts of null leave the transaction's own as they are.
create function ${s}.begin_write(lock_ms integer, statement_ms integer, idle_ms integer, out revision bigint, out token text)
language plpgsql as ${q}
begin
  if lock_ms is not null then
    perform set_config('lock_timeout', lock_ms::text, true), set_config('statement_timeout', statement_ms::text, true),
      set_config('idle_in_transaction_session_timeout', idle_ms::text, true);
  end if;
  perform set_config('synchronous_commit', 'on', true), set_config('agent_config.managed', 'on', true);
  select taken.revision, taken.token into begin_write.revision, begin_write.token from ${s}.take_revision() as taken;
end ${q};

create function ${s}.raise_heads(scopes text[], revision bigint, token text) returns void language plpgsql as ${q}
#variable_conflict use_column
begin
  insert into ${s}.config_heads as head (scope, revision, token)
  select distinct touched.scope, raise_heads.revision, raise_heads.token from unnest(scopes) as touched (scope)
  on conflict (scope) do update set revision = excluded.revision, token = excluded.token;
end ${q};

-- A message without scopes makes its receivers read the log. Equal ones of one transaction are sent once.
create function ${s}.announce(revision bigint, token text) returns void language plpgsql as ${q}
begin
  perform pg_notify(${s}.notify_channel(), jsonb_build_object('revision', announce.revision, 'token', announce.token,
    'database', ${s}.database_identity())::text);
end ${q};

-- Without a message the announcement has no scopes. A transaction of the host's may write several times: only such messages fold into one.
create function ${s}.finish_write(write_id uuid, scopes text[], changes jsonb, revision bigint, token text, message text, joined boolean)
returns table (id bigint, changed_at timestamptz) language plpgsql as ${q}
begin
  perform ${s}.raise_heads(finish_write.scopes, finish_write.revision, finish_write.token);
  if message is null then perform ${s}.announce(finish_write.revision, finish_write.token);
  else perform pg_notify(${s}.notify_channel(), message);
  end if;
  -- What comes after the announcement would not be part of it.
  perform set_config('agent_config.managed', case when joined then 'off' else 'announced' end, true);
  return query
    insert into ${s}.config_changelog as logged (revision, token, write_id, config_type, config_id, config_name, project, previous_version,
      new_version, change_type, change_summary, previous_data, new_data, changed_by)
    select finish_write.revision, finish_write.token, finish_write.write_id, change.config_type, change.config_id, change.config_name,
      change.project, change.previous_version, change.new_version, change.change_type, change.change_summary, change.previous_data,
      change.new_data, change.changed_by
    from jsonb_to_recordset(changes) as change (config_type text, config_id bigint, config_name text, project text,
      previous_version integer, new_version integer, change_type text, change_summary text, previous_data jsonb, new_data jsonb,
      changed_by text, place integer)
    order by change.place
    returning logged.id, logged.changed_at;
end ${q};

-- Edits that do not come through the library: psql, a data migration, a service in another language.
create function ${s}.note_sql_edit() returns trigger language plpgsql as ${q}
declare
  before_edit jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after_edit jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  edited jsonb := coalesce(after_edit, before_edit);
  -- A table that holds several kinds says the kind in its rows.
  config_kind text := coalesce(tg_argv[0], edited ->> 'kind');
  is_label boolean := tg_argv[1] = 'labels';
  name_column text := case when config_kind = 'context_rules' then 'context' else 'name' end;
  touched text[];
  taken record;
begin
  if before_edit is not distinct from after_edit then return null; end if;
  if current_setting('agent_config.managed', true) = 'announced' then
    raise exception 'This write is announced already: % on % in its transaction would reach no running service', lower(tg_op), tg_table_name
      using errcode = 'restrict_violation';
  end if;
  select array_agg(distinct case when config_kind = 'context_rules' then 'context_rules:' || (side ->> 'project')
      else config_kind || ':' || (side ->> 'project') || ':' || (side ->> 'name') end)
    into touched from unnest(array[before_edit, after_edit]) as side where side is not null;
  select * into taken from ${s}.take_revision();
  perform ${s}.raise_heads(touched, taken.revision, taken.token);
  perform ${s}.announce(taken.revision, taken.token);
  insert into ${s}.config_changelog (revision, token, config_type, config_id, config_name, project, previous_version, new_version,
    change_type, change_summary, previous_data, new_data, changed_by)
  values (taken.revision, taken.token, config_kind, case when jsonb_typeof(edited -> 'id') = 'number' then (edited ->> 'id')::bigint end, edited ->> name_column, edited ->> 'project',
    (before_edit ->> 'version')::integer, (after_edit ->> 'version')::integer, 'sql', lower(tg_op) || ' on ' || tg_table_name,
    ${s}.edited_part(before_edit, after_edit, coalesce(is_label, false)), ${s}.edited_part(after_edit, before_edit, coalesce(is_label, false)), session_user);
  return null;
end ${q};

-- Of a label: where it points, in the form the library writes. Of a version: the whole row when it came or went, else what differs.
create function ${s}.edited_part(side jsonb, other jsonb, is_label boolean) returns jsonb language sql immutable as ${q}
  select case
    when is_label then jsonb_build_object('labels', jsonb_build_object(coalesce(side, other) ->> 'label', side -> 'version'))
    when side is null or other is null then side
    else (select jsonb_object_agg(field.key, field.value) from jsonb_each(side) as field where other -> field.key is distinct from field.value)
  end
${q};

create function ${s}.refuse_truncate() returns trigger language plpgsql as ${q}
begin
  raise exception 'TRUNCATE of % would go unnoticed by running services: use DELETE', tg_table_name using errcode = 'restrict_violation';
end ${q};

create function ${s}.keep_content() returns trigger language plpgsql as ${q}
begin
  if to_jsonb(new) - 'is_active' is distinct from to_jsonb(old) - 'is_active' then
    raise exception 'The content of a version never changes (% id %): write a new version. Only is_active may be updated.', tg_table_name, old.id
      using errcode = 'restrict_violation';
  end if;
  return new;
end ${q};
`
}

function labelledKind(schema: SchemaName, kind: (typeof LABELLED_KINDS)[number]): string {
  const s = schema.identifier
  return `
create table ${s}.${kind.versions} (
  id bigint generated always as identity primary key,
  project varchar(100) not null,
  name varchar(${kind.nameLength}) not null,
  version integer not null check (version > 0),${kind.columns}
  is_active boolean not null default true,
  created_by text,
  created_at timestamptz not null default clock_timestamp(),
  unique (project, name, version)
);
create table ${s}.${kind.labels} (
  project varchar(100) not null,
  name varchar(${kind.nameLength}) not null,
  label varchar(36) not null check (label <> 'latest'),
  version integer not null,
  primary key (project, name, label),
  foreign key (project, name, version) references ${s}.${kind.versions} (project, name, version)
);
create index ${kind.labels}_by_version on ${s}.${kind.labels} (project, name, version);
${guards(schema, kind.kind, kind.versions, 'versions')}
${editTriggers(schema, kind.kind, kind.labels, 'labels')}
`
}

function contextRules(schema: SchemaName): string {
  const s = schema.identifier
  return `
create table ${s}.context_rules (
  id bigint generated always as identity primary key,
  project varchar(100) not null,
  context varchar(100) not null,
  version integer not null check (version > 0),
  important text,
  "ignore" text,
  description text,
  is_active boolean not null default true,
  created_by text,
  created_at timestamptz not null default clock_timestamp(),
  unique (project, context, version)
);
${guards(schema, 'context_rules', 'context_rules', 'versions')}
`
}

function guards(schema: SchemaName, kind: string, table: string, role: 'versions' | 'labels'): string {
  const s = schema.identifier
  return `create trigger keep_content before update on ${s}.${table} for each row execute function ${s}.keep_content();
${editTriggers(schema, kind, table, role)}`
}

function editTriggers({ identifier: s }: SchemaName, kind: string, table: string, role: 'versions' | 'labels'): string {
  return `create trigger note_sql_edit after insert or update or delete on ${s}.${table}
  for each row when (current_setting('agent_config.managed', true) is distinct from 'on') execute function ${s}.note_sql_edit('${kind}', '${role}');
create trigger refuse_truncate before truncate on ${s}.${table} for each statement execute function ${s}.refuse_truncate();`
}
