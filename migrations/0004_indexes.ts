import type { Migration } from './migration.js'

/** The order in which lists give versions: by name and then newest first. `-version`, so that one comparison of rows finds a page's begin. */
export const indexes: Migration = {
  breaking: false,
  sql: ({ identifier: s }) => `
create index prompts_by_list on ${s}.prompts (project, name, (-version));
create index model_configs_by_list on ${s}.model_configs (project, name, (-version));
create index embedding_configs_by_list on ${s}.embedding_configs (project, name, (-version));
create index context_rules_by_list on ${s}.context_rules (project, context, (-version));

-- Part of the identity is the server's own identifier, which a role may not be allowed to read. Run as the owner of the function it
-- gives every role the same answer.
alter function ${s}.database_identity() security definer set search_path = pg_catalog, pg_temp;
`,
}
