import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ImportReport, importBundle } from '../files/bundle/index.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { type ConnectionValues, toDeclare, withManager } from './connection.js'
import { importFromOthers, OTHER_SYSTEMS } from './import-others.js'
import { withProgress } from './progress.js'
import { isAgreed, metaOf, WRITING_HELP, WRITING_OPTIONS, type WritingValues } from './writing.js'

export const importCommand: Command = {
  name: 'import',
  usage: 'FILE [--into PROJECT] | langfuse|openai|dotprompt FILE… [--dir FOLDER]  [--dry-run]',
  summary: 'Writes a bundle of agent-config export into a project, or the prompts of another system into files.',
  help: `  FILE              the bundle; - for the standard input
  --into PROJECT    default --project, else the project that the bundle was made of
  --dry-run         says what it would do, and what would be refused
${WRITING_HELP}

Versions keep their numbers. Labels point where the bundle says; what the project has beyond the bundle stays. Where the project has something
else under the same version, nothing is imported. A second import writes nothing.

With langfuse, openai or dotprompt first, it takes what that system exported, writes each prompt's newest version into the folder (--dir, default
agent-config), and says what does not carry over. agent-config push then brings the files into a database.

Example: agent-config import billing.json --into billing-eu --dry-run`,
  run: runImport,
}

async function runImport(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    ...WRITING_OPTIONS,
    into: { type: 'string' },
    dir: { type: 'string' },
    'dry-run': { type: 'boolean' },
  })
  const [file, surplus] = positionals
  const system = OTHER_SYSTEMS.find((name) => name === file)
  if (system) return importFromOthers(system, positionals.slice(1), { ...values, dryRun: values['dry-run'] }, io)
  if (file === undefined || surplus !== undefined)
    throw new UsageError('import takes one FILE, as agent-config export wrote it; - for the standard input')
  return importFile(file, { ...values, into: values.into ?? values.project, dryRun: values['dry-run'] }, io)
}

interface Values extends WritingValues, ConnectionValues {
  readonly json?: boolean | undefined
  readonly into?: string | undefined
  readonly dryRun?: boolean | undefined
}

async function importFile(file: string, values: Values, io: CliIo): Promise<number> {
  const bundle = parse(file, file === '-' ? await io.stdin() : await readFile(resolve(io.cwd, file), 'utf8'))
  return withManager(io, values, declaredIn(bundle), async (manager) => {
    const { summary, ...meta } = metaOf(io, values)
    const options = { ...meta, ...(summary !== undefined && { summary }), ...(values.into !== undefined && { project: values.into }) }
    if (values.dryRun) return show(io, values, await importBundle(manager, bundle, { ...options, dryRun: true }))
    if (!values.yes && io.isTerminal && !(await isAgreedTo(manager, bundle, options, values, io))) return 1
    const importing = () => withProgress(io, (onProgress) => importBundle(manager, bundle, { ...options, onProgress }))
    return show(io, values, await io.uninterrupted(importing))
  })
}

/** On a terminal the dry run says what is asked about. */
async function isAgreedTo(
  manager: ConfigurationManager,
  bundle: unknown,
  options: Parameters<typeof importBundle>[2],
  values: Values,
  io: CliIo,
): Promise<boolean> {
  const plan = await importBundle(manager, bundle, { ...options, dryRun: true })
  return isAgreed(io, values, textOf(plan).trimEnd())
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${file} is no JSON: import takes what agent-config export wrote`)
  }
}

/** The kinds of hosts in the bundle, which the command has no declarations of. A file that is not a bundle is refused by the import. */
function declaredIn(bundle: unknown): readonly string[] {
  const { entities } = (bundle ?? {}) as { readonly entities?: unknown }
  if (!Array.isArray(entities)) return []
  const kinds = entities.map((entity) => (entity as { readonly kind?: unknown } | null)?.kind)
  return [...new Set(kinds.filter((kind) => typeof kind === 'string'))].flatMap(toDeclare)
}

function show(io: CliIo, { json }: Values, report: ImportReport): number {
  io.stdout(json ? `${JSON.stringify(report)}\n` : textOf(report))
  return 0
}

function textOf({ project, dryRun, versions, labels, activated, deactivated, rollouts, unchanged }: ImportReport): string {
  const lines = [
    ...versions.map(({ kind, name, version }) => `  + ${kind} "${name}" v${version}`),
    ...labels.map(({ kind, name, label, from, to }) => `  ~ ${kind} "${name}": ${label} ${from === null ? '' : `from v${from} `}to v${to}`),
    ...activated.map(({ kind, name, version }) => `  ~ ${kind} "${name}" v${version} activated`),
    ...deactivated.map(({ kind, name, version }) => `  ~ ${kind} "${name}" v${version} deactivated`),
    ...rollouts.map(({ kind, name, label }) => `  + rollout on ${label} of ${kind} "${name}"`),
  ]
  const verb = dryRun ? 'would write' : 'wrote'
  const head = lines.length === 0 ? 'nothing to do' : `${verb} ${versions.length} versions and ${labels.length} labels`
  return `project "${project}": ${head}; ${unchanged} versions were there\n${lines.map((line) => `${line}\n`).join('')}`
}
