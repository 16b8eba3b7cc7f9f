import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// npm writes only those optional packages to the lock file that fit the machine it runs on, when the registry's answer is
// trimmed; `npm ci` then refuses the file everywhere ("Missing: … from lock file"). Run after every change of the lock:
//   npm run lock

/** What is read and written of package-lock.json. */
export interface LockFile {
  readonly packages: Record<string, LockEntry>
}

interface LockEntry {
  readonly version?: string
  readonly optional?: boolean
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

/** Adds an entry for each optional dependency of an exact version that has none; gives the paths of what it added. */
export function completeLock(lock: LockFile): readonly string[] {
  const added: string[] = []
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!/^\d/.test(version) || foundFrom(lock, path, name)?.version === version) continue
      const shared = `node_modules/${name}`
      const place = lock.packages[shared] ? `${path}/${shared}` : shared
      lock.packages[place] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true }
      added.push(place)
    }
  }
  return added
}

/** The entry that a package at this path gets when it asks for a name: the nearest one up the folders. */
function foundFrom(lock: LockFile, path: string, name: string): LockEntry | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('node_modules/') - 1, 0))) {
    const entry = lock.packages[`${folder ? `${folder}/` : ''}node_modules/${name}`]
    if (entry || folder === '') return entry
  }
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/** The platform in a package's name: `@rollup/rollup-linux-x64-musl` is for linux, x64, musl. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[-/]/)
  const os = words.filter((word) => SYSTEMS.includes(word))
  const cpu = words.filter((word) => PROCESSORS.includes(word))
  // Without both, npm would install the package on machines it is not for; WebAssembly has no system.
  if (cpu.length === 0 || (os.length === 0 && !cpu.includes('wasm32')))
    throw new Error(`The name ${name} does not say for which platform it is: add it by hand.`)
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined
  return { ...(libc && os.includes('linux') ? { libc } : {}), cpu, ...(os.length > 0 ? { os } : {}) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../../package-lock.json', import.meta.url)
  const lock = JSON.parse(readFileSync(file, 'utf8')) as LockFile
  const added = completeLock(lock)
  const packages = Object.fromEntries(Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, 'en')))
  if (added.length > 0) writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
  console.log(added.length === 0 ? 'The lock file is complete.' : `Added to the lock file:\n${added.join('\n')}`)
}
