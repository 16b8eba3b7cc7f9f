import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, defineKind } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { runCli } from './command-line.js'

const TOOL = defineKind({ kind: 'tool', schema: v.object({ description: v.string() }) })

let database: TestDatabase
let manager: ConfigurationManager
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(join(tmpdir(), 'agent-config-cli-'))
  manager = createConfigManager({ database: database.url, redis: false, kinds: [TOOL] })
  await manager.prompts.create({ name: 'triage', template: 'one', labels: ['production'] })
  await manager.of(TOOL).create({ name: 'search', content: { description: 'finds' }, labels: ['production'] })
})
afterAll(async () => {
  await manager.shutdown()
  await database.drop()
  rmSync(folder, { recursive: true })
})

function run(line: string, more: { readonly stdin?: string; readonly answer?: boolean } = {}) {
  return runCli(line.split(' '), { env: { DATABASE_URL: database.url }, cwd: folder, ...more })
}

it('what export prints, import writes into another project, also entries of kinds that a host declared', async () => {
  const exported = await run('export')
  writeFileSync(join(folder, 'bundle.json'), exported.stdout)

  const dry = await run('import bundle.json --into dry --dry-run')
  const refused = await run('import bundle.json --into asked', { answer: false })
  const imported = await run('import bundle.json --into copy --message Moved')
  const again = await run('import - --into copy --json', { stdin: exported.stdout })

  expect(exported).toMatchObject({ code: 0, stderr: '2 versions of 2 names in project "default"\n' })
  expect(dry.stdout).toContain('project "dry": would write 2 versions and 2 labels; 0 versions were there\n  + prompt "triage" v1\n')
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('+ tool "search" v1') })
  expect(imported).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('wrote 2 versions and 2 labels') })
  expect(JSON.parse(again.stdout)).toMatchObject({ project: 'copy', versions: [], unchanged: 2 })
  for (const project of ['dry', 'asked']) expect(await manager.prompts.find({ name: 'triage', project })).toBeUndefined()
  expect((await manager.of(TOOL).find({ name: 'search', project: 'copy', label: 'production' }))?.content).toEqual({ description: 'finds' })
  const [change] = await manager.prompts.history({ name: 'triage', project: 'copy' })
  expect(change).toMatchObject({ changedBy: 'ada', changeSummary: 'Moved' })
})

it.each([
  ['import', /one FILE/],
  ['import nothing.json', /nothing\.json/],
  ['import text.json', /no JSON/],
  ['import other.json', /bundle\.format/],
  ['export bundle.json', /options only/],
  ['export --database postgresql://a:hunter2@127.0.0.1:1/x', /PostgreSQL|database/i],
])('%s is refused in one line', async (line, message) => {
  writeFileSync(join(folder, 'text.json'), 'text')
  writeFileSync(join(folder, 'other.json'), '{}')

  const { code, stdout, stderr } = await run(line)

  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(message)
  expect(stderr).not.toContain('hunter2')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
})
