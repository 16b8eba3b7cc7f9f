import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const REPORTER = fileURLToPath(new URL('./summary-reporter.ts', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-reporter-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

it('counts what passed, failed and was skipped, a file that cannot be loaded and a hook that throws', async () => {
  write('good.test.ts', "it('passes', () => {}); it('passes too', () => {}); it.skip('is skipped', () => {}); it.todo('is to come')")
  write('bad.test.ts', "it('fails', () => { throw new Error('on purpose') })")
  write('broken.test.ts', "throw new Error('on purpose')")
  write('hook.test.ts', "beforeAll(() => { throw new Error('on purpose') }); it('never runs', () => {})")

  const { code, lastLine } = await runVitest()

  expect(lastLine).toBe('2 passed, 3 failed, 3 skipped')
  expect(code).not.toBe(0)
})

it('reports success as such', async () => {
  write('good.test.ts', "it('passes', () => {})")

  expect(await runVitest()).toEqual({ code: 0, lastLine: '1 passed, 0 failed, 0 skipped' })
})

it('does not look green when the global setup fails', async () => {
  write('good.test.ts', "it('passes', () => {})")
  write('setup.ts', "export default () => { throw new Error('No PostgreSQL for the tests.') }")

  const { code, lastLine } = await runVitest("globalSetup: ['setup.ts']")

  expect(lastLine).toBe('0 passed, 1 failed, 0 skipped')
  expect(code).not.toBe(0)
})

it('does not look green when the process ends before the tests', async () => {
  write('good.test.ts', "it('passes', () => {})")
  write('setup.ts', 'export default () => process.exit(0)')

  const { code, lastLine } = await runVitest("globalSetup: ['setup.ts']")

  expect(lastLine).toBe('0 passed, 1 failed, 0 skipped')
  expect(code).not.toBe(0)
})

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
}

/** Runs vitest on the folder in a process of its own. */
function runVitest(option = ''): Promise<{ code: number; lastLine: string | undefined }> {
  write(
    'vitest.config.ts',
    `import { SummaryReporter } from ${JSON.stringify(REPORTER)}
    export default { test: { globals: true, include: ['*.test.ts'], reporters: ['default', new SummaryReporter()], ${option} } }`,
  )
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, [VITEST, 'run', '--root', folder], { cwd: folder, env }, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), lastLine: stdout.trimEnd().split('\n').at(-1) })
    })
  })
}
