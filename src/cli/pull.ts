import { type PullReport, pullFiles } from '../files/pull-files.js'
import { type CliIo, type Command, parseCommandLine } from './command.js'
import { FILE_HELP, FILE_OPTIONS, folderOf, printJson, withFileManager } from './file-options.js'
import { withProgress } from './progress.js'
import { isAgreed } from './writing.js'

export const pullCommand: Command = {
  name: 'pull',
  usage: '[NAME…] [--label LABEL] [--kind KIND] [--prune] [--force] [--dry-run] [--yes]',
  summary: 'Writes what is stored into files.',
  help: `  --label LABEL     the label whose versions are written; where none carries it, the highest active version
  --kind KIND       only prompts, models, embeddings, flags, context-rules, or a kind of your own
  --prune           deletes files of entities that the store does not have
  --force           overwrites files that were changed since the last pull or push
  --dry-run         says what would be written
  --yes             does not ask
${FILE_HELP}`,
  run,
}

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals: names } = parseCommandLine(args, {
    ...FILE_OPTIONS,
    label: { type: 'string' },
    kind: { type: 'string' },
    prune: { type: 'boolean' },
    force: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
  })
  const { label, kind, prune, force } = values
  const options = {
    names,
    ...(label !== undefined && { label }),
    ...(kind !== undefined && { kind }),
    ...(prune && { prune }),
    ...(force && { force }),
  }
  const directory = folderOf(values.dir, io)
  return withFileManager(io, values, async (manager) => {
    const asksFirst = io.isTerminal && !values.yes
    if (values['dry-run'] || asksFirst) {
      const plan = await pullFiles(manager, directory, { ...options, dryRun: true })
      if (values.json) printJson(plan, io)
      else io.stdout(describe(plan, 'would be written'))
      if (values['dry-run'] || plan.written.length + plan.deleted.length === 0) return 0
      if (!(await isAgreed(io, values, 'Writes these files.'))) return 1
    }
    const report = await withProgress(io, (onProgress) => pullFiles(manager, directory, { ...options, onProgress }))
    // The files are written synchronously, so no signal arrives before this line; from here on SIGINT may not hide the result while
    // connections close.
    return io.uninterrupted(async () => {
      if (values.json) printJson(report, io)
      else io.stdout(describe(report, 'written'))
      return 0
    })
  })
}

function describe({ written, deleted, unchanged }: PullReport, verb: string): string {
  const lines = [...written.map(({ path, version }) => `  ${path}  v${version}`), ...deleted.map((path) => `  ${path}  deleted`)]
  return `${lines.map((line) => `${line}\n`).join('')}${written.length} ${verb}, ${unchanged} unchanged${deleted.length > 0 ? `, ${deleted.length} deleted` : ''}\n`
}
