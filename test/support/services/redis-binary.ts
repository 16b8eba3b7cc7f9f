import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { rename, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { firstThatWorks, Unavailable } from './attempts.js'

const run = promisify(execFile)

/** A Redis program and the environment it needs. */
export interface RedisBinary {
  readonly command: string
  readonly env: NodeJS.ProcessEnv
}

/** The Redis of this machine, else of its distribution's packages: for what one container cannot be, such as a cluster. */
export function redisProgram(): Promise<RedisBinary> {
  return firstThatWorks('Redis program', [
    { name: 'machine', description: 'redis-server or valkey-server on PATH', run: redisOfThisMachine },
    { name: 'download', description: 'the package of Debian or Ubuntu, by apt-get download', run: redisFromPackages },
  ])
}

/** `redis-server` or `valkey-server` from PATH. */
export async function redisOfThisMachine(): Promise<RedisBinary> {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const command = join(folder, name)
      if (folder === '' || !existsSync(command)) continue
      if (await works({ command, env: process.env })) return { command, env: process.env }
    }
  }
  throw new Unavailable('neither redis-server nor valkey-server is on PATH')
}

/** Debian's or Ubuntu's own package, unpacked into a cache folder of this repository; needs apt-get and dpkg, not root. */
export async function redisFromPackages(): Promise<RedisBinary> {
  const cache = fileURLToPath(new URL('../../../.cache/redis/', import.meta.url))
  const cached = await unpackedIn(cache)
  if (cached) return cached

  await run('apt-get', ['--version']).catch(() => Promise.reject(new Unavailable('apt-get is not there (it is on Debian and Ubuntu)')))
  mkdirSync(join(cache, '..'), { recursive: true })
  const work = mkdtempSync(join(cache, '..', 'redis-'))
  try {
    const download = await downloader(work)
    await download(['redis-tools'])
    const [tools] = readdirSync(work).filter((file) => file.endsWith('.deb'))
    const libraries = await missingLibraries(join(work, tools!))
    if (libraries.length > 0) await download(libraries)
    for (const file of readdirSync(work).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(work, file), work])
      rmSync(join(work, file))
    }
    // Package lists are several times the size of what they were needed for.
    rmSync(join(work, 'apt'), { recursive: true, force: true })
    // Another run may have put its own there meanwhile; then that one serves.
    if (await unpackedIn(work)) await rename(work, cache).catch(() => {})
    const unpacked = await unpackedIn(cache)
    if (!unpacked) throw new Error('the unpacked redis-server does not start')
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

async function unpackedIn(folder: string): Promise<RedisBinary | undefined> {
  // Both distributions ship the server in redis-tools under its second name; their redis-server is a link to it.
  const [command, secondName] = [join(folder, 'usr', 'bin', 'redis-server'), join(folder, 'usr', 'bin', 'redis-check-rdb')]
  if (!existsSync(command) && existsSync(secondName)) await symlink('redis-check-rdb', command).catch(() => {})
  const libraries = join(folder, 'usr', 'lib')
  const paths = existsSync(libraries) ? readdirSync(libraries).map((name) => join(libraries, name)) : []
  const binary = { command, env: { ...process.env, LD_LIBRARY_PATH: paths.join(':') } }
  return (await works(binary)) ? binary : undefined
}

function works({ command, env }: RedisBinary): Promise<boolean> {
  return run(command, ['--version'], { env }).then(
    () => true,
    () => false,
  )
}
