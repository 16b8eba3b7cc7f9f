import { runStatement } from '../../support/services/template-database.js'

/** Names written in one transaction, which is one revision. */
const BATCH_SIZE = 1_000

/** The name of the prompt with that number. */
export function nameOf(number: number): string {
  return `prompt-${number}`
}

/**
 * Writes prompts, each with one version of 400 characters labelled `production`, through the functions that the library's own writes call.
 * Without these, plain inserts raise the heads too: a trigger notes each row, which takes ten times as long.
 *
 * @returns how long it took, in milliseconds
 */
export async function fillPrompts(url: string, from: number, to: number): Promise<number> {
  const start = performance.now()
  for (let first = from; first < to; first += BATCH_SIZE) {
    await runStatement(url, batch(`generate_series(${first}, ${Math.min(first + BATCH_SIZE, to) - 1}) as number`))
  }
  await runStatement(url, 'vacuum analyze')
  return performance.now() - start
}

function batch(numbers: string): string {
  const name = `'prompt-' || number`
  return `do $$
  declare
    taken record;
  begin
    update agent_config.config_state set older_writers = true;
    select * into taken from agent_config.begin_write(null, null, null);
    insert into agent_config.prompts (project, name, version, type, template)
      select 'default', ${name}, 1, 'text', rpad('Prompt ' || number || ' for {customer}. ', 400, md5(number::text)) from ${numbers};
    insert into agent_config.prompt_labels (project, name, label, version) select 'default', ${name}, 'production', 1 from ${numbers};
    perform agent_config.finish_write(gen_random_uuid(), (select array_agg('prompt:default:' || ${name}) from ${numbers}),
      (select jsonb_agg(jsonb_build_object('config_type', 'prompt', 'config_name', ${name}, 'project', 'default', 'new_version', 1,
        'change_type', 'create', 'place', number)) from ${numbers}), taken.revision, taken.token, null, false);
  end $$`
}
