import type { Migration } from './migration.js'

/** Rollouts: labels that give some subjects other versions; the stored arms of subjects, and exposures. */
export const rollouts: Migration = {
  breaking: false,
  sql: ({ identifier: s }) => `
create table ${s}.config_rollouts (
  id text primary key,
  kind text not null check (kind in ('prompt', 'model', 'embedding')),
  project varchar(100) not null,
  name varchar(255) not null,
  label varchar(36) not null,
  -- A list of objects with a whole number each: the statement that reads documents would fail on anything else.
  arms jsonb not null check (coalesce(arms @@ '$.type() == "array" && exists($[0]) && !exists($[*] ?
    (!(@.version > 0 && @.version <= 2147483647 && @.version % 1 == 0) || (@.version % 1 == 0) is unknown))', false)),
  coverage_basis_points integer not null check (coverage_basis_points between 0 and 10000),
  sticky boolean not null default false,
  forced jsonb,
  conditions jsonb,
  schedule jsonb,
  status text not null check (status in ('running', 'paused', 'concluded')),
  winner integer,
  record_exposures boolean not null default false,
  created_by text,
  created_at timestamptz not null default clock_timestamp()
);
-- One open rollout a label: of two that start at once, one wins.
create unique index config_rollouts_open on ${s}.config_rollouts (kind, project, name, label) where status <> 'concluded';
create index config_rollouts_by_entity on ${s}.config_rollouts (kind, project, name, created_at);
create trigger note_sql_edit after insert or update or delete on ${s}.config_rollouts
  for each row when (current_setting('agent_config.managed', true) is distinct from 'on') execute function ${s}.note_sql_edit();
create trigger refuse_truncate before truncate on ${s}.config_rollouts for each statement execute function ${s}.refuse_truncate();

create table ${s}.config_assignments (
  rollout_id text not null references ${s}.config_rollouts (id) on delete cascade,
  subject text not null,
  arm integer not null,
  assigned_at timestamptz not null default clock_timestamp(),
  primary key (rollout_id, subject)
);
create index config_assignments_by_time on ${s}.config_assignments (assigned_at);

create table ${s}.config_exposures (
  rollout_id text not null references ${s}.config_rollouts (id) on delete cascade,
  subject text not null,
  arm integer not null,
  version integer not null,
  exposed_at timestamptz not null default clock_timestamp(),
  primary key (rollout_id, subject, arm)
);
create index config_exposures_by_time on ${s}.config_exposures (exposed_at);
`,
}
