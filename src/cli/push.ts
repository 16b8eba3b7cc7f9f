import { readConfigFiles } from '../file-format/folder/read-config-files.js'
import { type PushFilesOptions, type PushReport, pushFiles } from '../files/push-files.js'
import { type CliIo, type Command, parseCommandLine, readInteger } from './command.js'
import { FILE_HELP, FILE_OPTIONS, folderOf, hostKinds, printJson, withFileManager } from './file-options.js'
import { filesAt } from './git-files.js'
import { withProgress } from './progress.js'
import { STOPPED } from './stopped.js'
import { isAgreed, metaOf } from './writing.js'

export const pushCommand: Command = {
  name: 'push',
  usage: '[NAME…] [--label LABEL] [--message TEXT] [--base REF] [--wait MS] [--dry-run] [--yes]',
  summary: 'Writes new versions for files that changed, all of them in one transaction.',
  help: `  --label LABEL     the label that new versions get; default staging
  --message TEXT    for the changelog; --by NAME says who, default GITHUB_ACTOR, else USER
  --base REF        compares with the files of a commit instead of lock.json: in CI, the commit that was pushed last
  --wait MS         waits until every worker serves the push, and says how many do
  --dry-run         says what would be written
  --yes             does not ask
${FILE_HELP}`,
  run,
}

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals: names } = parseCommandLine(args, {
    ...FILE_OPTIONS,
    label: { type: 'string' },
    message: { type: 'string', short: 'm' },
    by: { type: 'string' },
    base: { type: 'string' },
    wait: { type: 'string' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
  })
  const directory = folderOf(values.dir, io)
  const kinds = await hostKinds(values.kinds, io)
  const files = readConfigFiles(directory, { kinds })
  const base = values.base === undefined ? undefined : await filesAt(values.base, files.directory ?? directory, kinds)
  const options: PushFilesOptions = {
    names,
    ...(base && { base }),
    ...(values.label !== undefined && { label: values.label }),
    ...(values.message !== undefined && { message: values.message }),
    ...(values.wait !== undefined && { waitForWorkers: readInteger('--wait', values.wait) }),
    ...metaOf(io, { by: values.by }),
    signal: io.signal,
  }
  return withFileManager(io, values, async (manager) => {
    if (values['dry-run'] || (io.isTerminal && !values.yes)) {
      const plan = await pushFiles(manager, files, { ...options, dryRun: true })
      print(plan, values.json, io)
      if (values['dry-run'] || plan.written.length === 0) return 0
      if (!(await isAgreed(io, values, 'Pushes these versions.'))) return 1
    }
    const pushing = () => withProgress(io, (onProgress) => pushFiles(manager, files, { ...options, onProgress }))
    const report = await io.uninterrupted(pushing)
    print(report, values.json, io)
    return options.waitForWorkers === undefined || report.revision === undefined ? 0 : tellWait(report, values.json, io)
  })
}

function print(report: PushReport, asJson: boolean | undefined, io: CliIo): void {
  if (asJson) {
    printJson(report, io)
    return
  }
  for (const { path, version, from } of report.written) io.stdout(`  ${path}  ${from === undefined ? 'new' : `v${from}`} → v${version}\n`)
  const count = report.written.length
  const revision = report.revision === undefined ? '' : `, revision ${report.revision}`
  io.stdout(
    `${count} ${count === 1 ? 'version' : 'versions'} ${report.dryRun ? 'would be written' : 'written'}, ${report.unchanged} unchanged${revision}\n`,
  )
}

/** @returns the exit code */
function tellWait({ receipt }: PushReport, asJson: boolean | undefined, io: CliIo): number {
  const isServed = receipt !== undefined && receipt.applied >= receipt.workers
  if (!asJson)
    io.stdout(
      receipt
        ? `${receipt.applied} of ${receipt.workers} workers serve it, after ${receipt.ms} ms\n`
        : 'How many workers serve it is not known: REDIS_URL is not set, or Redis does not answer\n',
    )
  if (isServed || !io.signal.aborted) return 0
  io.stderr('push: stopped while it waited for workers. Everything was written.\n')
  return STOPPED
}
