import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { toDeclare, withManager } from './connection.js'
import { readName, readVersion } from './target.js'
import { announcementOf, isAgreed, metaOf, WRITING_HELP, WRITING_OPTIONS } from './writing.js'

export const purgeCommand: Command = {
  name: 'purge',
  usage: 'NAME --version N --message WHY [--kind KIND]',
  summary: 'Takes the content of one version out of database, changelog and caches: for a secret that was stored.',
  help: `  --version N       the version, to which no label may point
  --kind KIND       prompt (default), model, embedding, flag, context_rules, or a kind of your own
${WRITING_HELP}

It cannot be undone. Backups, exported bundles, snapshot files until their next save, and files are not reached.

Example: agent-config purge support/triage --version 3 --message 'Held a token'`,
  run: runPurge,
}

async function runPurge(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    ...WRITING_OPTIONS,
    version: { type: 'string' },
    kind: { type: 'string', default: 'prompt' },
  })
  const name = readName('purge', positionals)
  const version = readVersion('purge', values.version)
  const { changedBy, summary } = metaOf(io, values)
  if (!summary) throw new UsageError('purge needs --message WHY: the changelog keeps it in place of the content')
  if (!changedBy) throw new UsageError('purge needs --by NAME: the changelog keeps who asked for it')
  return withManager(io, values, toDeclare(values.kind), async (manager) => {
    const what = `v${version} of ${values.kind} "${name}" (project "${manager.project}")`
    if (!(await isAgreed(io, values, `Takes the content of ${what} out of the database for good.`))) return 1
    const { revision, propagated } = await io.uninterrupted(() =>
      manager.purge({ kind: values.kind as Parameters<typeof manager.purge>[0]['kind'], name, version, changedBy, summary }),
    )
    const result = { kind: values.kind, project: manager.project, name, version, revision, propagated }
    io.stdout(values.json ? `${JSON.stringify(result)}\n` : `purged ${what} (${announcementOf({ revision, propagated })})\n`)
    return 0
  })
}
