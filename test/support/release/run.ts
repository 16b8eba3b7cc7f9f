import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { addressOf, complaintsAbout, type Manifest, withRepository } from './manifest.js'
import { withAbsoluteLinks, withRelease, withVersion } from './texts.js'

// The steps of a release (.github/CONTRIBUTING.md, "Release"):
//   npm run release:setup [-- https://host/owner/name]   once: where the repository lives; asks when it is not given
//   npm run release:version                              counts the version up, and dates what is unreleased
//   npm run release                                      publishes; in the release workflow only
//   tsx test/support/release/run.ts check                refuses what is not ready; npm runs it before it publishes

const STEPS: Readonly<Record<string, () => Promise<void> | void>> = { setup, version, publish, check }
const step = STEPS[process.argv[2] ?? '']
if (!step) throw new Error(`Usage: run.ts ${Object.keys(STEPS).join(' | ')}`)
await step()

async function setup(): Promise<void> {
  const address = process.argv[3] ?? (await ask('Where does the repository live (https://host/owner/name)? '))
  write('package.json', `${JSON.stringify(withRepository(manifest(), address), null, 2)}\n`)
  console.log('package.json has repository, bugs and homepage.')
}

function version(): void {
  changeset('version')
  write('package-lock.json', withVersion(read('package-lock.json'), manifest().version))
  write('CHANGELOG.md', withRelease(read('CHANGELOG.md'), manifest().version, new Date().toISOString().slice(0, 10)))
}

/** npm shows the README of the package, where relative links lead nowhere: it is packed with addresses, and put back. */
function publish(): void {
  const readme = read('README.md')
  try {
    write('README.md', withAbsoluteLinks(readme, addressOf(manifest()) ?? '', `v${manifest().version}`))
    check()
    changeset('publish')
  } finally {
    write('README.md', readme)
  }
}

function check(): void {
  const complaints = complaintsAbout(manifest(), read('README.md'), read('CHANGELOG.md'))
  if (complaints.length > 0) throw new Error(`Not ready to be published.\n${complaints.join('\n')}`)
}

function changeset(command: string): void {
  execFileSync('npx', ['changeset', command], { cwd: path('.'), stdio: 'inherit' })
}

async function ask(question: string): Promise<string> {
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
  return readFileSync(path(file), 'utf8')
}

function write(file: string, text: string): void {
  writeFileSync(path(file), text)
}

function path(file: string): string {
  return fileURLToPath(new URL(`../../../${file}`, import.meta.url))
}
