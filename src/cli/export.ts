import { exportBundle } from '../files/bundle/index.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { CONNECTION_HELP, CONNECTION_OPTIONS, declaredKindsIn, withManager } from './connection.js'
import { withProgress } from './progress.js'

export const exportCommand: Command = {
  name: 'export',
  usage: '[--project NAME] > bundle.json',
  summary: 'Prints everything of a project: all kinds, versions and labels, and the rollouts that are open.',
  help: `${CONNECTION_HELP}

The bundle is JSON, for a backup or for agent-config import. Who wrote what and when stays in the changelog of the database.

Example: agent-config export --project billing > billing.json`,
  run: runExport,
}

async function runExport(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, CONNECTION_OPTIONS)
  if (positionals.length > 0) throw new UsageError(`export takes options only, got "${positionals[0]}"; --project names the project`)
  const declared = await declaredKindsIn(io, values)
  const bundle = await withManager(io, values, declared, (manager) =>
    withProgress(io, (onProgress) => exportBundle(manager, { onProgress })),
  )
  io.stdout(`${JSON.stringify(bundle, null, 2)}\n`)
  const versions = bundle.entities.reduce((sum, entity) => sum + entity.versions.length, 0)
  io.stderr(`${versions} versions of ${bundle.entities.length} names in project "${bundle.project}"\n`)
  return 0
}
