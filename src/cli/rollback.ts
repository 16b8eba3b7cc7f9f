import { type CliIo, type Command, parseCommandLine } from './command.js'
import { labelledKind, toDeclare, withManager } from './connection.js'
import { readName } from './target.js'
import { announcementOf, isAgreed, metaOf, WRITING_HELP, WRITING_OPTIONS } from './writing.js'

export const rollbackCommand: Command = {
  name: 'rollback',
  usage: 'NAME [--label LABEL] [--kind KIND]',
  summary: 'Takes the last move of a label back; a second rollback restores it.',
  help: `  --label LABEL     default "production"
  --kind KIND       prompt (default), model, embedding, flag, or a kind of your own
${WRITING_HELP}

A rollout that runs on the label is paused.

Example: agent-config rollback support/triage --yes`,
  run: runRollback,
}

async function runRollback(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    ...WRITING_OPTIONS,
    label: { type: 'string' },
    kind: { type: 'string', default: 'prompt' },
  })
  const name = readName('rollback', positionals)
  return withManager(io, values, toDeclare(values.kind), async (manager) => {
    const { noun, repository, defaultLabel } = labelledKind(manager, values.kind)
    const label = values.label ?? (defaultLabel === 'latest' ? 'production' : defaultLabel)
    const plan = `Moves ${label} of ${noun} "${name}" (project "${manager.project}") back to the version that it was on before.`
    if (!(await isAgreed(io, values, plan))) return 1
    const written = await io.uninterrupted(() => repository.rollback({ name, label, ...metaOf(io, values) }))
    const { version, revision, propagated } = written
    const result = { kind: values.kind, project: manager.project, name, label, to: version, revision, propagated }
    io.stdout(
      values.json ? `${JSON.stringify(result)}\n` : `${noun} "${name}": ${label} is back on v${version} (${announcementOf(written)})\n`,
    )
    return 0
  })
}
