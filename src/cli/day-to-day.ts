import type { ConfigChange } from '../entities/config-change.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { type CliIo, type Command, parseCommandLine, readInteger, UsageError } from './command.js'
import { agreed, authorOf, DATABASE_HELP, DATABASE_OPTIONS, printJson, withManager } from './with-manager.js'

const OPTIONS = {
  ...DATABASE_OPTIONS,
  kind: { type: 'string' },
  label: { type: 'string' },
  version: { type: 'string' },
  message: { type: 'string', short: 'm' },
  by: { type: 'string' },
  force: { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
} as const

const HELP = `  --kind KIND       default prompt
  --label LABEL     default production
  --message TEXT    for the changelog; --by NAME says who
  --yes             does not ask
${DATABASE_HELP}`

export const promoteCommand: Command = {
  name: 'promote',
  usage: 'NAME --version N [--label LABEL] [--kind KIND] [--force]',
  summary: 'Points a label at a version.',
  help: `  --version N       the version\n  --force           also when a rollout runs on the label, which is then paused\n${HELP}`,
  run: (args, io) =>
    act(args, io, async ({ values, name, kind, meta }) => {
      if (values.version === undefined) throw new UsageError('promote needs --version N')
      const version = readInteger('--version', values.version)
      const label = values.label === undefined ? {} : { label: values.label }
      if (!(await agreed(`Point ${values.label ?? 'the label'} of ${kind.noun} "${name}" at v${version}?`, values.yes, io)))
        return undefined
      return kind.repository.promote({ name, version, ...label, ...meta, ...(values.force && { force: true }) })
    }),
}

export const rollbackCommand: Command = {
  name: 'rollback',
  usage: 'NAME [--label LABEL] [--kind KIND]',
  summary: 'Points a label back at the version it was on before. Needs no merge.',
  help: HELP,
  run: (args, io) =>
    act(args, io, async ({ values, name, kind, meta }) => {
      const label = values.label === undefined ? {} : { label: values.label }
      if (!(await agreed(`Roll ${values.label ?? 'the label'} of ${kind.noun} "${name}" back?`, values.yes, io))) return undefined
      return kind.repository.rollback({ name, ...label, ...meta })
    }),
}

export const historyCommand: Command = {
  name: 'history',
  usage: 'NAME [--kind KIND]',
  summary: 'Shows every change of a name, newest first.',
  help: `  --kind KIND       default prompt\n${DATABASE_HELP}`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, OPTIONS)
    const name = nameOf('history', positionals)
    const changes = await withManager(values, io, (manager) =>
      values.kind === 'context_rules' || values.kind === 'context-rules'
        ? manager.contextRules.history({ context: name })
        : kindOf(manager, values.kind).repository.history({ name }),
    )
    if (values.json) printJson(changes, io)
    else for (const change of changes) io.stdout(lineOf(change))
    if (changes.length > 0) return 0
    io.stderr(`Nothing called "${name}" was ever written.\n`)
    return 1
  },
}

export const purgeCommand: Command = {
  name: 'purge',
  usage: 'NAME --version N --message WHY --by WHO [--kind KIND]',
  summary: 'Takes the content of one version out of the database for good: for a secret that was stored by mistake.',
  help: `  --version N       a version that no label points at
  --message WHY     for the changelog
  --by WHO          for the changelog
${DATABASE_HELP}

Backups, files of this folder and logs of your own are not reached.`,
  run: async (args, io) => {
    const { values, positionals } = parseCommandLine(args, OPTIONS)
    const name = nameOf('purge', positionals)
    const { version: text, message: summary, by: changedBy } = values
    if (text === undefined || summary === undefined || changedBy === undefined)
      throw new UsageError('purge needs --version, --message and --by')
    const version = readInteger('--version', text)
    if (!(await agreed(`Purge v${version} of "${name}" for good?`, values.yes, io))) return 1
    const facts = await withManager(values, io, (manager) =>
      io.uninterrupted(() => manager.purge({ kind: kindName(manager, values.kind), name, version, changedBy, summary })),
    )
    if (values.json) printJson(facts, io)
    else io.stdout(`v${version} of "${name}" is empty now, revision ${facts.revision}\n`)
    return 0
  },
}

type Values = ReturnType<typeof parseCommandLine<typeof OPTIONS>>['values']

interface Act {
  readonly values: Values
  readonly name: string
  readonly kind: ConfigurationManager['kinds'][number]
  readonly meta: { readonly changedBy?: string; readonly summary?: string }
}

async function act(
  args: readonly string[],
  io: CliIo,
  work: (act: Act) => Promise<{ readonly version: number; readonly labels: readonly string[]; readonly revision: number } | undefined>,
): Promise<number> {
  const { values, positionals } = parseCommandLine(args, OPTIONS)
  const name = nameOf('The command', positionals)
  const meta = { ...authorOf(values.by, io), ...(values.message !== undefined && { summary: values.message }) }
  return withManager(values, io, async (manager) => {
    const kind = kindOf(manager, values.kind)
    const done = await work({ values, name, kind, meta })
    if (!done) return 1
    if (values.json) printJson(done, io)
    else io.stdout(`${kind.noun} "${name}" v${done.version}: ${done.labels.join(', ')} (revision ${done.revision})\n`)
    return 0
  })
}

function nameOf(command: string, positionals: readonly string[]): string {
  const [name, ...others] = positionals
  if (name === undefined || others.length > 0) throw new UsageError(`${command} takes one NAME`)
  return name
}

function kindOf(manager: ConfigurationManager, wanted = 'prompt'): ConfigurationManager['kinds'][number] {
  const found = manager.kinds.find(({ kind, plural }) => kind === wanted || plural === wanted)
  if (!found) throw new UsageError(`--kind must be one of ${manager.kinds.map(({ kind }) => kind).join(', ')}`)
  return found
}

function kindName(manager: ConfigurationManager, wanted = 'prompt'): string {
  return wanted === 'context_rules' || wanted === 'context-rules' ? 'context_rules' : kindOf(manager, wanted).kind
}

function lineOf({ revision, changedAt, changeType, newVersion, changedBy, changeSummary }: ConfigChange): string {
  const version = newVersion === null || newVersion === undefined ? '' : ` v${newVersion}`
  return `${String(revision).padStart(7)}  ${new Date(changedAt).toISOString()}  ${changeType}${version}  ${changedBy ?? ''}  ${changeSummary ?? ''}\n`
}
