import * as v from 'valibot'
import { type ConfigurationManager, defineKind, type Repositories } from '../../src/index.js'

/** A kind of the host's own. */
const NOTES = defineKind({ kind: 'note', schema: v.object({ text: v.string() }) })
export const DECLARED = [NOTES]

const LABELS = ['production']

/** What a read gave. */
interface Read {
  readonly value: string | undefined
  /** Nobody could say that it is the last one. */
  readonly stale: boolean
}

/** How values of one kind are written, and read back; and where the tables have them. */
interface ChaosKind {
  write(repositories: Pick<Repositories, 'prompts' | 'flags' | 'of'>, name: string, value: string): Promise<{ readonly revision: number }>
  read(manager: ConfigurationManager, name: string, query?: { readonly minRevision: number }): Promise<Read>
  peek(manager: ConfigurationManager, name: string): string | undefined
  readonly versions: string
  readonly labels: string
  /** The value in a row of `versions`, called `entry`, and in `new_data` of the changelog. */
  readonly inRow: string
  readonly inChange: string
}

const KINDS: Readonly<Record<string, ChaosKind>> = {
  prompt: {
    write: ({ prompts }, name, template) => prompts.createVersion({ name, template, labels: LABELS }),
    read: async (manager, name, query) => readOf(await manager.getPrompt(name, query), ({ template }) => String(template)),
    peek: (manager, name) => manager.peekPrompt(name)?.template as string | undefined,
    versions: 'prompts',
    labels: 'prompt_labels',
    inRow: 'entry.template',
    inChange: "new_data ->> 'template'",
  },
  flag: {
    write: ({ flags }, name, value) => flags.createVersion({ name, value, labels: LABELS }),
    read: async (manager, name, query) => {
      const { value, stale, error } = await manager.getFlagDetails(name, '', query)
      if (error) throw error
      return { value, stale }
    },
    peek: (manager, name) => manager.peekFlag(name, '') || undefined,
    versions: "config_entries_of('flag')",
    labels: "config_entry_labels_of('flag')",
    inRow: "entry.content ->> 'value'",
    inChange: "new_data -> 'content' ->> 'value'",
  },
  note: {
    write: ({ of }, name, text) => of(NOTES).createVersion({ name, content: { text }, labels: LABELS }),
    read: async (manager, name, query) => readOf(await manager.of(NOTES).get(name, query), ({ content }) => content.text),
    peek: (manager, name) => manager.of(NOTES).peek(name)?.content.text,
    versions: "config_entries_of('note')",
    labels: "config_entry_labels_of('note')",
    inRow: "entry.content ->> 'text'",
    inChange: "new_data -> 'content' ->> 'text'",
  },
}

function readOf<Found extends { readonly stale: boolean }>(found: Found | undefined, textOf: (found: Found) => string): Read {
  return { value: found && textOf(found), stale: found?.stale === true }
}

/** Names say their kind. Those of a pair, which are changed together, are of different ones as often as not. */
export const NAMES: readonly string[] = Array.from({ length: 18 }, (_, place) => `${Object.keys(KINDS)[place % 3]}-${place}`)

/** The kind of a name. */
export function kindOf(name: string): ChaosKind {
  return KINDS[name.slice(0, name.indexOf('-'))] as ChaosKind
}

/** What every label points at, as rows of `name` and `v`. */
export const LABELLED_SQL = Object.values(KINDS)
  .map(
    ({ versions, labels, inRow }) => `select entry.name, ${inRow} as v from agent_config.${versions} as entry
      join agent_config.${labels} as carried using (project, name, version) where carried.label = 'production'`,
  )
  .join(' union all ')

/** What the changelog says of every version, as rows of `revision`, `name` and `v`. */
export const WRITES_SQL = `select revision, config_name as name, case config_type ${Object.entries(KINDS)
  .map(([kind, { inChange }]) => `when '${kind}' then ${inChange}`)
  .join(' ')} end as v
  from agent_config.config_changelog where config_type in (${Object.keys(KINDS)
    .map((kind) => `'${kind}'`)
    .join(', ')}) and change_type in ('create', 'version')`
