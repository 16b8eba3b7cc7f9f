import type { Migration } from './migration.js'

/**
 * A look at guarded rollouts is answered by two indexes alone: bad outcomes with what is asked about them, and exposures with their time.
 * Both take the place of an index that was there. Building the second reads every exposure, and exposures of running workers wait meanwhile.
 */
export const guardIndexes: Migration = {
  breaking: false,
  sql: ({ identifier: s }) => `
create index config_outcomes_bad_of_subjects on ${s}.config_outcomes (rollout_id, subject, metric, at) where bad;
drop index ${s}.config_outcomes_bad;

create unique index config_exposures_with_time on ${s}.config_exposures (rollout_id, subject, arm) include (exposed_at);
alter table ${s}.config_exposures drop constraint config_exposures_pkey,
  add constraint config_exposures_pkey primary key using index config_exposures_with_time;
`,
}
