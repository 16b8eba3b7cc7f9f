import type { Migration, SchemaName } from './migration.js'

/** The tables whose rows are configuration, with the arguments of their edit trigger. */
const WATCHED_TABLES = [
  ['prompts', "'prompt', 'versions'"],
  ['prompt_labels', "'prompt', 'labels'"],
  ['model_configs', "'model', 'versions'"],
  ['model_config_labels', "'model', 'labels'"],
  ['embedding_configs', "'embedding', 'versions'"],
  ['embedding_config_labels', "'embedding', 'labels'"],
  ['context_rules', "'context_rules', 'versions'"],
  ['config_rollouts', ''],
] as const

/** Functions that only the owner may run. Functions that others may call use them. */
const INTERNAL_FUNCTIONS = [
  'take_revision()',
  'raise_heads(text[], bigint, text)',
  'announce(bigint, text)',
  'kind_tables(text)',
  'fields_of(text, jsonb)',
  'chat_messages(text)',
  'note_edit(text, text, text, jsonb, jsonb, boolean)',
  'rollout_data(jsonb)',
  'log_change(jsonb, jsonb, bigint, jsonb, integer, integer, jsonb, jsonb)',
  'move_label(jsonb, text, integer)',
  'write_version(jsonb, jsonb)',
  'write_label(jsonb, jsonb)',
  'write_active(jsonb, jsonb)',
  'write_rollout(jsonb, jsonb)',
  'write_refresh(jsonb, jsonb)',
  'close_write(jsonb)',
] as const

/**
 * Trigger functions. They fire whatever rights the editing role has on them; the right to execute one is the right to make triggers of it on
 * tables of one's own, and so to have it note edits that were never made.
 */
const TRIGGER_FUNCTIONS = ['note_sql_edit()', 'keep_content()', 'refuse_change()', 'refuse_truncate()', 'name_empty_revision()'] as const

/** The functions that workers of the release before call. Until this migration they ran with the caller's rights. */
const OLDER_FUNCTIONS = [
  'begin_write(integer, integer, integer)',
  'finish_write(uuid, text[], jsonb, bigint, text, text, boolean)',
] as const

/** The functions that a service needs for writing. Roles that could write before this migration may call them. */
const WRITE_FUNCTIONS = [
  'open_write(integer, integer, integer, jsonb)',
  'apply_write(jsonb)',
  'entity_states(jsonb)',
  'was_written(uuid)',
] as const

/** The functions that `prune` and `purge` need. */
const MAINTENANCE_FUNCTIONS = ['prune_changelog(timestamptz, bigint, integer)', 'purge_version(jsonb)'] as const

/**
 * Writes go through functions that run with the owner's rights, so that a service needs no rights on the tables, and nothing that guards
 * them rests on a setting that any role may set.
 */
export const guardedWrites: Migration = {
  breaking: false,
  sql: (schema) =>
    [
      openRevision(schema),
      emptyRevisions(schema),
      readableRows(schema),
      vocabulary(schema),
      steps(schema),
      writeFunctions(schema),
      sqlEdits(schema),
      maintenance(schema),
      olderWriters(schema),
      rights(schema),
    ].join('\n'),
}

const DEFINER = 'security definer set search_path = pg_catalog, pg_temp'

/** Which transaction holds the open revision, and what it may do at the moment. */
function openRevision({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
alter table ${s}.config_state
  -- The transaction that took the latest revision. Both together: a restored database may meet the same transaction number again.
  add column open_xid xid8,
  add column opened_at timestamptz,
  -- open: taken; applying: apply_write is changing rows; purging: purge_version is; older: a worker of the release before writes;
  -- announced: notified, so what came now would not be part of it.
  add column phase text not null default 'open' check (phase in ('open', 'applying', 'purging', 'older', 'announced')),
  -- Whether workers of the release before may write: they change rows themselves, which the functions of this step do not see.
  add column older_writers boolean not null default false;
-- A database that is made now has no workers of the release before.
update ${s}.config_state set older_writers = exists (
  select 1 from ${s}.config_migrations where name = '0001_initial' and applied_at < transaction_timestamp());

create function ${s}.phase_here() returns text language sql stable ${DEFINER} as ${q}
  select phase from ${s}.config_state
    where id = 1 and open_xid = pg_current_xact_id_if_assigned() and opened_at = transaction_timestamp()
${q};

-- One revision per transaction. The counter's row stays locked until the transaction ends, so revisions have no gaps and become
-- visible in their order. A second call in the same transaction gets the same number.
create or replace function ${s}.take_revision(out revision bigint, out token text) language plpgsql as ${q}
begin
  if ${s}.phase_here() is not null then
    select state.revision, state.token into revision, token from ${s}.config_state as state where state.id = 1;
    return;
  end if;
  token := gen_random_uuid()::text;
  update ${s}.config_state as state set revision = state.revision + 1, token = take_revision.token, open_xid = pg_current_xact_id(),
    opened_at = transaction_timestamp(), phase = 'open' where state.id = 1 returning state.revision into revision;
end ${q};
`
}

/** Workers tell by the token of the newest revision they know that the database is still the same one, so each needs a row that has it. */
function emptyRevisions({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
-- A revision that was taken and committed without a change: a row says so, or every worker that saw it would take the next one for
-- another history.
create function ${s}.name_empty_revision() returns trigger language plpgsql ${DEFINER} as ${q}
begin
  if not exists (select 1 from ${s}.config_changelog where revision = new.revision) then
    insert into ${s}.config_changelog (revision, token, config_type, config_name, project, change_type, change_summary, changed_by)
      values (new.revision, new.token, 'all', '*', '*', 'refresh', 'Opened a write and changed nothing', session_user);
  end if;
  return null;
end ${q};
create constraint trigger name_empty_revision after update on ${s}.config_state deferrable initially deferred
  for each row when (new.revision <> old.revision) execute function ${s}.name_empty_revision();
`
}

/** Values that PostgreSQL takes and that every read of the row, or of a document beside it, would fail on. */
function readableRows({ identifier: s }: SchemaName): string {
  const dated = ['prompts', 'model_configs', 'embedding_configs', 'context_rules', 'config_rollouts']
  return `
${dated
  .map(
    (table) => `alter table ${s}.${table} add constraint ${table}_created_at
  check (created_at >= '0001-01-02 00:00Z' and created_at < '9999-12-31 00:00Z') not valid;`,
  )
  .join('\n')}
alter table ${s}.config_rollouts add constraint config_rollouts_label check (label <> 'latest') not valid;
alter table ${s}.config_rollouts add constraint config_rollouts_forced check (jsonb_typeof(forced) in ('object', 'null')) not valid;
alter table ${s}.config_rollouts add constraint config_rollouts_schedule check (coalesce(schedule @@ '$.type() == "null" || $.type() == "array"
  && !exists($[*] ? (!(@.atMs.type() == "number" && @.coverageBasisPoints.type() == "number")))', schedule is null)) not valid;
`
}

/** Where the rows of a kind are, and what its columns are called outside. */
function vocabulary({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
-- The tables of a kind, quoted and with their schema, for statements that are put together.
create function ${s}.kind_tables(kind text, out versions text, out labels text, out name_column text) language plpgsql immutable as ${q}
begin
  name_column := 'name';
  case kind
    when 'prompt' then versions := 'prompts'; labels := 'prompt_labels';
    when 'model' then versions := 'model_configs'; labels := 'model_config_labels';
    when 'embedding' then versions := 'embedding_configs'; labels := 'embedding_config_labels';
    when 'context_rules' then versions := 'context_rules'; name_column := 'context';
    else raise exception 'There is no kind "%"', kind using errcode = 'invalid_parameter_value';
  end case;
  versions := format('%I.%I', ${literal}, versions);
  if labels is not null then labels := format('%I.%I', ${literal}, labels); end if;
end ${q};

-- The messages of a chat prompt. Plain SQL may store text that is not JSON: it is logged as it is.
create function ${s}.chat_messages(template text) returns jsonb language plpgsql immutable as ${q}
begin
  return template::jsonb;
exception when others then
  return to_jsonb(template);
end ${q};

-- A row in the words of the library: what the changelog says does not depend on who wrote it.
create function ${s}.fields_of(kind text, side jsonb) returns jsonb language sql immutable as ${q}
  select jsonb_object_agg(
    case
      when kind = 'model' and field.key = 'model_provider' then 'provider'
      when kind = 'model' and field.key = 'model_name' then 'model'
      when field.key = 'conditions' then 'when'
      else (select string_agg(case when part.place = 1 then part.word else initcap(part.word) end, '' order by part.place)
        from unnest(string_to_array(field.key, '_')) with ordinality as part (word, place))
    end,
    case when kind = 'prompt' and field.key = 'template' and side ->> 'type' = 'chat' then ${s}.chat_messages(field.value #>> '{}')
      else field.value end)
  from jsonb_each(side) as field
${q};

create function ${s}.rollout_data(rollout jsonb) returns jsonb language sql immutable as ${q}
  select jsonb_object_agg(field.key, field.value)
      || jsonb_build_object('coverage', trim_scale((rollout ->> 'coverage_basis_points')::numeric / 100))
    from jsonb_each(${s}.fields_of('rollout', rollout - '{kind,project,name,created_at,created_by}'::text[])) as field
    where field.value <> 'null'
${q};
`
}

/** One function for each thing a write can do. Each changes rows and says in the changelog what it changed. */
function steps({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create function ${s}.log_change(write jsonb, step jsonb, config_id bigint, named jsonb, previous_version integer, new_version integer,
  previous_data jsonb, new_data jsonb) returns void language plpgsql as ${q}
declare
  state record;
begin
  select revision, token into state from ${s}.config_state where id = 1;
  insert into ${s}.config_changelog (revision, token, write_id, config_type, config_id, config_name, project, previous_version, new_version,
    change_type, change_summary, previous_data, new_data, changed_by)
  values (state.revision, state.token, (write ->> 'id')::uuid, named ->> 'kind', config_id, named ->> 'name', named ->> 'project',
    previous_version, new_version, step ->> 'change', step ->> 'summary', previous_data,
    case when coalesce((step ->> 'force')::boolean, false) then new_data || '{"force": true}' else new_data end, step ->> 'by');
  if step ->> 'do' is distinct from 'refresh' then
    perform ${s}.raise_heads(array[case when named ->> 'kind' = 'context_rules' then 'context_rules:' || (named ->> 'project')
      else (named ->> 'kind') || ':' || (named ->> 'project') || ':' || (named ->> 'name') end], state.revision, state.token);
  end if;
end ${q};

-- Points a label at a version, or at none, and gives where it pointed.
create function ${s}.move_label(named jsonb, label text, version integer) returns integer language plpgsql as ${q}
declare
  tables record;
  before integer;
begin
  select * into tables from ${s}.kind_tables(named ->> 'kind');
  execute format('select version from %s where project = $1 and name = $2 and label = $3', tables.labels)
    into before
        using named ->> 'project', named ->> 'name', label;
  if version is null then
    execute format('delete from %s where project = $1 and name = $2 and label = $3', tables.labels)
      using named ->> 'project', named ->> 'name', label;
  else
    execute format('insert into %s (project, name, label, version) values ($1, $2, $3, $4)
        on conflict (project, name, label) do update set version = excluded.version', tables.labels)
      using named ->> 'project', named ->> 'name', label, version;
  end if;
  return before;
end ${q};

create function ${s}.write_version(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
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
  if step -> 'columns' ?| '{id,project,name,context,version,is_active,created_by,created_at}'::text[] then
    raise exception 'The columns of a step "version" are its content only' using errcode = 'invalid_parameter_value';
  end if;
  if highest = 0 and step ->> 'change' <> 'create' then
    raise exception 'The first version of a name is a "create"' using errcode = 'invalid_parameter_value';
  end if;
  select string_agg(quote_ident(field), ', ') into columns from jsonb_object_keys(step -> 'columns') as field;
  execute format('insert into %s as entry (project, %I, version, created_by, %s)
      select $1, $2, $3, $4, %s from jsonb_populate_record(null::%s, $5) returning to_jsonb(entry)',
      tables.versions, tables.name_column, columns, columns, tables.versions)
    into entry using step ->> 'project', step ->> 'name', highest + 1, step ->> 'by', step -> 'columns';
  for label in select jsonb_array_elements_text(coalesce(step -> 'labels', '[]')) loop
    previous := previous || jsonb_build_object(label, ${s}.move_label(step, label, highest + 1));
    given := given || jsonb_build_object(label, highest + 1);
  end loop;
  perform ${s}.log_change(write, step, (entry ->> 'id')::bigint, step, nullif(highest, 0), highest + 1,
    case when given <> '{}' then jsonb_build_object('labels', previous) end,
    ${s}.fields_of(step ->> 'kind', entry - '{id,project,name,context,version,is_active,created_by,created_at}'::text[])
      || case when given <> '{}' then jsonb_build_object('labels', given) else '{}' end);
  return entry;
end ${q};

create function ${s}.write_label(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  tables record;
  version integer := (step ->> 'version')::integer;
  before integer := ${s}.move_label(step, step ->> 'label', version);
  entry jsonb;
begin
  if (version is null) <> (step ->> 'change' = 'remove_label') or coalesce(version, before) is null then
    raise exception '"%" cannot move the label "%" from % to %', step ->> 'change', step ->> 'label', coalesce(before::text, 'nowhere'),
      coalesce(version::text, 'nowhere') using errcode = 'invalid_parameter_value';
  end if;
  select * into tables from ${s}.kind_tables(step ->> 'kind');
  execute format('select to_jsonb(entry) from %s as entry where project = $1 and name = $2 and version = $3', tables.versions)
    into entry using step ->> 'project', step ->> 'name', version;
  perform ${s}.log_change(write, step, (entry ->> 'id')::bigint, step, before, version,
    jsonb_build_object('labels', jsonb_build_object(step ->> 'label', before)),
    jsonb_build_object('labels', jsonb_build_object(step ->> 'label', version)));
  return entry;
end ${q};

-- Switches versions on or off, and takes the given labels from those that are switched off.
create function ${s}.write_active(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
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
    execute format('update %s as entry set is_active = $1 where project = $2 and %I = $3 and version = $4 and is_active <> $1
        returning to_jsonb(entry)', tables.versions, tables.name_column)
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

-- Starts a rollout, or changes one; a conclusion with a winner moves the label.
create function ${s}.write_rollout(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  before jsonb;
  after jsonb;
  winner integer := (step -> 'columns' ->> 'winner')::integer;
  moved_from integer;
begin
  select to_jsonb(rollout) into before from ${s}.config_rollouts as rollout where id = step ->> 'id';
  if (before is null) <> (step ->> 'change' = 'rollout_start') or before ->> 'status' = 'concluded'
    or (winner is not null and step ->> 'change' <> 'rollout_conclude') then
    raise exception '"%" does not suit rollout "%", which is %', step ->> 'change', step ->> 'id', coalesce(before ->> 'status', 'not there')
      using errcode = 'invalid_parameter_value';
  end if;
  if before is null then
    insert into ${s}.config_rollouts as rollout select given.* from jsonb_populate_record(null::${s}.config_rollouts,
        (step -> 'columns') || jsonb_build_object('id', step -> 'id', 'created_by', step -> 'by', 'created_at', clock_timestamp())) as given
      returning to_jsonb(rollout) into after;
  else
    update ${s}.config_rollouts as rollout set arms = given.arms, coverage_basis_points = given.coverage_basis_points,
        schedule = given.schedule, status = given.status, winner = given.winner
      from jsonb_populate_record(null::${s}.config_rollouts, before || (step -> 'columns')) as given
      where rollout.id = step ->> 'id' returning to_jsonb(rollout) into after;
  end if;
  if after ->> 'status' <> (case step ->> 'change' when 'rollout_pause' then 'paused' when 'rollout_conclude' then 'concluded'
    when 'rollout_ramp' then before ->> 'status' else 'running' end) then
    raise exception '"%" does not make a rollout %', step ->> 'change', after ->> 'status' using errcode = 'invalid_parameter_value';
  end if;
  if winner is not null then moved_from := ${s}.move_label(after, after ->> 'label', winner); end if;
  perform ${s}.log_change(write, step, null, after, moved_from, winner,
    case when before is not null then jsonb_build_object('rollout', ${s}.rollout_data(before)) || case when winner is null then '{}'
      else jsonb_build_object('labels', jsonb_build_object(after ->> 'label', moved_from)) end end,
    jsonb_build_object('rollout', ${s}.rollout_data(after)) || case when winner is null then '{}'
      else jsonb_build_object('labels', jsonb_build_object(after ->> 'label', winner)) end);
  return after;
end ${q};

-- Raises the heads of a kind, or of all, without changing anything.
create function ${s}.write_refresh(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  state record;
begin
  if coalesce(step ->> 'kind' not in ('prompt', 'model', 'embedding', 'context_rules', 'all'), true) then
    raise exception 'There is no kind "%"', step ->> 'kind' using errcode = 'invalid_parameter_value';
  end if;
  select revision, token into state from ${s}.config_state where id = 1;
  perform ${s}.raise_heads(array(select scope from ${s}.config_heads where step ->> 'kind' = 'all' or starts_with(scope, (step ->> 'kind') || ':')),
    state.revision, state.token);
  perform ${s}.log_change(write, step, null, jsonb_build_object('kind', step ->> 'kind', 'project', '*', 'name', '*'), null, null, null, null);
  return null;
end ${q};
`
}

/** The functions that a service calls. `open_write` takes the lock; `apply_write` changes rows, writes the changelog and announces. */
function writeFunctions({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
-- Entities as the transaction sees them. Each target names versions to be told of; labelled ones and the arms of open rollouts always are.
create function ${s}.entity_states(targets jsonb) returns jsonb language plpgsql ${DEFINER} as ${q}
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
      )
      select jsonb_build_object(
        'highest', coalesce((select max(version) from %2$s where project = $1 and %3$I = $2), 0),
        'isActive', exists (select 1 from %2$s where project = $1 and %3$I = $2 and is_active),
        'versions', coalesce((select jsonb_agg(jsonb_build_array(version, id, is_active) order by version) from %2$s
          where project = $1 and %3$I = $2 and (version in (select version from told) or ($4 ? 'active' and is_active))), '[]'),
        'labels', coalesce((select jsonb_object_agg(label, version) from carried), '{}'),
        'rollouts', coalesce((select jsonb_agg(to_jsonb(open)) from open), '[]'),
        'rows', coalesce((select jsonb_agg(to_jsonb(entry) order by version) from %2$s as entry where project = $1 and %3$I = $2
          and (version in (select jsonb_array_elements_text(coalesce($4 -> 'rows', '[]'))::integer)
            or ($4 ? 'highest' and version = (select max(version) from %2$s where project = $1 and %3$I = $2))
            or ($4 ? 'arms' and version in (select version from told)))), '[]'))
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

-- Takes the revision: from here on no other configuration write can commit until this transaction ends. Timeouts of null leave the
-- transaction's own as they are.
create function ${s}.open_write(lock_ms integer, statement_ms integer, idle_ms integer, targets jsonb, out revision bigint, out token text,
  out states jsonb) language plpgsql ${DEFINER} as ${q}
begin
  if lock_ms is not null then
    perform set_config('lock_timeout', lock_ms::text, true), set_config('statement_timeout', statement_ms::text, true),
      set_config('idle_in_transaction_session_timeout', idle_ms::text, true);
  end if;
  perform set_config('synchronous_commit', 'on', true);
  select taken.revision, taken.token into open_write.revision, open_write.token from ${s}.take_revision() as taken;
  -- A statement of its own, after the lock: it sees what the writer before left.
  states := ${s}.entity_states(targets);
end ${q};

-- Announces what the transaction changed, and gives the announcement and the changes of one write. A transaction of a host's may write
-- several times (joined): its announcement has no scopes, so that equal ones fold into one.
create function ${s}.close_write(write jsonb) returns jsonb language plpgsql as ${q}
declare
  state record;
  touched jsonb;
  message text;
  joined boolean := (write -> 'close' ->> 'joined')::boolean;
  known_as text := coalesce(write -> 'close' ->> 'database', ${s}.database_identity());
begin
  select revision, token into state from ${s}.config_state where id = 1;
  select coalesce(jsonb_agg(scope order by scope), '[]') into touched from ${s}.config_heads where revision = state.revision;
  -- The type and the key are for receivers that know nothing of revisions.
  message := jsonb_build_object('type', coalesce((select min(split_part(scope, ':', 1)) from jsonb_array_elements_text(touched) as scope
      having count(distinct split_part(scope, ':', 1)) = 1), 'all'),
    'key', case when jsonb_array_length(touched) = 1 then touched -> 0 end,
    'revision', state.revision, 'token', state.token, 'scopes', touched, 'database', known_as)::text;
  -- NOTIFY refuses 8,000 bytes and would abort the write: receivers of a message without scopes read the log.
  if joined or octet_length(message) > 7900 then
    message := jsonb_build_object('revision', state.revision, 'token', state.token, 'database', known_as)::text;
  end if;
  perform pg_notify(${s}.notify_channel(), message);
  update ${s}.config_state set phase = case when joined then 'open' else 'announced' end where id = 1;
  return jsonb_build_object('scopes', touched, 'message', message, 'changes', coalesce((
    select jsonb_agg(to_jsonb(change) order by change.id) from ${s}.config_changelog as change
    where change.write_id = (write ->> 'id')::uuid and change.revision = state.revision), '[]'));
end ${q};

-- Whether a write whose COMMIT was not answered has been carried out. Its transaction may still be ending: its lock is waited for, and only
-- a statement after that looks at the changelog.
create function ${s}.was_written(asked uuid) returns boolean language plpgsql ${DEFINER} as ${q}
begin
  perform 1 from ${s}.config_state where id = 1 for update;
  return exists (select 1 from ${s}.config_changelog where write_id = asked);
end ${q};

-- Carries out the steps of a write that this transaction opened. With "close" it is complete.
create function ${s}.apply_write(write jsonb) returns jsonb language plpgsql ${DEFINER} as ${q}
declare
  step jsonb;
  done jsonb;
  entries jsonb[] := '{}';
begin
  if ${s}.phase_here() is distinct from 'open' then
    raise exception 'This transaction has no open write: call open_write first' using errcode = 'object_not_in_prerequisite_state';
  end if;
  update ${s}.config_state set phase = 'applying' where id = 1;
  for step in select value from jsonb_array_elements(write -> 'steps') loop
    -- The changelog says what was done: a verb that does not belong to the step would be a lie in it.
    if not coalesce('{"version": ["create", "version"], "label": ["promote", "rollback", "remove_label"], "active": ["activate", "deactivate"],
        "rollout": ["rollout_start", "rollout_ramp", "rollout_pause", "rollout_resume", "rollout_conclude"], "refresh": ["refresh"]}'::jsonb
        -> (step ->> 'do') ? (step ->> 'change'), false) then
      raise exception 'The verb "%" does not belong to a step "%"', step ->> 'change', step ->> 'do' using errcode = 'invalid_parameter_value';
    end if;
    case step ->> 'do'
      when 'version' then done := ${s}.write_version(write, step);
      when 'label' then done := ${s}.write_label(write, step);
      when 'active' then done := ${s}.write_active(write, step);
      when 'rollout' then done := ${s}.write_rollout(write, step);
      when 'refresh' then done := ${s}.write_refresh(write, step);
    end case;
    entries := array_append(entries, done);
  end loop;
  update ${s}.config_state set phase = 'open' where id = 1;
  return jsonb_build_object('rows', to_jsonb(entries)) || case when write ? 'close' then ${s}.close_write(write) else '{}' end;
end ${q};
`
}

/** Edits that do not come through the library: psql, a data migration, a service in another language. */
function sqlEdits({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
-- What one edit did to one entity: revision, head, announcement and changelog row.
create function ${s}.note_edit(config_kind text, summary text, editor text, before_edit jsonb, after_edit jsonb, is_label boolean) returns void
language plpgsql as ${q}
declare
  edited jsonb := coalesce(after_edit, before_edit);
  entity text := edited ->> case when config_kind = 'context_rules' then 'context' else 'name' end;
  taken record;
begin
  select * into taken from ${s}.take_revision();
  perform ${s}.raise_heads(array[config_kind || ':' || (edited ->> 'project') || case when config_kind = 'context_rules' then '' else ':' || entity end],
    taken.revision, taken.token);
  perform ${s}.announce(taken.revision, taken.token);
  insert into ${s}.config_changelog (revision, token, config_type, config_id, config_name, project, previous_version, new_version,
    change_type, change_summary, previous_data, new_data, changed_by)
  values (taken.revision, taken.token, config_kind, case when jsonb_typeof(edited -> 'id') = 'number' then (edited ->> 'id')::bigint end,
    entity, edited ->> 'project', (before_edit ->> 'version')::integer, (after_edit ->> 'version')::integer, 'sql', summary,
    ${s}.fields_of(config_kind, ${s}.edited_part(before_edit, after_edit, is_label)),
    ${s}.fields_of(config_kind, ${s}.edited_part(after_edit, before_edit, is_label)), editor);
end ${q};

create or replace function ${s}.note_sql_edit() returns trigger language plpgsql ${DEFINER} as ${q}
declare
  before_edit jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after_edit jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  -- A table that holds several kinds says the kind in its rows.
  config_kind text := coalesce(tg_argv[0], coalesce(after_edit, before_edit) ->> 'kind');
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
    perform ${s}.note_edit(coalesce(tg_argv[0], before_edit ->> 'kind'), summary, editor, before_edit, null, is_label);
    perform ${s}.note_edit(config_kind, summary, editor, null, after_edit, is_label);
  else
    perform ${s}.note_edit(config_kind, summary, editor, before_edit, after_edit, is_label);
  end if;
  return null;
end ${q};

${WATCHED_TABLES.map(
  ([table, role]) => `drop trigger note_sql_edit on ${s}.${table};
create trigger note_sql_edit after insert or update or delete on ${s}.${table} for each row execute function ${s}.note_sql_edit(${role});`,
).join('\n')}

create or replace function ${s}.keep_content() returns trigger language plpgsql ${DEFINER} as ${q}
begin
  if to_jsonb(new) - 'is_active' is distinct from to_jsonb(old) - 'is_active' and ${s}.phase_here() is distinct from 'purging' then
    raise exception 'The content of a version never changes (% id %): write a new version. Only is_active may be updated.', tg_table_name, old.id
      using errcode = 'restrict_violation';
  end if;
  return new;
end ${q};
`
}

/**
 * The two functions that delete from the changelog: `prune_changelog` takes rows that nothing needs any more, `purge_version` content that
 * must not be kept.
 */
function maintenance({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
-- The transactions that prune at the moment. A table and not a setting: any role may set a setting.
create table ${s}.config_pruning (xid xid8 primary key);

create or replace function ${s}.refuse_change() returns trigger language plpgsql ${DEFINER} as ${q}
begin
  if tg_op = 'DELETE' and exists (select 1 from ${s}.config_pruning where xid = pg_current_xact_id_if_assigned()) then return old; end if;
  if tg_op = 'DELETE' and current_setting('agent_config.pruning', true) = 'on'
    and (select older_writers from ${s}.config_state where id = 1) then return old; end if;
  if tg_op = 'UPDATE' and ${s}.phase_here() = 'purging' then return new; end if;
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, tg_op using errcode = 'restrict_violation';
end ${q};

-- Deletes changelog rows from before a moment, of so many after an id, and gives where to go on. All but those that something still needs:
-- workers tell by the newest revision they know that the database is still the same one, so the newest before the moment stays; and a rollback
-- goes back to where a label was, so of the rows that moved a label away from a version the newest stays.
create function ${s}.prune_changelog(before timestamptz, after bigint, most integer, out deleted integer, out last bigint)
language plpgsql ${DEFINER} as ${q}
begin
  insert into ${s}.config_pruning values (pg_current_xact_id());
  with page as materialized (
    select id, config_type, project, config_name, previous_data -> 'labels' as moves from ${s}.config_changelog
    where id > after and changed_at < before and revision < (select max(revision) from ${s}.config_changelog where changed_at < before)
    order by id limit most
  ), gone as (
    delete from ${s}.config_changelog where id in (select page.id from page where not exists (
      select 1 from jsonb_each_text(case when jsonb_typeof(page.moves) = 'object' then page.moves end) as moved
      where moved.value is not null and not exists (
        select 1 from ${s}.config_changelog as later where later.config_type = page.config_type and later.project = page.project
          and later.config_name = page.config_name and later.id > page.id and later.previous_data -> 'labels' ->> moved.key = moved.value)))
    returning 1
  )
  select (select count(*) from gone), case when (select count(*) from page) = most then (select max(id) from page) end into deleted, last;
  delete from ${s}.config_pruning where xid = pg_current_xact_id();
end ${q};

-- Takes the content of one version out of its row and out of the changelog. The row's time changes by a microsecond, which is part of the
-- name that caches have for its content.
create function ${s}.purge_version(write jsonb) returns jsonb language plpgsql ${DEFINER} as ${q}
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
      where project = $1 and %I = $2 and version = $3 returning id', tables.versions, case step ->> 'kind'
      when 'prompt' then $$type = 'text', template = '', template_format = 'raw', description = null, model = null, parameters = '{}'$$
      when 'model' then $$model_provider = 'purged', model_name = 'purged', parameters = '{}', fallbacks = '[]'$$
      when 'embedding' then $$embedding_model = 'purged', chunking_strategy = 'purged', parameters = '{}'$$
      when 'context_rules' then $$important = null, "ignore" = null, description = null$$ end, tables.name_column)
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

/**
 * The functions that workers of the release before call. They change rows themselves, with the rights of their role, so for as long as they
 * may write, whoever may call begin_write can change rows that no changelog row names.
 */
function olderWriters({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.begin_write(lock_ms integer, statement_ms integer, idle_ms integer, out revision bigint, out token text)
language plpgsql ${DEFINER} as ${q}
begin
  if not (select older_writers from ${s}.config_state where id = 1) then
    raise exception 'Workers of the release before no longer write to this database' using errcode = 'insufficient_privilege',
      hint = 'To let them: update config_state set older_writers = true, as the owner of the tables.';
  end if;
  select opened.revision, opened.token into begin_write.revision, begin_write.token
    from ${s}.open_write(lock_ms, statement_ms, idle_ms, '[]') as opened;
  update ${s}.config_state set phase = 'older' where id = 1;
end ${q};

create or replace function ${s}.finish_write(write_id uuid, scopes text[], changes jsonb, revision bigint, token text, message text, joined boolean)
returns table (id bigint, changed_at timestamptz) language plpgsql ${DEFINER} as ${q}
begin
  if ${s}.phase_here() is distinct from 'older' then
    raise exception 'This transaction has no open write: call begin_write first' using errcode = 'object_not_in_prerequisite_state';
  end if;
  if not exists (select 1 from ${s}.config_state as state where state.id = 1 and state.revision = finish_write.revision
    and state.token = finish_write.token) then
    raise exception 'Revision % is not the one that this transaction holds', finish_write.revision using errcode = 'invalid_parameter_value';
  end if;
  perform ${s}.raise_heads(finish_write.scopes, finish_write.revision, finish_write.token);
  if message is null then perform ${s}.announce(finish_write.revision, finish_write.token);
  else perform pg_notify(${s}.notify_channel(), message);
  end if;
  update ${s}.config_state set phase = case when joined then 'open' else 'announced' end where config_state.id = 1;
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
`
}

/** Functions may be called by everybody unless that is taken back. Whoever could write to the changelog before may write on. */
function rights({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  const callable = [...WRITE_FUNCTIONS, ...MAINTENANCE_FUNCTIONS, ...OLDER_FUNCTIONS]
  return `
${[...INTERNAL_FUNCTIONS, ...TRIGGER_FUNCTIONS, ...callable].map((name) => `revoke all on function ${s}.${name} from public;`).join('\n')}
do ${q}
declare
  writer text;
  callable text;
begin
  for writer in select distinct case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end
    from pg_class as relation, aclexplode(relation.relacl) as acl
    where relation.oid = format('%I.config_changelog', ${literal})::regclass and acl.privilege_type = 'INSERT' and acl.grantee <> relation.relowner
  loop
    foreach callable in array array[${callable.map((name) => `'${name}'`).join(', ')}] loop
      execute format('grant execute on function %I.%s to %s', ${literal}, callable, writer);
    end loop;
  end loop;
end ${q};
`
}
