import { runStatement } from '../support/services/template-database.js'

const TABLES = [
  'prompts',
  'prompt_labels',
  'model_configs',
  'model_config_labels',
  'embedding_configs',
  'embedding_config_labels',
  'context_rules',
  'config_entries',
  'config_entry_labels',
]

/**
 * Fills a migrated database with that many entities of every kind, with heads and changelog, as if each had been created once. The
 * tables are never analysed. Needs a superuser.
 */
export async function fillDatabase(url: string, entities: number): Promise<void> {
  const some = (columns: string) => `select ${columns} from generate_series(1, ${entities}) as n`
  const heads = ['prompt', 'model', 'embedding', 'flag', 'note']
    .map((kind) => some(`'${kind}:default:filled-' || n, n, 'token-' || n`))
    .join(' union all ')
  await runStatement(
    url,
    `set search_path = agent_config; set session_replication_role = replica;
    ${[...TABLES, 'config_heads', 'config_changelog', 'config_state'].map((table) => `alter table ${table} set (autovacuum_enabled = false);`).join('\n')}
    insert into prompts (project, name, version, type, template) ${some(`'default', 'filled-' || n, 1, 'text', 'Hello {name}'`)};
    insert into model_configs (project, name, version, model_provider, model_name) ${some(`'default', 'filled-' || n, 1, 'ollama', 'llama3'`)};
    insert into embedding_configs (project, name, version, embedding_model) ${some(`'default', 'filled-' || n, 1, 'bge-m3'`)};
    insert into context_rules (project, context, version, important) ${some(`'default', 'filled-' || n, 1, 'names'`)};
    ${['prompt', 'model_config', 'embedding_config'].map((kind) => `insert into ${kind}_labels (project, name, label, version) ${some(`'default', 'filled-' || n, 'production', 1`)};`).join('\n')}
    ${['flag', 'note']
      .map(
        (
          kind,
        ) => `insert into config_entries (kind, project, name, version, content) ${some(`'${kind}', 'default', 'filled-' || n, 1, '{"value": true}'`)};
    insert into config_entry_labels (kind, project, name, label, version) ${some(`'${kind}', 'default', 'filled-' || n, 'production', 1`)};`,
      )
      .join('\n')}
    insert into config_heads (scope, revision, token) ${heads};
    insert into config_changelog (revision, token, config_type, config_name, project, new_version, change_type, new_data)
      ${some(`n, 'token-' || n, 'prompt', 'filled-' || n, 'default', 1, 'create', '{"labels": {"production": 1}}'`)};
    update config_state set revision = ${entities}, token = 'token-${entities}' where id = 1;`,
  )
}
