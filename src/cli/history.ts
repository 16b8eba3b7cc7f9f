import type { ConfigChange } from '../entities/config-change.js'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { type CliIo, type Command, parseCommandLine } from './command.js'
import { CONNECTION_HELP, CONNECTION_OPTIONS, labelledKind, toDeclare, withManager } from './connection.js'
import { readName } from './target.js'

export const historyCommand: Command = {
  name: 'history',
  usage: 'NAME [--kind KIND]',
  summary: 'Lists every change of a name, newest first: who, when, what and why.',
  help: `  --kind KIND       prompt (default), model, embedding, flag, context_rules, or a kind of your own
${CONNECTION_HELP}

Example: agent-config history support/triage`,
  run: runHistory,
}

async function runHistory(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, { ...CONNECTION_OPTIONS, kind: { type: 'string', default: 'prompt' } })
  const name = readName('history', positionals)
  return withManager(io, values, toDeclare(values.kind), async (manager) => {
    const changes = await changesOf(manager, values.kind, name)
    if (changes.length === 0) {
      io.stderr(
        `There is no ${values.kind} "${name}" in project "${manager.project}". Names are case-sensitive; --project names another.\n`,
      )
      return 1
    }
    io.stdout(values.json ? `${JSON.stringify(changes)}\n` : changes.map(lineOf).join(''))
    return 0
  })
}

function changesOf(manager: ConfigurationManager, kind: string, name: string): Promise<readonly ConfigChange[]> {
  if (kind === CONTEXT_RULES.kind) return manager.contextRules.history({ context: name })
  return labelledKind(manager, kind).repository.history({ name })
}

function lineOf({ revision, changedAt, changedBy, changeType, changeSummary }: ConfigChange): string {
  const when = changedAt.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
  const why = (changeSummary ?? '').replaceAll(/\s+/g, ' ')
  return `${`r${revision}`.padEnd(8)}${when}  ${changeType.padEnd(14)} ${(changedBy ?? '-').padEnd(16)} ${why}`.trimEnd().concat('\n')
}
