import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pushFiles, readConfigFiles } from '../../src/files/index.js'
import { createConfigManager } from '../../src/index.js'
import { spawnWorker } from '../support/spawn-worker.js'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import type { ReaderHandlers } from './reader-process.js'

const NAMES = Array.from({ length: 200 }, (_, place) => `p${place}`)
const PUSHES = 5
const READERS = 4

it('a push of 200 changed prompts is one revision, and four processes that read meanwhile see all of it or nothing', async () => {
  const database = await createTestDatabase()
  const namespace = uniqueNamespace()
  const folder = mkdtempSync(join(tmpdir(), 'agent-config-whole-'))
  mkdirSync(join(folder, 'prompts'))
  const manager = createConfigManager({ database: database.url, redis: testRedisUrl(), namespace })
  const push = (round: number) => {
    for (const name of NAMES) writeFileSync(join(folder, 'prompts', `${name}.prompt`), `---\n---\npush ${round}\n`)
    return pushFiles(manager, readConfigFiles(folder), { label: 'production', waitForWorkers: 10_000 })
  }
  await push(0)
  const args = [database.url, testRedisUrl(), namespace, NAMES.join(',')]
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => spawnWorker<ReaderHandlers>(new URL('./reader-process.ts', import.meta.url), { args })),
  )
  expect(await Promise.all(readers.map((reader) => reader.ask('served')))).toEqual(Array(READERS).fill('push 0'))

  for (let round = 1; round <= PUSHES; round++) {
    const { written, revision, receipt } = await push(round)
    expect(written).toHaveLength(NAMES.length)
    expect(receipt?.applied).toBeGreaterThanOrEqual(READERS)
    expect((await manager.changelog.list({ limit: 1 })).items[0]?.revision).toBe(revision)
  }
  const seen = await Promise.all(readers.map((reader) => reader.ask('finish')))
  await Promise.all([...readers.map((reader) => reader.kill()), manager.shutdown()])
  await database.drop()
  rmSync(folder, { recursive: true })

  expect(seen.flatMap(({ torn }) => torn)).toEqual([])
  expect(Math.min(...seen.map(({ passes }) => passes))).toBeGreaterThan(PUSHES)
})
