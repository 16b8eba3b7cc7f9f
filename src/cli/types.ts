import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readConfigFiles } from '../file-format/folder/read-config-files.js'
import { checkFiles } from '../files/check-config-files.js'
import { HEADER, printTypes, type TypedProject } from '../files/types/print-types.js'
import { storedTypes } from '../files/types/stored-types.js'
import { FilesError } from '../shared/errors.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { declaredKindsIn, withManager } from './connection.js'
import { FILE_HELP, FILE_OPTIONS, type FileValues, folderOf, hostKinds, printJson } from './file-options.js'

export const typesCommand: Command = {
  name: 'types',
  usage: '[--out FILE] [--from files|database] [--label LABEL]… [--check]',
  summary: 'Writes a TypeScript file that lets the compiler check names, labels, variables and flags.',
  help: `  --out FILE        default agent-config.gen.ts; put it where your tsconfig.json includes it
  --from SOURCE     files (default; needs no database) or database
  --label LABEL     a label that can be asked for besides production and staging; may be given several times
  --check           writes nothing; ends with 1 when the file is not what would be written, for CI
${FILE_HELP}

Example: agent-config types --out src/agent-config.gen.ts`,
  afterStop: 'The file was left as it was.',
  run,
}

/** The labels that new versions get, and that readers ask for, when none is named. */
const USUAL_LABELS = ['production', 'staging']

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    ...FILE_OPTIONS,
    out: { type: 'string', default: 'agent-config.gen.ts' },
    from: { type: 'string', default: 'files' },
    label: { type: 'string', multiple: true },
    check: { type: 'boolean' },
  })
  const { out, from, label = [], check = false } = values
  if (positionals.length > 0) throw new UsageError(`types takes no name, got "${positionals[0]}"`)
  if (from !== 'files' && from !== 'database') throw new UsageError('--from must be files or database')
  const found = from === 'files' ? await typesOfFiles(io, values) : await typesOfDatabase(io, values)
  const text = printTypes({ ...found, labels: [...USUAL_LABELS, ...label, ...found.labels] })
  const file = resolve(io.cwd, out)
  const before = textAt(file)
  const isCurrent = before?.replaceAll('\r\n', '\n') === text
  if (!isCurrent && !check) write(file, out, text, before)
  if (values.json) printJson({ file, entities: found.entities.length, isCurrent, written: !isCurrent && !check }, io)
  else if (check && !isCurrent) io.stderr(`${out} is not what the ${from} say: run agent-config types, and commit the file\n`)
  else io.stdout(`${out}: ${found.entities.length} names, ${isCurrent ? 'unchanged' : 'written'}\n`)
  return check && !isCurrent ? 1 : 0
}

async function typesOfFiles(io: CliIo, values: FileValues): Promise<TypedProject> {
  const set = readConfigFiles(folderOf(values.dir, io), { kinds: await hostKinds(values.kinds, io) })
  const { problems } = checkFiles(set)
  if (problems.length > 0) throw new FilesError(problems)
  return { entities: set.files, labels: [] }
}

async function typesOfDatabase(io: CliIo, values: FileValues): Promise<TypedProject> {
  const kinds = values.kinds === undefined ? await declaredKindsIn(io, values) : await hostKinds(values.kinds, io)
  return withManager(io, values, kinds, storedTypes)
}

function textAt(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** @throws {UsageError} when a file stands there that this command did not write */
function write(file: string, out: string, text: string, before: string | undefined): void {
  if (before !== undefined && before.trim() !== '' && !before.startsWith(HEADER))
    throw new UsageError(`${out} was not written by agent-config types, and is left as it is: name another file with --out`)
  const draft = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(draft, text, { flag: 'wx' })
    renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}
