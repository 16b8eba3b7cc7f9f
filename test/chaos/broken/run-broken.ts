import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Verdict } from '../check-history.js'
import { BROKEN_BUILDS, type BrokenBuild } from './broken-builds.js'
import { BrokenCopy } from './broken-copy.js'

/** Seconds of faults. */
const SECONDS = 20
/** Tried until one notices: timing is the operating system's. */
const SEEDS = [3, 4, 5]

/**
 * Breaks the library in each listed way and prints who notices.
 *
 * @param names only these; all when there are none
 * @returns how many nobody noticed
 */
export async function runBroken(names: readonly string[]): Promise<number> {
  const builds = BROKEN_BUILDS.filter(({ name }) => names.length === 0 || names.includes(name))
  const copy = new BrokenCopy()
  let survivors = 0
  try {
    console.log('| broken build | caught by | after |\n| --- | --- | --- |')
    for (const build of builds) {
      const startedAt = performance.now()
      const finding = await copy.during(build.edits, () => findingOf(copy.folder, build)).catch((error: Error) => error)
      const seconds = Math.round((performance.now() - startedAt) / 1_000)
      if (typeof finding !== 'string') survivors++
      console.log(`| ${build.name} | ${finding instanceof Error ? `NOBODY: ${finding.message}` : (finding ?? 'NOBODY')} | ${seconds} s |`)
    }
  } finally {
    copy.remove()
  }
  return survivors
}

async function findingOf(folder: string, { caughtBy }: BrokenBuild): Promise<string | undefined> {
  if (caughtBy !== 'run') return failingTest(folder, caughtBy)
  for (const seed of SEEDS) {
    const report = join(folder, 'verdict.json')
    await node(folder, [
      '--import',
      'tsx',
      'test/chaos/run.ts',
      '--minutes',
      String(SECONDS / 60),
      '--seed',
      String(seed),
      '--verdict',
      report,
    ])
    const { violations } = JSON.parse(readFileSync(report, 'utf8')) as Verdict
    if (violations.length > 0) return `the run: ${countsOf(violations)}`
  }
  return undefined
}

interface TestResults {
  readonly testResults: readonly {
    readonly message?: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

async function failingTest(folder: string, file: string): Promise<string | undefined> {
  const report = join(folder, 'results.json')
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
  await node(folder, [vitest, 'run', '--config', 'test/vitest.config.ts', file, '--reporter=json', `--outputFile=${report}`])
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as TestResults
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  // A build that cannot even be loaded is not a rule that is missed.
  if (tests.length === 0) throw new Error(`${file} did not run: ${testResults[0]?.message}`)
  const failed = tests.filter(({ status }) => status === 'failed')
  const more = failed.length > 1 ? ` and ${failed.length - 1} more` : ''
  return failed[0] && `${file}: "${failed[0].fullName.trim()}"${more}`
}

function countsOf(violations: Verdict['violations']): string {
  const counts = new Map<string, number>()
  for (const { promise } of violations) counts.set(promise, (counts.get(promise) ?? 0) + 1)
  return [...counts].map(([promise, count]) => `${promise} ${count}`).join(', ')
}

/** Whether it fails is in the report that it writes; one without a report fails there. */
function node(folder: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 28 }, () => resolve()))
}
