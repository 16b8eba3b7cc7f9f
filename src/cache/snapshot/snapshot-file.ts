import { createHash, type Hash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DOCUMENT_FORMAT, READABLE_FORMATS } from '../../entities/document.js'
import type { StampedDocument } from '../held/stamped-document.js'

/** The documents a process served last, and of which log they are. */
export interface Snapshot {
  /** What the database calls itself. */
  readonly database: string
  readonly schema: string
  /** Every change up to this revision was known when it was taken. */
  readonly revision: number
  readonly documents: readonly StampedDocument[]
}

/** Why a file is not used. The message names the file and what to do. */
export class UnusableSnapshot extends Error {
  /** Whether the next snapshot may take the file's place. A file that is no snapshot is kept: it may be named by mistake. */
  readonly mayReplace: boolean

  constructor(message: string, mayReplace: boolean, options?: ErrorOptions) {
    super(message, options)
    this.mayReplace = mayReplace
  }
}

const KIND = 'agent-config snapshot'
const LINES_A_WRITE = 100

/**
 * Writes a snapshot: a line that says what it is, a line for each document, and a last line with the checksum of all before. It replaces
 * the old file only when it is whole and on the disk. Readable by the process's own user alone, since prompts are in it.
 */
export async function writeSnapshot(file: string, { documents, ...facts }: Snapshot): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  // Workers may share the file; each writes a draft of its own first. The draft's name is random, so that an attacker cannot plant a link there.
  const draft = `${file}.${randomUUID()}.tmp`
  const hash = createHash('sha256')
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await append(handle, hash, [{ kind: KIND, format: DOCUMENT_FORMAT, ...facts }])
      for (let start = 0; start < documents.length; start += LINES_A_WRITE) {
        const lines = documents.slice(start, start + LINES_A_WRITE)
        await append(
          handle,
          hash,
          lines.map(({ scope, revision, token, asOf, text }) => [scope, revision, token, asOf, text]),
        )
      }
      await handle.write(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

const DRAFT = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/
/** Writing takes seconds at most; a draft that was not touched for so long belongs to a process that was killed. In milliseconds. */
const ABANDONED_MS = 600_000

/** Removes the drafts of processes that were killed while they wrote. What cannot be removed stays. */
export async function removeAbandonedDrafts(file: string): Promise<void> {
  const folder = dirname(file)
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((name) => name.startsWith(`${basename(file)}.`) && DRAFT.test(name.slice(basename(file).length + 1)))) {
    const draft = join(folder, name)
    const { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (mtimeMs < Date.now() - ABANDONED_MS) await rm(draft, { force: true }).catch(() => {})
  }
}

async function append(handle: FileHandle, hash: Hash, values: readonly unknown[]): Promise<void> {
  const text = values.map((value) => `${JSON.stringify(value)}\n`).join('')
  hash.update(text)
  await handle.write(text)
}

/**
 * Reads what `writeSnapshot` wrote; `undefined` when there is no file yet.
 *
 * @throws {UnusableSnapshot} when the file is torn, not a snapshot, of another version of this package, or of another schema
 */
export async function readSnapshot(file: string, schema: string): Promise<Snapshot | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new UnusableSnapshot(`The snapshot file ${file} cannot be read (${error.code}); it is ignored.`, true, { cause: error })
  })
  if (text === undefined) return undefined
  const refuse = (why: string) =>
    new UnusableSnapshot(`The snapshot file ${file} ${why}; it is ignored, and replaced by the next one.`, true)
  if (text === '') throw refuse('is empty')
  const facts = parse(text.slice(0, Math.max(0, text.indexOf('\n')))) as Partial<Record<string, unknown>> | undefined
  if (facts?.kind !== KIND) {
    throw new UnusableSnapshot(`${file} is no snapshot; it is left alone and none is written. Name another file in snapshotFile.`, false)
  }
  const end = text.lastIndexOf('\n', text.length - 2) + 1
  const sum = parse(text.slice(end)) as { sha256?: unknown } | undefined
  if (sum?.sha256 !== createHash('sha256').update(text.slice(0, end)).digest('hex')) throw refuse('is torn or was changed')
  if (!READABLE_FORMATS.includes(facts.format)) throw refuse('was written by another version of this package')
  if (facts.schema !== schema) throw refuse(`is of the schema "${facts.schema}", not of "${schema}"`)
  // The checksum is right: it is what was written.
  const lines = text.slice(text.indexOf('\n') + 1, Math.max(text.indexOf('\n') + 1, end)).split('\n')
  const documents = lines
    .filter((line) => line !== '')
    .map((line) => {
      const [scope, revision, token, asOf, document] = JSON.parse(line) as [string, number, string, number, string]
      return { scope, revision, token, asOf, text: document }
    })
  return { database: facts.database as string, schema, revision: facts.revision as number, documents }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
