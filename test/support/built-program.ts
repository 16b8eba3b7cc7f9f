import { mkdirSync, renameSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const built = new Map<string, string>()

/**
 * The path of a JavaScript file that does what a TypeScript file of this repository does, for processes of their own.
 *
 * Node starts it in a quarter of the processor time that the tsx loader takes. The file is bundled once for each calling process, so it
 * is never older than its sources; `import.meta.url` in it is the bundle's own address.
 */
export function builtProgram(file: URL): string {
  const source = fileURLToPath(file)
  const known = built.get(source)
  if (known !== undefined) return known
  // Inside the repository, where its packages are found.
  const program = join(ROOT, '.cache', 'programs', relative(ROOT, source).replace(/\.ts$/, '.mjs'))
  const own = `${program}.${process.pid}.mjs`
  mkdirSync(dirname(program), { recursive: true })
  buildSync({
    entryPoints: [source],
    outfile: own,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  // Another test process may start the same file: it sees the one before or this one, and never a part.
  renameSync(own, program)
  built.set(source, program)
  return program
}
