import { resolve } from 'node:path'
import type { AnyHostKind } from '../kinds/define-kind.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { createConfigManager } from '../manager/global-manager.js'
import { importSchema } from '../settings/import-schema.js'
import { type CliIo, UsageError } from './command.js'

/** Options of every command that asks a database. */
export const DATABASE_OPTIONS = {
  database: { type: 'string' },
  schema: { type: 'string' },
  project: { type: 'string' },
  kinds: { type: 'string' },
  json: { type: 'boolean' },
} as const

export const DATABASE_HELP = `  --database URL    default DATABASE_URL
  --schema NAME     the PostgreSQL schema of the tables; default DATABASE_SCHEMA, else agent_config
  --project NAME    default "default"
  --kinds MODULE    a module that exports kinds of your own, made by defineKind()
  --json            prints the result as JSON`

export interface DatabaseValues {
  readonly database?: string | undefined
  readonly schema?: string | undefined
  readonly project?: string | undefined
  readonly kinds?: string | undefined
  readonly json?: boolean | undefined
}

/** Longer than a service waits: nobody's request hangs on it, and a push writes hundreds of versions in one transaction. */
const DATABASE_MS = 15_000

/** Runs work with a manager that is closed afterwards. The database decides: neither Redis nor a cache is asked for what is stored. */
export async function withManager<Value>(
  values: DatabaseValues,
  io: CliIo,
  work: (manager: ConfigurationManager) => Promise<Value>,
): Promise<Value> {
  const database = values.database ?? io.env.DATABASE_URL
  if (!database) throw new UsageError('Set DATABASE_URL, or pass --database postgresql://user@host:5432/name')
  const schema = values.schema ?? (io.env.DATABASE_SCHEMA || undefined)
  const manager = createConfigManager({
    database,
    // Workers are told at once where Redis is; without it they listen to PostgreSQL, or find out at their next look at the log.
    redis: io.env.REDIS_URL || false,
    listen: false,
    ...(schema !== undefined && { schema }),
    ...(values.project !== undefined && { project: values.project }),
    kinds: await hostKinds(values.kinds, io),
    timeouts: { databaseMs: DATABASE_MS, readMs: DATABASE_MS },
    settings: { get: (key) => io.env[key] },
  })
  try {
    return await work(manager)
  } finally {
    await manager.shutdown()
  }
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

/** Whether to go on: asked on a terminal, unless --yes was given. */
export async function agreed(question: string, yes: boolean | undefined, io: CliIo): Promise<boolean> {
  return yes === true || !io.isTerminal || io.confirm(question)
}

/** Who a command writes as. */
export function authorOf(by: string | undefined, io: Pick<CliIo, 'env'>): { readonly changedBy?: string } {
  const name = by ?? io.env.GITHUB_ACTOR ?? io.env.USER
  return name ? { changedBy: name } : {}
}

export function printJson(value: unknown, io: CliIo): void {
  io.stdout(`${JSON.stringify(value, null, 2)}\n`)
}
