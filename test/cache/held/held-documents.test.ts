import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HeldDocuments } from '../../../src/cache/held/held-documents.js'
import { isUnverified, type MemoryEntry, updateFlags } from '../../../src/cache/held/memory-entry.js'

const SCOPES = ['prompt:default:a', 'prompt:default:b', 'prompt:default:c'] as const

/** Every way in which something can happen to what is held, in any order and with any numbers: true, made up, late, lost. */
const step = fc.oneof(
  fc.record({
    does: fc.constantFrom('accept', 'learn', 'adopt', 'claim', 'settle', 'distrust', 'touch', 'suspect', 'forget') as fc.Arbitrary<
      'accept' | 'learn' | 'adopt' | 'claim' | 'settle' | 'distrust' | 'touch' | 'suspect' | 'forget'
    >,
    scope: fc.constantFrom(...SCOPES),
    revision: fc.integer({ min: 1, max: 9 }),
    later: fc.integer({ min: 0, max: 5 }),
    token: fc.constantFrom('x', 'y'),
    unverified: fc.boolean(),
    isPending: fc.boolean(),
  }),
  fc.record({
    does: fc.constantFrom(
      'tick',
      'refreshing',
      'refreshed',
      'refreshFailed',
      'settleUnverified',
      'startOver',
      'loseScopes',
    ) as fc.Arbitrary<'tick' | 'refreshing' | 'refreshed' | 'refreshFailed' | 'settleUnverified' | 'startOver' | 'loseScopes'>,
    scope: fc.constantFrom(...SCOPES),
    revision: fc.integer({ min: 1, max: 9 }),
  }),
)

function held() {
  return new HeldDocuments<string>({
    maxEntries: 2,
    maxBytes: 1_000_000,
    ttlMs: 1_000,
    keepsText: false,
    materialize: ({ text }) => text,
    onKept: () => {},
    onRemoved: () => {},
  })
}

function carryOut(documents: HeldDocuments<string>, one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void {
  const { scope, revision } = one
  const entry = documents.peek(scope)
  switch (one.does) {
    case 'accept':
      documents.accept(document(one), { generation: documents.generation, unverified: one.unverified })
      break
    case 'learn':
      documents.learn(document(one))
      break
    case 'adopt':
      documents.adopt(document(one))
      break
    case 'claim':
      documents.claim([{ scope, revision, token: one.token }])
      break
    case 'settle':
      documents.settle({ heads: [{ scope, revision, token: one.token }], asked: [], top: revision + one.later }, () => one.isPending)
      break
    case 'distrust':
      documents.distrust(document(one), documents.floor(scope))
      break
    case 'touch':
      if (entry) documents.touch(entry)
      break
    case 'suspect':
      if (entry) documents.suspect(entry)
      break
    case 'forget':
      documents.forget(scope)
      break
    case 'tick':
      documents.tick(performance.now() + revision * 250)
      break
    case 'refreshing':
      if (entry) documents.refreshing(entry)
      break
    case 'refreshed':
      if (entry) documents.refreshed(entry, performance.now())
      break
    case 'refreshFailed':
      if (entry) documents.refreshFailed(entry, performance.now())
      break
    case 'settleUnverified':
      documents.settleUnverified(new Set(SCOPES), revision, (suspected) => suspected === scope)
      break
    case 'startOver':
      documents.startOver([{ scope, revision, token: 'x' }])
      break
    case 'loseScopes':
      documents.loseScopes([scope])
  }
}

function document({ scope, revision, later, token }: { scope: string; revision: number; later: number; token: string }) {
  return { scope, revision, token, asOf: revision + later, text: `${scope}@${revision}` }
}

/** What an entry's flags would say if they were worked out anew. */
function withFlagsUpdated(entry: MemoryEntry<string>) {
  const copy = { ...entry }
  updateFlags(copy)
  return copy
}

it('an entry always says of itself what its state, its stamp and the last change of its scope say', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const documents = held()
      for (const one of steps) {
        carryOut(documents, one)
        for (const entry of documents.entries()) {
          expect(entry).toEqual(withFlagsUpdated(entry))
          if (entry.isUsable) expect(entry.asOf).toBeGreaterThanOrEqual(entry.head?.revision ?? 0)
          if (entry.isHot) {
            expect(['fresh', 'refreshing']).toContain(entry.state)
            expect([entry.isUsable, entry.isTouched, entry.stale, isUnverified(entry)]).toEqual([true, true, false, false])
          }
        }
      }
    }),
    { numRuns: 2_000 },
  )
})

it('a document that was superseded goes on in its state when the announcement is taken back', () => {
  const documents = held()
  const scope = SCOPES[0]
  const stored = { scope, revision: 1, token: 'x', asOf: 3, text: 'one' }
  const entry = documents.accept(stored, { generation: documents.generation })!
  documents.touch(entry)
  documents.suspect(entry)

  documents.claim([{ scope, revision: 5, token: 'made up' }])
  expect([entry.isCurrent, entry.isUsable]).toEqual([false, false])
  documents.settle({ heads: [], asked: [], top: 3 }, () => false)

  expect([entry.state, entry.isCurrent, entry.isUsable]).toEqual(['suspect', true, false])
})

it('a document whose second reading brought no other is read once more later', () => {
  const documents = held()
  const entry = documents.accept(document({ scope: SCOPES[0], revision: 1, later: 0, token: 'x' }), { generation: documents.generation })!
  const read = () => [entry.state, entry.expiresAt]

  documents.tick(entry.expiresAt)
  documents.refreshing(entry)
  expect(read()).toEqual(['refreshing', Number.POSITIVE_INFINITY])
  documents.refreshed(entry, 5_000)
  expect(read()).toEqual(['expired', 5_000])

  documents.refreshing(entry)
  documents.refreshFailed(entry, 6_000)
  expect(read()).toEqual(['stale', 6_000])
  documents.refreshing(entry)
  expect(read()).toEqual(['stale', Number.POSITIVE_INFINITY])
})
