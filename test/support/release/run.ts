import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { addressOf, complaintsAbout, type Manifest, withRepository } from './manifest.js'
import { withAbsoluteLinks, withRelease, withVersion } from './texts.js'

// The steps of a release (.github/CONTRIBUTING.md, "Release"), in the folder of the package:
//   npm run release:setup [-- https://host/owner/name]   once: where the repository lives; asks when it is not given
//   npm run release:version                              counts the version up, and dates what is unreleased
//   npm run release [-- --dry-run]                       publishes, in the release workflow only; the dry run packs and lists the files
//   tsx test/support/release/run.ts check                refuses what is not ready; npm runs it before it publishes
// A step that refuses says why in one line for each reason, and leaves every file as it was.

const STEPS: Readonly<Record<string, () => Promise<void> | void>> = { setup, version, publish, check }
/** The files that counting the version up changes, and the folder whose files it deletes. */
const COUNTED = ['package.json', 'package-lock.json', 'CHANGELOG.md']
const CHANGESETS = '.changeset'

try {
  const step = STEPS[process.argv[2] ?? '']
  if (!step) throw new Error(`Usage: run.ts ${Object.keys(STEPS).join(' | ')}`)
  await step()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function setup(): Promise<void> {
  const address = process.argv[3] ?? (await ask('Where does the repository live (https://host/owner/name)? '))
  write('package.json', `${JSON.stringify(withRepository(manifest(), address), null, 2)}\n`)
  console.log('package.json has repository, bugs and homepage.')
}

function version(): void {
  const names = readdirSync(CHANGESETS).filter((name) => name.endsWith('.md') && name !== 'README.md')
  if (names.length === 0) throw new Error('There is no changeset, so there is no version to count up to. Add one: npx changeset')
  const today = new Date().toISOString().slice(0, 10)
  withRelease(read('CHANGELOG.md'), 'the next version', today)
  orPutBack([...COUNTED, ...names.map((name) => `${CHANGESETS}/${name}`)], () => {
    changeset('version')
    write('package-lock.json', withVersion(read('package-lock.json'), manifest().version))
    write('CHANGELOG.md', withRelease(read('CHANGELOG.md'), manifest().version, today))
  })
}

/** npm shows the README of the package, where relative links lead nowhere: it is packed with addresses, and put back. */
function publish(): void {
  const isDryRun = process.argv.includes('--dry-run')
  const { version } = manifest()
  const readme = read('README.md')
  const packed = withAbsoluteLinks(readme, addressOf(manifest()) ?? '', `v${version}`)
  refuse(complaintsAbout(manifest(), packed, read('CHANGELOG.md')))
  if (!existsSync('dist')) throw new Error('There is no dist folder: npm run build')
  if (!isDryRun && process.env.GITHUB_ACTIONS !== 'true') {
    throw new Error(
      'The package is published by .github/workflows/release.yml alone, for its provenance. Try: npm run release -- --dry-run',
    )
  }
  // Ctrl-C ends the program below and not this one, which has to put the README back.
  process.on('SIGINT', () => {})
  try {
    write('README.md', packed)
    if (isDryRun) execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts'], { stdio: 'inherit' })
    else changeset('publish')
  } finally {
    write('README.md', readme)
  }
}

function check(): void {
  refuse(complaintsAbout(manifest(), read('README.md'), read('CHANGELOG.md')))
}

function refuse(complaints: readonly string[]): void {
  if (complaints.length > 0) throw new Error(`Not ready to be published.\n${complaints.join('\n')}`)
}

/** Runs work that changes files; when it fails, they are as they were. */
function orPutBack(files: readonly string[], work: () => void): void {
  const texts = files.map((file) => [file, existsSync(file) ? read(file) : undefined] as const)
  try {
    work()
  } catch (error) {
    for (const [file, text] of texts) {
      if (text === undefined) rmSync(file, { force: true })
      else write(file, text)
    }
    throw error
  }
}

function changeset(command: string): void {
  const program = fileURLToPath(import.meta.resolve('@changesets/cli/bin.js'))
  try {
    execFileSync(process.execPath, [program, command], { stdio: 'inherit' })
  } catch {
    throw new Error(`"changeset ${command}" failed; what it said stands above.`)
  }
}

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Error('Say where the repository lives: npm run release:setup -- https://host/owner/name')
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}

function manifest(): Manifest {
  return JSON.parse(read('package.json')) as Manifest
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

function write(file: string, text: string): void {
  writeFileSync(file, text)
}
