import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import type { Json } from '../entities/json.js'
import type { EntityContent } from '../file-format/file-kind.js'
import { type Imported, type ImportedPrompt, importDotprompt, importLangfuse, importOpenAIPrompts } from '../files/importers/index.js'
import { writeConfigFiles } from '../files/write-config-files.js'
import { type CliIo, UsageError } from './command.js'
import { folderOf, printJson } from './file-options.js'
import { isAgreed } from './writing.js'

/** Systems whose prompts can be taken over. */
export const OTHER_SYSTEMS = ['langfuse', 'openai', 'dotprompt'] as const
export type OtherSystem = (typeof OTHER_SYSTEMS)[number]

interface Values {
  readonly dir?: string | undefined
  readonly json?: boolean | undefined
  readonly yes?: boolean | undefined
  readonly dryRun?: boolean | undefined
}

/**
 * Writes the prompts of another system as files, the newest version of each, and says what does not carry over. Files can be reviewed; push
 * brings them into a database.
 */
export async function importFromOthers(system: OtherSystem, files: readonly string[], values: Values, io: CliIo): Promise<number> {
  if (files.length === 0) throw new UsageError(`import ${system} takes the FILEs that ${system} exported`)
  const { entities, losses } = await read(system, files, io)
  // A file is one version: of several, the newest.
  const newest = [...new Map(entities.map((entity) => [entity.name, entity])).values()]
  const plan = { prompts: newest.map(({ name }) => name), losses }
  const isDone = !values.dryRun && (await isAgreed(io, values, `Writes ${newest.length} prompts into ${values.dir ?? 'agent-config'}.`))
  if (!isDone && !values.dryRun) return 1
  const toWrite = newest.map(({ kind, name, content, inputSchema }) => ({
    kind,
    name,
    content: wholeOf(content),
    ...(inputSchema && { inputSchema }),
  }))
  const written = values.dryRun ? [] : writeConfigFiles(folderOf(values.dir, io), { files: toWrite })
  if (values.json) printJson({ ...plan, written }, io)
  else io.stdout(textOf(plan, written))
  return 0
}

async function read(system: OtherSystem, files: readonly string[], io: CliIo): Promise<Imported> {
  const texts = await Promise.all(
    files.map(async (file) => ({ path: relative(io.cwd, resolve(io.cwd, file)), text: await readFile(resolve(io.cwd, file), 'utf8') })),
  )
  if (system === 'dotprompt')
    return importDotprompt(texts.map(({ path, text }) => ({ path: path.replace(/^(?:.*\/)?prompts\//, ''), text })))
  const imported = texts.map(({ path, text }) => (system === 'langfuse' ? importLangfuse : importOpenAIPrompts)(parse(path, text)))
  return { entities: imported.flatMap(({ entities }) => entities), losses: imported.flatMap(({ losses }) => losses) }
}

/** Adds the fields that a prompt has to have and the export leaves out. */
function wholeOf({ template, ...given }: ImportedPrompt): EntityContent {
  const type = typeof template === 'string' ? 'text' : 'chat'
  return { type, template: template as Json, description: null, model: null, parameters: {}, ...given }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${path} is no JSON`)
  }
}

function textOf(
  { prompts, losses }: { readonly prompts: readonly string[] } & Pick<Imported, 'losses'>,
  written: readonly string[],
): string {
  const lost = losses.map(({ where, what, why }) => `  ! ${where}: ${what}; ${why}\n`)
  return `${written.map((path) => `  ${path}\n`).join('')}${prompts.length} prompts, ${written.length} files written, ${losses.length} things do not carry over\n${lost.join('')}`
}
