import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createConfigManager } from '../../src/index.js'
import { migrateToLatest } from '../../src/migrations.js'
import { startPrivatePgBouncer } from '../support/private-pgbouncer.js'
import { startPrivatePostgres } from '../support/private-postgres.js'
import { runCli } from './command-line.js'

it('every command works behind PgBouncer in transaction mode', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-config-cli-'))
  const postgres = await startPrivatePostgres()
  const bouncer = await startPrivatePgBouncer({ port: postgres.port, poolMode: 'transaction' })
  await migrateToLatest(bouncer.url)
  const manager = createConfigManager({ database: bouncer.url, redis: false })
  await manager.prompts.create({ name: 'triage', template: 'one', labels: ['production'] })
  await manager.prompts.createVersion({ name: 'triage', template: 'two', labels: [] })
  await manager.shutdown()
  mkdirSync(join(folder, 'agent-config/prompts'), { recursive: true })
  writeFileSync(join(folder, 'agent-config/prompts/greeting.prompt'), '---\n---\nHello {name}\n')

  const outcomes = []
  for (const [line, exitCode] of [
    ['diff', 1],
    ['push --message x --wait 1000', 0],
    ['pull', 0],
    ['diff', 0],
    ['check --drift', 0],
    ['types --from database', 0],
    ['export', 0],
    ['import bundle.json --into copy', 0],
    ['promote triage --version 2', 0],
    ['rollback triage', 0],
    ['history triage', 0],
    ['copy triage --to other', 0],
    ['purge triage --version 2 --message x', 0],
    ['snapshot --out snapshot', 0],
  ] as const) {
    const { code, stdout, stderr } = await runCli(line.split(' '), { env: { DATABASE_URL: bouncer.url }, cwd: folder })
    if (line.startsWith('export')) writeFileSync(join(folder, 'bundle.json'), stdout)
    // An export counts what it printed beside its bundle.
    outcomes.push({ line, exitCode, code, stderr: line === 'export' ? '' : stderr })
  }
  await bouncer.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true })

  expect(outcomes).toEqual(outcomes.map(({ line, exitCode }) => ({ line, exitCode, code: exitCode, stderr: '' })))
})
