import { keyOf } from '../file-format/folder/file-set.js'
import { readConfigFiles } from '../file-format/folder/read-config-files.js'
import { type CheckReport, checkFiles } from '../files/check-config-files.js'
import { diffFiles } from '../files/push-files.js'
import type { PlannedFile } from '../files/push-plan.js'
import { kindsOf, readStored } from '../files/stored-heads.js'
import { fileOf } from '../files/write-config-files.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { FILE_HELP, FILE_OPTIONS, type FileValues, folderOf, hostKinds, printJson, withFileManager } from './file-options.js'

export const checkCommand: Command = {
  name: 'check',
  usage: '[--drift] [--format text|github|json]',
  summary: 'Checks the files without a database; with --drift, compares them with what is stored. Ends with 1 when something is wrong.',
  help: `  --drift           files against the store, and what only the store has; needs a database
  --format FORMAT   text, github (annotations of a pull request) or json; default text
${FILE_HELP}`,
  run,
}

type Problem = CheckReport['problems'][number]

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values } = parseCommandLine(args, {
    ...FILE_OPTIONS,
    drift: { type: 'boolean' },
    format: { type: 'string' },
  })
  const format = values.format ?? (values.json ? 'json' : 'text')
  if (!['text', 'github', 'json'].includes(format)) throw new UsageError('--format must be text, github or json')
  const kinds = await hostKinds(values.kinds, io)
  const set = readConfigFiles(folderOf(values.dir, io), { kinds })
  const report = checkFiles(set)
  const problems = values.drift && report.ok ? [...report.problems, ...(await drift(set, values, io))] : report.problems
  if (format === 'json') printJson({ ok: problems.length === 0, checked: report.checked, problems }, io)
  else for (const problem of problems) io.stdout(format === 'github' ? annotation(problem, values.dir ?? 'agent-config') : line(problem))
  if (format === 'text')
    io.stdout(problems.length === 0 ? `${report.checked} files are fine\n` : `${problems.length} problems in ${report.checked} files\n`)
  return problems.length === 0 ? 0 : 1
}

async function drift(set: ReturnType<typeof readConfigFiles>, values: FileValues, io: CliIo): Promise<readonly Problem[]> {
  return withFileManager(io, values, async (manager) => {
    const plan = await diffFiles(manager, set)
    const stored = await readStored(manager as never, kindsOf(manager), manager.project)
    const known = new Set(set.files.map(keyOf))
    // A file may say an older version, which carries the label that was pulled: then it differs from the highest one, and both are known.
    const isAsPulled = ({ action, isBasedOnStored }: PlannedFile) => action === 'same' && isBasedOnStored
    const differing = plan.filter((planned) => planned.stored?.hash !== planned.hash && !isAsPulled(planned))
    return [
      ...differing.map(({ file: { path }, stored: head }) => ({
        path,
        line: 1,
        column: 1,
        message: head ? `differs from v${head.version}, which is stored` : 'is not stored',
      })),
      ...[...stored]
        .filter(([key]) => !known.has(key))
        .map(([, { kind, name, version }]) => ({
          path: fileOf(kind, name),
          line: 1,
          column: 1,
          message: `is not here; ${kind.noun} "${name}" is stored as v${version}`,
        })),
    ]
  })
}

function line({ path, line: row, column, message }: Problem): string {
  return `${path}:${row}:${column}: ${message}\n`
}

/** @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotation({ path, line: row, column, message }: Problem, directory: string): string {
  const escaped = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const property = (text: string) => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
  return `::error file=${property(`${directory.replace(/\/$/, '')}/${path}`)},line=${row},col=${column}::${escaped(message)}\n`
}
