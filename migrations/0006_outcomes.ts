import type { Migration, SchemaName } from './migration.js'

/**
 * Guarded rollouts: outcomes of subjects, verdicts, and the settings of a guard. Workers of earlier releases neither
 * record outcomes nor judge; they keep the columns that they do not know.
 */
export const outcomes: Migration = {
  breaking: false,
  sql: (schema) => [tables(schema), counts(schema), steps(schema), rights(schema)].join('\n'),
}

const DEFINER = 'security definer set search_path = pg_catalog, pg_temp'

function tables({ identifier: s }: SchemaName): string {
  return `
alter table ${s}.config_rollouts
  add column guard jsonb check (guard is null or jsonb_typeof(guard) in ('object', 'null')),
  -- Whether subjects without a remembered arm still get one; absent, they do.
  add column enrol boolean;

-- One row for each subject and metric: a subject that went wrong ten times went wrong.
create table ${s}.config_outcomes (
  rollout_id text not null references ${s}.config_rollouts (id) on delete cascade,
  subject text not null,
  metric varchar(100) not null,
  bad boolean not null default false,
  value double precision,
  -- Of the first bad one, else of the first.
  at timestamptz not null default clock_timestamp(),
  primary key (rollout_id, subject, metric)
);
create index config_outcomes_bad on ${s}.config_outcomes (rollout_id) where bad;
create index config_outcomes_by_time on ${s}.config_outcomes (at);

-- What guards concluded. "since" is when the evidence began: after an acknowledged resume it begins anew.
create table ${s}.config_verdicts (
  rollout_id text not null references ${s}.config_rollouts (id) on delete cascade,
  since timestamptz not null,
  -- Empty for the sample ratio.
  metric varchar(100) not null,
  verdict text not null check (verdict in ('worse', 'ratio', 'ended')),
  -- Natural logarithms.
  log_evidence double precision not null,
  log_threshold double precision not null,
  counts jsonb not null,
  decided_at timestamptz not null default clock_timestamp(),
  primary key (rollout_id, since, metric, verdict)
);
`
}

/** Subjects by arm. Counted as they come, so that looking at the ratio of a million reads two rows. */
function counts({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create table ${s}.config_exposure_counts (
  rollout_id text not null references ${s}.config_rollouts (id) on delete cascade,
  arm integer not null,
  subjects bigint not null,
  primary key (rollout_id, arm)
);
insert into ${s}.config_exposure_counts select rollout_id, arm, count(*) from ${s}.config_exposures group by rollout_id, arm;

create function ${s}.count_exposures() returns trigger language plpgsql ${DEFINER} as ${q}
begin
  insert into ${s}.config_exposure_counts as counted (rollout_id, arm, subjects)
    select rollout_id, arm, count(*) from fresh group by rollout_id, arm order by rollout_id, arm
    on conflict (rollout_id, arm) do update set subjects = counted.subjects + excluded.subjects;
  return null;
end ${q};
create trigger count_exposures after insert on ${s}.config_exposures referencing new table as fresh
  for each statement execute function ${s}.count_exposures();
`
}

/** Steps of rollouts: with a guard, which begins by the clock of the database, and with the evidence for a pause beside the pause. */
function steps({ identifier: s, bodyQuote: q }: SchemaName): string {
  return `
create or replace function ${s}.write_rollout(write jsonb, step jsonb) returns jsonb language plpgsql as ${q}
declare
  before jsonb;
  after jsonb;
  columns jsonb := step -> 'columns';
  winner integer := (step -> 'columns' ->> 'winner')::integer;
  verdict jsonb := step -> 'verdict';
  moved_from integer;
begin
  select to_jsonb(rollout) into before from ${s}.config_rollouts as rollout where id = step ->> 'id';
  if (before is null) <> (step ->> 'change' = 'rollout_start') or before ->> 'status' = 'concluded'
    or (winner is not null and step ->> 'change' <> 'rollout_conclude')
    or (jsonb_typeof(columns -> 'guard') = 'object' and step ->> 'change' not in ('rollout_start', 'rollout_resume'))
    or (verdict is not null and step ->> 'change' <> 'rollout_pause') then
    raise exception '"%" does not suit rollout "%", which is %', step ->> 'change', step ->> 'id', coalesce(before ->> 'status', 'not there')
      using errcode = 'invalid_parameter_value';
  end if;
  if jsonb_typeof(columns -> 'guard') = 'object' then
    columns := jsonb_set(columns, '{guard,since}', to_jsonb(clock_timestamp()));
  end if;
  if verdict is not null then columns := columns || jsonb_build_object('guard', (before -> 'guard') || '{"acted": true}'); end if;
  if before is null then
    insert into ${s}.config_rollouts as rollout select given.* from jsonb_populate_record(null::${s}.config_rollouts,
        columns || jsonb_build_object('id', step -> 'id', 'created_by', step -> 'by', 'created_at', clock_timestamp())) as given
      returning to_jsonb(rollout) into after;
  else
    update ${s}.config_rollouts as rollout set arms = given.arms, coverage_basis_points = given.coverage_basis_points,
        schedule = given.schedule, status = given.status, winner = given.winner, guard = given.guard, enrol = given.enrol
      from jsonb_populate_record(null::${s}.config_rollouts, before || columns) as given
      where rollout.id = step ->> 'id' returning to_jsonb(rollout) into after;
  end if;
  if after ->> 'status' <> (case step ->> 'change' when 'rollout_pause' then 'paused' when 'rollout_conclude' then 'concluded'
    when 'rollout_ramp' then before ->> 'status' else 'running' end) then
    raise exception '"%" does not make a rollout %', step ->> 'change', after ->> 'status' using errcode = 'invalid_parameter_value';
  end if;
  if verdict is not null then
    insert into ${s}.config_verdicts (rollout_id, since, metric, verdict, log_evidence, log_threshold, counts)
      select step ->> 'id', given.since, given.metric, 'worse', given.log_evidence, given.log_threshold, given.counts
      from jsonb_populate_record(null::${s}.config_verdicts, verdict) as given
      on conflict do nothing;
  end if;
  if winner is not null then moved_from := ${s}.move_label(after, after ->> 'label', winner); end if;
  perform ${s}.log_change(write, step, null, after, moved_from, winner,
    case when before is not null then jsonb_build_object('rollout', ${s}.rollout_data(before)) || case when winner is null then '{}'
      else jsonb_build_object('labels', jsonb_build_object(after ->> 'label', moved_from)) end end,
    jsonb_build_object('rollout', ${s}.rollout_data(after)) || case when winner is null then '{}'
      else jsonb_build_object('labels', jsonb_build_object(after ->> 'label', winner)) end);
  return after;
end ${q};
`
}

/** Whoever may read, write or delete exposures may do the same with outcomes and verdicts: a service's role needs nothing new. */
function rights({ identifier: s, literal, bodyQuote: q }: SchemaName): string {
  return `
revoke all on function ${s}.count_exposures() from public;
do ${q}
declare
  held record;
begin
  for held in select case acl.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee, acl.privilege_type
    from pg_class as relation, aclexplode(relation.relacl) as acl
    where relation.oid = format('%I.config_exposures', ${literal})::regclass and acl.grantee <> relation.relowner
      and acl.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  loop
    execute format('grant %s on %I.config_outcomes, %I.config_verdicts to %s', held.privilege_type, ${literal}, ${literal}, held.grantee);
    if held.privilege_type = 'SELECT' then
      execute format('grant select on %I.config_exposure_counts to %s', ${literal}, held.grantee);
    end if;
  end loop;
end ${q};
`
}
