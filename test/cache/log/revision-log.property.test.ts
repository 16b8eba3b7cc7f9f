import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HeadTable } from '../../../src/cache/held/head-table.js'
import { type LogPage, RevisionLog } from '../../../src/cache/log/revision-log.js'
import type { Scope } from '../../../src/entities/scope.js'
import { DatabaseIdentity } from '../../../src/shared/database-identity.js'
import { FakeHistory } from '../fake-history.js'

// A model of one worker: what it was told, in whatever order, against what its log and its table say.

const SCOPES = ['prompt:default:a', 'prompt:default:b', 'model:default:c', 'context_rules:default', 'prompt:other:a']

type Step =
  | { readonly do: 'commit'; readonly scopes: readonly Scope[] }
  | { readonly do: 'deliver'; readonly which: number; readonly keep: boolean }
  | { readonly do: 'drop'; readonly which: number }
  | { readonly do: 'read' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'load'; readonly scope: Scope }

const scope = fc.constantFrom(...SCOPES)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('commit' as const), scopes: fc.uniqueArray(scope, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), which: fc.nat(20), keep: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 60, 1_100) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('load' as const), scope }) },
)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('never claims to know a revision it was not told of, and never forgets what it was told, whatever is lost, swapped or pushed out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), async (steps, maxHeads) => {
      const history = new FakeHistory()
      const heads = new HeadTable(maxHeads)
      /** Revisions this worker was told of, by message or by the log. */
      const told = new Set<number>()
      const floors = new Map<Scope, number>()
      const take = (changes: LogPage['heads']) => {
        for (const { scope: changed, revision, token } of changes) {
          heads.raise(changed, revision, token)
          floors.set(changed, Math.max(floors.get(changed) ?? 0, revision))
        }
      }
      const log = new RevisionLog({
        identity: new DatabaseIdentity(),
        unconfirmed: () => [],
        read: async (after) => {
          const page = await history.readLog(after)
          for (let revision = 1; revision <= page.top; revision++) told.add(revision)
          return page
        },
        onClaims: take,
        onRead: (page) => {
          take(page.heads)
          return false
        },
        hasLost: () => false,
        onLostScopes: () => {},
        contradicts: (scope, revision, token) => {
          // Only true messages are delivered here: none may be doubted.
          expect(heads.contradicts(scope, revision, token)).toBe(false)
          return false
        },
        onOtherHistory: () => {
          throw new Error('There is only one history here.')
        },
        onError: (error) => {
          throw error
        },
      })
      const check = () => {
        const applied = log.applied ?? 0
        for (let revision = 1; revision <= applied; revision++) expect(told).toContain(revision)
        for (const [known, floor] of floors) expect(heads.floor(known)).toBeGreaterThanOrEqual(floor)
        // A floor above everything that was committed would never be satisfied.
        for (const known of SCOPES) expect(heads.floor(known)).toBeLessThanOrEqual(history.top)
        // Once a revision counts as applied, every scope it touched has its floor.
        for (const known of SCOPES) {
          const last = history.lastChangeOf(known, applied)
          expect(heads.floor(known)).toBeGreaterThanOrEqual(last)
        }
      }
      await log.catchUp()
      const underWay: ReturnType<FakeHistory['commit']>[] = []

      for (const one of steps) {
        if (one.do === 'commit') underWay.push(history.commit(one.scopes))
        else if (one.do === 'drop') underWay.splice(one.which % Math.max(1, underWay.length), 1)
        else if (one.do === 'read') await log.catchUp()
        else if (one.do === 'wait') await vi.advanceTimersByTimeAsync(one.ms)
        else if (one.do === 'load') {
          const document = history.document(one.scope)
          expect(document.asOf).toBeGreaterThanOrEqual(heads.floor(one.scope))
          heads.learn(one.scope, document.revision, document.token, document.asOf)
        } else {
          const place = one.which % Math.max(1, underWay.length)
          const message = underWay[place]
          if (!message) continue
          if (!one.keep) underWay.splice(place, 1)
          told.add(message.revision)
          log.hear(message.revision, message.token, message.scopes)
        }
        check()
      }
      await log.catchUp()
      check()
      expect(log.applied).toBe(history.top)
      log.close()
    }),
    { numRuns: 300 },
  )
})
