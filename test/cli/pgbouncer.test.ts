import { mkdtempSync, rmSync } from 'node:fs'
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

  const outcomes = []
  for (const line of [
    'promote triage --version 2',
    'rollback triage',
    'history triage',
    'copy triage --to other',
    'purge triage --version 2 --message x',
    'snapshot --out snapshot',
  ]) {
    const { code, stderr } = await runCli(line.split(' '), { env: { DATABASE_URL: bouncer.url }, cwd: folder })
    outcomes.push({ line, code, stderr })
  }
  await bouncer.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true })

  expect(outcomes).toEqual(outcomes.map(({ line }) => ({ line, code: 0, stderr: '' })))
})
