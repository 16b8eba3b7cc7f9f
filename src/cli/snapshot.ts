import { rmSync } from 'node:fs'
import { mkdtemp, rename, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { CONNECTION_HELP, CONNECTION_OPTIONS, type ConnectionValues, declaredKindsIn, withManager } from './connection.js'

export const snapshotCommand: Command = {
  name: 'snapshot',
  usage: '--out FILE',
  summary: 'Writes the file that a service starts from while its servers are down, to put into an image.',
  help: `  --out FILE        the file; one that is there is replaced when the new one is whole
${CONNECTION_HELP}

The service names it as createConfigManager({ snapshotFile: FILE }). The file holds what the service reads, prompts included, and only the user
who writes it may read it: the user of the service has to be given it.

Example: agent-config snapshot --out build/agent-config.snapshot`,
  afterStop: 'The file was left as it was.',
  run: runSnapshot,
}

/** Limits above any real configuration. Not higher: the LRU allocates room for `maxEntries` when it is made. */
const ROOM = { maxEntries: 100_000, maxBytes: 2 ** 40 }

async function runSnapshot(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, { ...CONNECTION_OPTIONS, out: { type: 'string' } })
  if (!values.out || positionals.length > 0) throw new UsageError('snapshot takes --out FILE: where the file goes')
  const file = resolve(io.cwd, values.out)
  // In a folder of its own: an older file in its place must neither be read nor be lost.
  const folder = await mkdtemp(`${file}.`)
  const draft = join(folder, 'draft')
  const clean = () => rmSync(folder, { recursive: true, force: true })
  // A process that is ended by a signal does not get to `finally`.
  io.signal.addEventListener('abort', clean)
  try {
    const documents = await write(io, values, draft)
    const { size } = await stat(draft)
    await io.uninterrupted(() => rename(draft, file))
    io.stdout(
      values.json ? `${JSON.stringify({ file, documents, bytes: size })}\n` : `${values.out}: ${documents} documents, ${size} bytes\n`,
    )
    return 0
  } finally {
    clean()
    io.signal.removeEventListener('abort', clean)
  }
}

async function write(io: CliIo, values: ConnectionValues, snapshotFile: string): Promise<number> {
  const declared = await declaredKindsIn(io, values)
  let failure: unknown
  // Without Redis: its documents may be a moment older than those of PostgreSQL.
  const more = { snapshotFile, memory: ROOM, redis: false } as const
  const documents = await withManager(
    io,
    values,
    declared,
    async (manager) => {
      manager.on('error', ({ error }) => {
        failure ??= error
      })
      return load(io, manager)
    },
    more,
  )
  if (failure) throw failure
  return documents
}

async function load(io: CliIo, manager: ConfigurationManager): Promise<number> {
  let documents = 0
  let isWhole = true
  manager.on('prefetch:progress', ({ loaded, total, isCut }) => {
    documents = total
    isWhole &&= !isCut
    if (io.isTerminal) io.stderr(`\r${loaded} of ${total} documents${loaded === total ? '\n' : ''}`)
  })
  await manager.ready()
  await manager.prefetch([...manager.kinds.map(({ kind }) => ({ kind })), { kind: CONTEXT_RULES.kind }] as Parameters<
    typeof manager.prefetch
  >[0])
  if (!isWhole) throw new UsageError(`Project "${manager.project}" has more than ${ROOM.maxEntries} documents: too many for one snapshot`)
  return documents
}
