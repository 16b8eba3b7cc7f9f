import type { Migration, SchemaName } from './migration.js'

/**
 * Writes without statements that are put together while they run: PostgreSQL plans such a statement every time, which took longer than to carry
 * it out. Every table has functions of its own now, whose plans a connection keeps. Workers of earlier releases call the same functions and get
 * the same answers.
 */
export const keptPlans: Migration = {
  breaking: false,
  sql: (schema) =>
    [
      ...FAMILIES.flatMap((family) => [state(schema, family), newVersion(schema, family), versionRow(schema, family)]),
      ...FAMILIES.flatMap((family) => (family.labels ? [movedLabel(schema, family)] : [])),
      states(schema),
      steps(schema),
      helpers(schema),
      settings(schema),
      rights(schema),
    ].join('\n'),
}

/** The tables of one kind, or of all that share two. */
interface Family {
  /** Absent where the rows say their kind. */
  readonly kind?: string
  readonly versions: string
  readonly labels?: string
  readonly name: string
  /** The columns that are content, with what is in them where a write names none. */
  readonly columns: Readonly<Record<string, unknown>>
}

const SHARED = { versions: 'config_entries', labels: 'config_entry_labels', name: 'name', columns: { content: null } } as const

const FAMILIES: readonly Family[] = [
  {
    kind: 'prompt',
    versions: 'prompts',
    labels: 'prompt_labels',
    name: 'name',
    columns: { type: null, template: null, template_format: 'f-string', description: null, model: null, parameters: {} },
  },
  {
    kind: 'model',
    versions: 'model_configs',
    labels: 'model_config_labels',
    name: 'name',
    columns: { model_provider: null, model_name: null, parameters: {}, fallbacks: [], prices: null },
  },
  {
    kind: 'embedding',
    versions: 'embedding_configs',
    labels: 'embedding_config_labels',
    name: 'name',
    columns: {
      embedding_model: null,
      chunk_size: 512,
      chunk_overlap: 50,
      chunking_strategy: 'late_chunking',
      parameters: {},
      dimensions: null,
    },
  },
  {
    kind: 'context_rules',
    versions: 'context_rules',
    name: 'context',
    columns: { important: null, ignore: null, description: null },
  },
  SHARED,
]

const quoted = (column: string): string => (column === 'ignore' ? '"ignore"' : column)
/** Among the functions of shared tables: a name that is no kind's is refused. */
const refusesOthers = (s: string): string => `\n  perform ${s}.kind_tables(of_kind);`
const mine = ({ kind }: Family): string => (kind === undefined ? 'kind = of_kind and ' : '')
const entity = (family: Family): string => `${mine(family)}project = of_project and ${family.name} = of_name`

/**
 * As in 0009: each row is found by order (`order by version desc limit 1`), for which only one index will do, so that the work does not grow with
 * the number of versions.
 */
function state({ identifier: s, bodyQuote: q }: SchemaName, family: Family): string {
  const versions = `${s}.${family.versions}`
  const ours = entity(family)
  const carried = family.labels ? `select label, version from ${s}.${family.labels} where ${ours}` : 'select null::text, 0 where false'
  const rowAt = (columns: string, of: string): string =>
    `(select ${columns} from ${versions} where ${ours} and version <= ${of}.version order by version desc limit 1)`
  const newest = `(select version from ${versions} where ${ours} order by version desc limit 1)`
  return `
create function ${s}.state_in_${family.versions}(target jsonb) returns jsonb language plpgsql as ${q}
declare
  of_kind text := target ->> 'kind';
  of_project text := target ->> 'project';
  of_name text := target ->> 'name';
  described jsonb;
begin${family.kind === undefined ? refusesOthers(s) : ''}
  with carried (label, version) as (${carried}), open as (
    select * from ${s}.config_rollouts where kind = of_kind and project = of_project and name = of_name and status <> 'concluded'
  ), told as (
    select version::integer from carried
    union select jsonb_array_elements_text(coalesce(target -> 'versions', '[]'))::integer
    union select (arm ->> 'version')::integer from open, jsonb_array_elements(arms) as arm
    union select version from ${versions} where target ? 'active' and ${ours} and is_active
  ), wanted as (
    select jsonb_array_elements_text(coalesce(target -> 'rows', '[]'))::integer as version
    union select ${newest} where target ? 'highest'
    union select version from told where target ? 'arms'
  )
  select jsonb_build_object(
    'highest', coalesce(${newest}, 0),
    'isActive', exists (select 1 from ${versions} where ${ours} and is_active),
    'versions', coalesce((select jsonb_agg(jsonb_build_array(entry.version, entry.id, entry.is_active) order by entry.version) from told
      cross join lateral ${rowAt('version, id, is_active', 'told')} as entry where entry.version = told.version), '[]'),
    'labels', coalesce((select jsonb_object_agg(label, version) from carried), '{}'),
    'rollouts', coalesce((select jsonb_agg(to_jsonb(open)) from open), '[]'),
    'rows', coalesce((select jsonb_agg(to_jsonb(entry) order by entry.version) from wanted
      cross join lateral ${rowAt('*', 'wanted')} as entry where entry.version = wanted.version), '[]'))
  into described;
  -- Where a label was before: the newest change that took it from a version which is active and which it is not on now.
  if target ? 'before' then
    described := described || jsonb_build_object('before', (
      select (change.previous_data -> 'labels' ->> (target ->> 'before'))::integer from ${s}.config_changelog as change
      where change.config_type = of_kind and change.project = of_project and change.config_name = of_name
        and change.previous_data -> 'labels' ->> (target ->> 'before') is not null
        and change.previous_data -> 'labels' ->> (target ->> 'before') is distinct from described -> 'labels' ->> (target ->> 'before')
        and exists (select 1 from ${versions} where ${ours} and is_active
          and version = (change.previous_data -> 'labels' ->> (target ->> 'before'))::integer)
      order by change.id desc limit 1));
  end if;
  return described;
end ${q};
`
}

function newVersion({ identifier: s, bodyQuote: q }: SchemaName, family: Family): string {
  const columns = Object.keys(family.columns)
  return `
-- Writes the next version of a name and gives its row.
create function ${s}.add_to_${family.versions}(step jsonb) returns jsonb language plpgsql as ${q}
declare
  of_kind text := step ->> 'kind';
  of_project text := step ->> 'project';
  of_name text := step ->> 'name';
  given jsonb := coalesce(nullif(step -> 'columns', '{}'), '{"": "none"}');
  stray text := (select min(field) from jsonb_object_keys(given - '{${columns.join(',')}}'::text[]) as field);
  added jsonb;
begin${family.kind === undefined ? refusesOthers(s) : ''}
  if stray is not null then
    raise exception 'A step "version" of the kind "%" has no column "%"', of_kind, stray using errcode = 'undefined_column';
  end if;
  insert into ${s}.${family.versions} as entry (${family.kind === undefined ? 'kind, ' : ''}project, ${family.name}, version, created_by,
      ${columns.map(quoted).join(', ')})
    select ${family.kind === undefined ? 'of_kind, ' : ''}of_project, of_name, 1 + coalesce((select version from ${s}.${family.versions}
        where ${entity(family)} order by version desc limit 1), 0), step ->> 'by', ${columns.map((column) => `content.${quoted(column)}`).join(', ')}
      from jsonb_populate_record(null::${s}.${family.versions}, '${JSON.stringify(family.columns)}'::jsonb || given) as content
    returning to_jsonb(entry) into added;
  return added;
end ${q};
`
}

function versionRow({ identifier: s, bodyQuote: q }: SchemaName, family: Family): string {
  return `
create function ${s}.row_in_${family.versions}(of_kind text, of_project text, of_name text, at_version integer) returns jsonb
language plpgsql as ${q}
begin
  return (select to_jsonb(entry) from ${s}.${family.versions} as entry where ${entity(family)} and version = at_version);
end ${q};
`
}

function movedLabel({ identifier: s, bodyQuote: q }: SchemaName, family: Family): string {
  const labels = `${s}.${family.labels}`
  const ours = `${entity(family)} and label = of_label`
  const key = `${family.kind === undefined ? 'kind, ' : ''}project, name, label`
  return `
create function ${s}.move_in_${family.labels}(of_kind text, of_project text, of_name text, of_label text, to_version integer) returns integer
language plpgsql as ${q}
declare
  before integer := (select version from ${labels} where ${ours});
begin
  if to_version is null then
    delete from ${labels} where ${ours};
  else
    insert into ${labels} (${key}, version) values (${family.kind === undefined ? 'of_kind, ' : ''}of_project, of_name, of_label, to_version)
      on conflict (${key}) do update set version = excluded.version;
  end if;
  return before;
end ${q};
`
}

/** A function of the kind's own tables, chosen by the kind. */
function chosen(s: string, kind: string, call: (family: Family) => string): string {
  const cases = FAMILIES.map((family) => `${family.kind === undefined ? 'else' : `when '${family.kind}' then`} ${s}.${call(family)}`)
  return `case ${kind}\n      ${cases.join('\n      ')}\n    end`
}

function states({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.entity_states(targets jsonb) returns jsonb language plpgsql
  security definer set search_path = pg_catalog, pg_temp as ${q}
declare
  target jsonb;
  states jsonb[] := '{}';
begin
  for target in select value from jsonb_array_elements(targets) loop
    states := array_append(states, ${chosen(s, "target ->> 'kind'", ({ versions }) => `state_in_${versions}(target)`)});
  end loop;
  return to_jsonb(states);
end ${q};
`
}

function steps({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.move_label(named jsonb, label text, version integer) returns integer language plpgsql as ${q}
declare
  of_kind text := named ->> 'kind';
  of_project text := named ->> 'project';
  of_name text := named ->> 'name';
begin
  return ${chosen(s, 'of_kind', ({ labels = SHARED.labels }) => `move_in_${labels}(of_kind, of_project, of_name, label, version)`)};
end ${q};

create or replace function ${s}.write_version(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  entry jsonb;
  added integer;
  label text;
  previous jsonb := '{}';
  given jsonb := '{}';
begin
  if step ->> 'project' !~ '^[A-Za-z0-9_.-]+$' then
    raise exception 'A project may hold letters, digits, "_", "." and "-" only' using errcode = 'invalid_parameter_value';
  end if;
  if step -> 'columns' ?| '{id,kind,project,name,context,version,is_active,created_by,created_at}'::text[] then
    raise exception 'The columns of a step "version" are its content only' using errcode = 'invalid_parameter_value';
  end if;
  entry := ${chosen(s, "step ->> 'kind'", ({ versions }) => `add_to_${versions}(step)`)};
  added := (entry ->> 'version')::integer;
  if added = 1 and step ->> 'change' <> 'create' then
    raise exception 'The first version of a name is a "create"' using errcode = 'invalid_parameter_value';
  end if;
  for label in select jsonb_array_elements_text(coalesce(step -> 'labels', '[]')) loop
    previous := previous || jsonb_build_object(label, ${s}.move_label(step, label, added));
    given := given || jsonb_build_object(label, added);
  end loop;
  perform ${s}.log_change(write, step, (entry ->> 'id')::bigint, step, nullif(added - 1, 0), added,
    case when given <> '{}' then jsonb_build_object('labels', previous) end,
    ${s}.fields_of(step ->> 'kind', entry - '{id,kind,project,name,context,version,is_active,created_by,created_at}'::text[])
      || case when given <> '{}' then jsonb_build_object('labels', given) else '{}' end);
  return entry;
end ${q};

create or replace function ${s}.write_label(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  of_kind text := step ->> 'kind';
  of_project text := step ->> 'project';
  of_name text := step ->> 'name';
  version integer := (step ->> 'version')::integer;
  before integer := ${s}.move_label(step, step ->> 'label', version);
  entry jsonb;
begin
  if (version is null) <> (step ->> 'change' = 'remove_label') or coalesce(version, before) is null then
    raise exception '"%" cannot move the label "%" from % to %', step ->> 'change', step ->> 'label', coalesce(before::text, 'nowhere'),
      coalesce(version::text, 'nowhere') using errcode = 'invalid_parameter_value';
  end if;
  entry := ${chosen(s, 'of_kind', ({ versions }) => `row_in_${versions}(of_kind, of_project, of_name, version)`)};
  perform ${s}.log_change(write, step, (entry ->> 'id')::bigint, step, before, version,
    jsonb_build_object('labels', jsonb_build_object(step ->> 'label', before)),
    jsonb_build_object('labels', jsonb_build_object(step ->> 'label', version)));
  return entry;
end ${q};
`
}

/** As before, in the language whose plans are kept. */
function helpers({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.phase_here() returns text language plpgsql stable
  security definer set search_path = pg_catalog, pg_temp as ${q}
begin
  return (select phase from ${s}.config_state
    where id = 1 and open_xid = pg_current_xact_id_if_assigned() and opened_at = transaction_timestamp());
end ${q};

create or replace function ${s}.fields_of(kind text, side jsonb) returns jsonb language plpgsql immutable as ${q}
begin
  return (select jsonb_object_agg(
    case
      when kind = 'model' and field.key = 'model_provider' then 'provider'
      when kind = 'model' and field.key = 'model_name' then 'model'
      when field.key = 'conditions' then 'when'
      when position('_' in field.key) = 0 then field.key
      else (select string_agg(case when part.place = 1 then part.word else initcap(part.word) end, '' order by part.place)
        from unnest(string_to_array(field.key, '_')) with ordinality as part (word, place))
    end,
    case when kind = 'prompt' and field.key = 'template' and side ->> 'type' = 'chat' then ${s}.chat_messages(field.value #>> '{}')
      else field.value end)
  from jsonb_each(side) as field);
end ${q};
`
}

/**
 * Plans for any parameters, by indexes, from the first call on: a plan that was made while a table was small is kept when it has grown.
 */
function settings({ identifier: s }: SchemaName): string {
  return ['open_write(integer, integer, integer, jsonb)', 'entity_states(jsonb)', 'apply_write(jsonb)']
    .flatMap((name) =>
      ['plan_cache_mode = force_generic_plan', 'enable_seqscan = off', 'jit = off'].map(
        (setting) => `alter function ${s}.${name} set ${setting};`,
      ),
    )
    .join('\n')
}

/** Functions that only the owner may run. Functions that others may call use them. */
function rights({ identifier: s }: SchemaName): string {
  const names = FAMILIES.flatMap(({ versions, labels }) => [
    `state_in_${versions}(jsonb)`,
    `add_to_${versions}(jsonb)`,
    `row_in_${versions}(text, text, text, integer)`,
    ...(labels ? [`move_in_${labels}(text, text, text, text, integer)`] : []),
  ])
  return names.map((name) => `revoke all on function ${s}.${name} from public;`).join('\n')
}
