import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl } from '../support/test-redis.js'
import { TSX_LOADER } from '../support/tsx-loader.js'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(() => database.drop())

it('quickstart reads from the database, then from memory, shows a change at once, rolls it back, and exits by itself', async () => {
  const output = await run('quickstart.ts', { DATABASE_URL: undefined, REDIS_URL: undefined })

  expect(output).toMatch(
    new RegExp(
      [
        '"Hello Lin\\." +v1 from database',
        '"Hello Lin\\." +v1 from memory',
        'greeting changed, revision 5',
        '"Good to see you, Lin!" +v2 from memory',
        'greeting changed, revision 6',
        '"Hello Lin\\." +v1 from memory',
        '5 +prompt greeting +promote +by grace +warmer',
        '6 +prompt greeting +rollback +by ada +too warm',
      ].join('[\\s\\S]*'),
    ),
  )
})

it('guarded-rollout shows coverage and evidence grow, the pause with its reason, and the way back, and exits by itself within a minute', async () => {
  const start = performance.now()
  const output = await run('guarded-rollout.ts', { DATABASE_URL: undefined, REDIS_URL: undefined })

  expect(performance.now() - start).toBeLessThan(60_000)
  expect(output).toMatch(/^20 % covered, \d+ people, v3 \d+ bad of \d+, v4 \d+ bad of \d+, evidence [\d.]+ of 20$/m)
  expect(output).toMatch(/guard paused: error, evidence [\d.]+\n/)
  expect(output).toMatch(/rollout_pause by guard: Paused by its guard\. error: \d+ bad subjects of version 4/)
  expect(output).toMatch(/everybody gets version 3 again \(paused\)/)
})

it('settings reads five files into one object, and says where a value came from', async () => {
  const output = await run('settings/main.ts', { LOG_LEVEL: undefined, NODE_ENV: undefined, APP_ENV: undefined })

  expect(output).toMatch(/agent-loggy in "local"/)
  expect(output).toMatch(/\* file +examples\/settings\/config\/settings\.local\.toml:\d+/)
})

it('two-workers shows for each change when each of three reader processes served it, and exits by itself', async () => {
  const output = await run('two-workers.ts', { DATABASE_URL: database.url, REDIS_URL: testRedisUrl() })

  const rows = output.split('\n').filter((line) => /^(promote|roll back)/.test(line))
  expect(rows).toHaveLength(5)
  for (const row of rows) expect(row).toMatch(/ [\d.]+ +([\d.]+ +\([+-][\d.]+\) *){3}$/)
})

it('two-workers says what it needs when no servers are named', async () => {
  const failure = await run('two-workers.ts', { DATABASE_URL: undefined, REDIS_URL: undefined }).catch((error: unknown) => error)

  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining('DATABASE_URL') })
})

/** What an example prints; rejects when it does not end by itself within a minute, or ends with an error. */
async function run(file: string, env: Record<string, string | undefined>): Promise<string> {
  const path = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', TSX_LOADER, path], {
    env: { ...process.env, ...env },
    timeout: 120_000,
  })
  return stdout
}
