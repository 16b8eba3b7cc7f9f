import { type CliIo, type Command, parseCommandLine } from './command.js'
import { labelledKind, toDeclare, withManager } from './connection.js'
import { readName, readVersion } from './target.js'
import { announcementOf, isAgreed, metaOf, WRITING_HELP, WRITING_OPTIONS } from './writing.js'

export const promoteCommand: Command = {
  name: 'promote',
  usage: 'NAME --version N [--label LABEL] [--kind KIND] [--expected N] [--force]',
  summary: 'Gives a label to one version of a name; readers of that label get it from then on.',
  help: `  --version N       the version, as history lists it
  --label LABEL     default "production"
  --kind KIND       prompt (default), model, embedding, flag, or a kind of your own
  --expected N      changes nothing unless the label is on this version now
  --force           moves the label although a rollout runs on it, which is paused
${WRITING_HELP}

Example: agent-config promote support/triage --version 4 --message 'Reads dates'`,
  run: runPromote,
}

async function runPromote(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    ...WRITING_OPTIONS,
    version: { type: 'string' },
    label: { type: 'string' },
    kind: { type: 'string', default: 'prompt' },
    expected: { type: 'string' },
    force: { type: 'boolean' },
  })
  const name = readName('promote', positionals)
  const version = readVersion('promote', values.version)
  const expectedVersion = values.expected === undefined ? undefined : readVersion('promote', values.expected)
  return withManager(io, values, toDeclare(values.kind), async (manager) => {
    const { noun, repository, defaultLabel } = labelledKind(manager, values.kind)
    const label = values.label ?? (defaultLabel === 'latest' ? 'production' : defaultLabel)
    const before = await repository.find({ name, label })
    const plan = `Moves ${label} of ${noun} "${name}" (project "${manager.project}") from ${versionText(before?.version)} to v${version}.`
    if (!(await isAgreed(io, values, plan))) return 1
    const written = await io.uninterrupted(() =>
      repository.promote({
        name,
        version,
        label,
        ...(expectedVersion !== undefined && { expectedVersion }),
        ...(values.force && { force: true }),
        ...metaOf(io, values),
      }),
    )
    const { revision, propagated } = written
    const result = {
      kind: values.kind,
      project: manager.project,
      name,
      label,
      from: before?.version ?? null,
      to: version,
      revision,
      propagated,
    }
    io.stdout(
      values.json
        ? `${JSON.stringify(result)}\n`
        : `${noun} "${name}": ${label} moved from ${versionText(before?.version)} to v${version} (${announcementOf(written)})\n`,
    )
    return 0
  })
}

function versionText(version: number | undefined): string {
  return version === undefined ? 'no version' : `v${version}`
}
