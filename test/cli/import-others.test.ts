import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it } from 'vitest'
import { checkFiles, readConfigFiles } from '../../src/files/index.js'
import { runCli } from './command-line.js'

const FIXTURES = fileURLToPath(new URL('../files/fixtures', import.meta.url))

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'agent-config-import-'))
  cpSync(FIXTURES, cwd, { recursive: true })
  return () => rmSync(cwd, { recursive: true })
})

it.each([
  ['langfuse', 'langfuse.json'],
  ['openai', 'openai-prompts.json'],
  ['dotprompt', 'triage.prompt'],
])('import %s writes files that check finds nothing wrong with, and says what does not carry over', async (system, file) => {
  const outcome = await runCli(['import', system, file, '--json'], { cwd })

  const report = JSON.parse(outcome.stdout) as {
    prompts: string[]
    losses: { where: string; what: string; why: string }[]
    written: string[]
  }
  const set = readConfigFiles(join(cwd, 'agent-config'))
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  expect(report.written).toHaveLength(report.prompts.length)
  expect(set.files.map(({ name }) => name).sort()).toEqual([...report.prompts].sort())
  if (system === 'dotprompt') expect(set.files[0]?.variables?.map(({ name }) => name)).toEqual(['product', 'history', 'ticket'])
  else expect(report.losses.length).toBeGreaterThan(0)
  expect(checkFiles(set).problems).toEqual([])
})

it('writes nothing in a dry run, after a no, or from a file that is none of that system', async () => {
  const dry = await runCli(['import', 'langfuse', 'langfuse.json', '--dry-run'], { cwd })
  const refused = await runCli(['import', 'langfuse', 'langfuse.json'], { cwd, answer: false })
  const broken = await runCli(['import', 'openai', 'triage.prompt'], { cwd })
  const none = await runCli(['import', 'dotprompt'], { cwd })

  expect([dry.code, refused.code, broken.code, none.code]).toEqual([0, 1, 1, 1])
  expect(dry.stdout).toContain('do not carry over')
  expect(broken.stderr).toContain('triage.prompt is no JSON')
  expect(none.stderr).toContain('dotprompt')
  expect(readdirSync(cwd)).not.toContain('agent-config')
  expect(readFileSync(join(cwd, 'langfuse.json'), 'utf8')).toBe(readFileSync(join(FIXTURES, 'langfuse.json'), 'utf8'))
})
