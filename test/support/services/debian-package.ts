import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { rename, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Unavailable } from './attempts.js'
import { type Program, works } from './program.js'

const run = promisify(execFile)

/** A program in a package of Debian and Ubuntu. */
export interface PackagedProgram {
  readonly package: string
  /** Where it stands below the root: `usr/sbin/pgbouncer`. */
  readonly path: string
  /** Its other name in the same folder, where the package holds it under that one only. */
  readonly secondName?: string
}

/**
 * Debian's or Ubuntu's own package, with the libraries this system lacks, unpacked into a cache folder of this repository.
 *
 * @throws {Unavailable} where there is no apt-get; it needs dpkg too, and not root
 */
export async function programFromPackage(wanted: PackagedProgram): Promise<Program> {
  const cache = fileURLToPath(new URL(`../../../.cache/${basename(wanted.path)}/`, import.meta.url))
  const cached = await unpackedIn(cache, wanted)
  if (cached) return cached

  await run('apt-get', ['--version']).catch(() => Promise.reject(new Unavailable('apt-get is not there (it is on Debian and Ubuntu)')))
  mkdirSync(dirname(cache), { recursive: true })
  const work = mkdtempSync(join(dirname(cache), `${basename(cache)}-`))
  try {
    const download = await downloader(work)
    await download([wanted.package])
    const [file] = readdirSync(work).filter((name) => name.endsWith('.deb'))
    const libraries = await missingLibraries(join(work, file!))
    if (libraries.length > 0) await download(libraries)
    for (const name of readdirSync(work).filter((one) => one.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(work, name), work])
      rmSync(join(work, name))
    }
    // Package lists are several times the size of what they were needed for.
    rmSync(join(work, 'apt'), { recursive: true, force: true })
    // Another run may have put its own there meanwhile; then that one serves.
    if (await unpackedIn(work, wanted)) await rename(work, cache).catch(() => {})
    const unpacked = await unpackedIn(cache, wanted)
    if (!unpacked) throw new Error(`the unpacked ${basename(wanted.path)} does not start`)
    return unpacked
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Downloads packages into a folder, with package lists of one's own where the system has none yet. */
async function downloader(folder: string): Promise<(packages: readonly string[]) => Promise<void>> {
  const own = ['lists/partial', 'archives/partial'].map((name) => join(folder, 'apt', name))
  const ownLists = ['-o', `Dir::State::Lists=${join(folder, 'apt', 'lists')}`, '-o', `Dir::Cache=${join(folder, 'apt')}`]
  let options: readonly string[] = []
  return async (packages) => {
    const download = () => run('apt-get', [...options, 'download', ...packages], { cwd: folder })
    try {
      await download()
    } catch (error) {
      if (options.length > 0) throw error
      options = ownLists
      for (const path of own) mkdirSync(path, { recursive: true })
      await run('apt-get', [...options, 'update'], { cwd: folder })
      await download()
    }
  }
}

/** The libraries a package depends on that this system lacks. */
async function missingLibraries(file: string): Promise<readonly string[]> {
  const { stdout } = await run('dpkg-deb', ['--field', file, 'Depends'])
  const names = stdout
    .split(',')
    .map((dependency) => dependency.trim().split(/[\s(|]/)[0]!)
    .filter((name) => /^(lib|lua)/.test(name) && name !== 'libc6')
  const isMissing = await Promise.all(
    names.map((name) =>
      run('dpkg', ['--status', name]).then(
        ({ stdout: status }) => !/^Status: install ok installed$/m.test(status),
        () => true,
      ),
    ),
  )
  return names.filter((_, index) => isMissing[index])
}

async function unpackedIn(folder: string, { path, secondName }: PackagedProgram): Promise<Program | undefined> {
  const command = join(folder, path)
  if (secondName !== undefined && !existsSync(command) && existsSync(join(dirname(command), secondName)))
    await symlink(secondName, command).catch(() => {})
  const libraries = ['usr/lib', 'lib'].map((name) => join(folder, name)).filter((name) => existsSync(name))
  const paths = libraries.flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
  const program = { command, env: { ...process.env, LD_LIBRARY_PATH: paths.join(':') } }
  return (await works(program)) ? program : undefined
}
