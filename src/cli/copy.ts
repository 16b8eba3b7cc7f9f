import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { labelledKind, toDeclare, withManager } from './connection.js'
import { readName, readVersion } from './target.js'
import { announcementOf, isAgreed, metaOf, WRITING_HELP, WRITING_OPTIONS } from './writing.js'

export const copyCommand: Command = {
  name: 'copy',
  usage: 'NAME [--to NAME] [--into PROJECT] [--version N] [--label LABEL]… [--kind KIND]',
  summary: 'Writes the content of a version as the next version of another name, or of a name in another project.',
  help: `  --to NAME         the name of the copy; default: the same name
  --into PROJECT    the project of the copy; default: the same project
  --version N       the version to copy; default: the highest active one
  --label LABEL     a label that points at the copy from then on; may be given several times; default "staging"
  --kind KIND       prompt (default), model, embedding, flag, or a kind of your own
${WRITING_HELP}

Everything of a project at once: agent-config export, agent-config import.

Example: agent-config copy support/triage --into billing --label staging`,
  run: runCopy,
}

async function runCopy(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    ...WRITING_OPTIONS,
    to: { type: 'string' },
    into: { type: 'string' },
    version: { type: 'string' },
    label: { type: 'string', multiple: true },
    kind: { type: 'string', default: 'prompt' },
  })
  const name = readName('copy', positionals)
  if (values.to === undefined && values.into === undefined)
    throw new UsageError('copy needs --to NAME, --into PROJECT, or both: they say where the copy goes')
  const version = values.version === undefined ? undefined : readVersion('copy', values.version)
  const to = { name: values.to ?? name, project: values.into ?? values.project ?? 'default' }
  return withManager(io, values, toDeclare(values.kind), async (manager) => {
    const { noun, repository } = labelledKind(manager, values.kind)
    const what = `${version === undefined ? 'the latest version' : `v${version}`} of ${noun} "${name}" (project "${manager.project}")`
    if (!(await isAgreed(io, values, `Copies ${what} to "${to.name}" (project "${to.project}").`))) return 1
    const copied = await io.uninterrupted(() =>
      repository.copy({
        name,
        to,
        ...(version !== undefined && { version }),
        ...(values.label && { labels: values.label }),
        ...metaOf(io, values),
      }),
    )
    const { revision, propagated, labels } = copied
    const result = { kind: values.kind, ...to, version: copied.version, labels, revision, propagated }
    io.stdout(
      values.json
        ? `${JSON.stringify(result)}\n`
        : `${noun} "${to.name}" (project "${to.project}") has v${copied.version}${labels.length > 0 ? `, ${labels.join(', ')}` : ''} (${announcementOf(copied)})\n`,
    )
    return 0
  })
}
