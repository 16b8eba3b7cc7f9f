import { mkdirSync, renameSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Packages that stay outside: two look for files beside their own, one is not installed. */
const EXTERNAL = ['@electric-sql/pglite', '@opentelemetry/api', 'pg-native']
/** Packages written for `require` ask for Node's own modules by it; a bundle of ES modules has none unless it is made. */
const REQUIRE = "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);"

const built = new Set<string>()

/** What else to put into the bundle. */
export interface BuiltProgramOptions {
  /**
   * Packages too. The bundle takes half a second longer to build, and each start takes half the processor time
   * (0.2 s instead of 0.4 s with PostgreSQL's and Redis' drivers): for programs that a test starts many times. @default false
   */
  readonly withPackages?: boolean
}

/**
 * The path of a JavaScript file that does what a TypeScript file of this repository does, for processes of their own.
 *
 * Node starts it in a quarter of the processor time that the tsx loader takes. The file is bundled once for each calling process, so it
 * is never older than its sources; `import.meta.url` in it is the bundle's own address.
 */
export function builtProgram(file: URL, { withPackages = false }: BuiltProgramOptions = {}): string {
  const source = fileURLToPath(file)
  // Inside the repository, where its packages are found.
  const program = join(ROOT, '.cache', 'programs', relative(ROOT, source).replace(/\.ts$/, withPackages ? '.whole.mjs' : '.mjs'))
  if (built.has(program)) return program
  const own = `${program}.${process.pid}.mjs`
  mkdirSync(dirname(program), { recursive: true })
  buildSync({
    entryPoints: [source],
    outfile: own,
    bundle: true,
    ...(withPackages ? { external: EXTERNAL, banner: { js: REQUIRE } } : { packages: 'external' }),
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  // Another test process may start the same file: it sees the one before or this one, and never a part.
  renameSync(own, program)
  built.add(program)
  return program
}
