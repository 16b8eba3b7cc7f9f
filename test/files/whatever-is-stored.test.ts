import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pullFiles, pushFiles, readConfigFiles } from '../../src/files/index.js'
import { kindsOf, writeVersion } from '../../src/files/stored-heads.js'
import { type ConfigurationManager, createConfigManager, isConfigError } from '../../src/index.js'
import { entities, names } from '../file-format/entities.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

const WANTED = 300
/** Another one at each run, and named where the test fails. */
const SEED = Date.now()

let database: TestDatabase
let manager: ConfigurationManager
let folder: string

beforeAll(async () => {
  database = await createTestDatabase()
  manager = createConfigManager({ database: database.url, redis: false, listen: false })
  folder = mkdtempSync(join(tmpdir(), 'agent-config-files-'))
})
afterAll(async () => {
  await manager.shutdown()
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

/** Random entities of every kind that the store takes. @returns how many there are, by kind */
async function fillStore(): Promise<Readonly<Record<string, number>>> {
  await manager.ready()
  const drawn = fc.sample(fc.tuple(entities, names), { numRuns: WANTED, seed: SEED })
  const unique = new Map(drawn.map(([entity, name]) => [`${entity.kind} ${name.slice(0, 100)}`, { ...entity, name: name.slice(0, 100) }]))
  const counts: Record<string, number> = {}
  await manager.transaction(async (sources) => {
    for (const { kind, name, content } of unique.values()) {
      const known = kindsOf(manager).find((one) => one.kind === kind)!
      try {
        await writeVersion(sources, known, { name, project: 'default', content, labels: ['production'] })
        counts[kind] = (counts[kind] ?? 0) + 1
      } catch (error) {
        // What the library does not take, it does not have to give back.
        if (!isConfigError(error, 'E_INVALID_ARGUMENT')) throw error
      }
    }
  })
  return counts
}

it('a pull and then a push writes no version, whatever the store holds', async () => {
  const counts = await fillStore()
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)

  const pulled = await pullFiles(manager, folder)
  const pushed = await pushFiles(manager, readConfigFiles(folder))
  const again = await pullFiles(manager, folder)

  expect(total).toBeGreaterThan(WANTED / 2)
  expect(Object.keys(counts).sort()).toEqual(['context_rules', 'embedding', 'flag', 'model', 'prompt'])
  expect(pulled.written, `seed ${SEED}`).toHaveLength(total)
  expect(pushed, `seed ${SEED}`).toMatchObject({ written: [], unchanged: total })
  expect(again, `seed ${SEED}`).toMatchObject({ written: [], unchanged: total })
})
