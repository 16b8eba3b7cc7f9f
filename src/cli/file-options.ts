import { resolve } from 'node:path'
import type { AnyHostKind } from '../kinds/define-kind.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { importSchema } from '../settings/import-schema.js'
import { type CliIo, UsageError } from './command.js'
import { CONNECTION_HELP, CONNECTION_OPTIONS, type ConnectionValues, withManager } from './connection.js'

/** Options of the commands that compare files with a database. */
export const FILE_OPTIONS = {
  ...CONNECTION_OPTIONS,
  dir: { type: 'string' },
  kinds: { type: 'string' },
} as const

export const FILE_HELP = `  --dir FOLDER      default agent-config
  --kinds MODULE    a module that exports kinds of your own, made by defineKind()
${CONNECTION_HELP}`

export interface FileValues extends ConnectionValues {
  readonly dir?: string | undefined
  readonly kinds?: string | undefined
}

/** Does some work with a manager that knows the kinds of --kinds. */
export async function withFileManager<Value>(
  io: CliIo,
  values: FileValues,
  work: (manager: ConfigurationManager) => Promise<Value>,
): Promise<Value> {
  return withManager(io, values, await hostKinds(values.kinds, io), work)
}

/** The kinds that a module of the host exports. */
export async function hostKinds(module: string | undefined, io: Pick<CliIo, 'cwd'>): Promise<readonly AnyHostKind[]> {
  if (module === undefined) return []
  const exported = Object.values(await importSchema(resolve(io.cwd, module), io.cwd)).flat()
  const kinds = exported.filter(
    (value): value is AnyHostKind =>
      typeof value === 'object' && value !== null && 'kind' in value && 'schema' in value && 'plural' in value,
  )
  if (kinds.length === 0) throw new UsageError(`${module} exports nothing that defineKind() made`)
  return [...new Set(kinds)]
}

/** The folder of --dir. */
export function folderOf(dir: string | undefined, io: Pick<CliIo, 'cwd'>): string {
  return resolve(io.cwd, dir ?? 'agent-config')
}

export function printJson(value: unknown, io: CliIo): void {
  io.stdout(`${JSON.stringify(value, null, 2)}\n`)
}
