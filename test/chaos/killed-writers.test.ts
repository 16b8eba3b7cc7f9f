import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { killWriter, type Surroundings } from './kills/kill-writers.js'
import { VERBS, type VerbName } from './kills/verbs.js'

// Every place takes minutes; a run of the suite tries those at the end of a write, where it commits and announces, and one of the others.
//   npm run kills
const IS_COMPLETE = process.env.AGENT_CONFIG_KILLS === 'all'
const AT_THE_END = 3
/** Writers that are killed at the same time; each is a process that has to start. */
const AT_ONCE = 3

let database: TestDatabase
let surroundings: Surroundings

beforeAll(async () => {
  database = await createTestDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => {})
  surroundings = { database: database.url, redis: testRedisUrl(), namespace: uniqueNamespace(), pool }
})
afterAll(async () => {
  await surroundings.pool.end()
  await database.drop()
})

/** Message by message: the process dies before it arrives, and after it arrived and before its answer is heard. */
function placesOf(messages: number, verb: VerbName) {
  const all = Array.from({ length: messages }, (_, place) => place + 1).flatMap((at) => [
    { at, when: 'before' as const },
    { at, when: 'after' as const },
  ])
  if (IS_COMPLETE) return all
  const early = all.slice(0, -2 * AT_THE_END)
  // Another one for each verb, so that all of them come up in one run of the suite.
  const one = early[(Object.keys(VERBS).indexOf(verb) * 3) % Math.max(1, early.length)]
  return [...(one ? [one] : []), ...all.slice(-2 * AT_THE_END)]
}

describe('a writer that is killed', () => {
  it.each(Object.keys(VERBS) as VerbName[])(
    'around a message of %s has written all of it or nothing, and other workers serve which',
    async (verb) => {
      const whole = await killWriter(surroundings, verb, undefined, IS_COMPLETE)
      const places = placesOf(whole.messages, verb)
      let written = 0
      const left = [...places]
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let place = left.shift(); place; place = left.shift()) {
            const { isAcknowledged, before, after, complaints } = await killWriter(surroundings, verb, place, IS_COMPLETE)
            const where = `${verb}, killed ${place.when} message ${place.at} of ${whole.messages}`
            expect(complaints, where).toEqual([])
            expect([whole.before, whole.after], where).toContain(after)
            expect(before, where).toBe(whole.before)
            if (isAcknowledged) expect(after, where).toBe(whole.after)
            if (after !== before) written++
          }
        }),
      )

      console.info(`${verb}: ${whole.messages} messages, killed at ${places.length} places, written at ${written} of them`)
      expect(whole.isAcknowledged).toBe(true)
      expect(whole.complaints).toEqual([])
      expect(whole.messages).toBeGreaterThanOrEqual(3)
      // After its COMMIT, and before it: both were tried. A refresh changes no table.
      if (verb !== 'refresh') expect(written).toBeGreaterThan(0)
      expect(written).toBeLessThan(places.length)
    },
    IS_COMPLETE ? 1_800_000 : 300_000,
  )
})
