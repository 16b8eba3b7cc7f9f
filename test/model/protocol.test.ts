import { describe, expect, it } from 'vitest'
import type { Break, Violation } from './protocol.js'
import { search } from './search.js'
import type { Bounds } from './world.js'

// Scopes by name, so that a line of writes reads like a changelog. BOTH is a transaction.
const A = 0b01
const BOTH = 0b11

/** `npm run model` looks further; with three writes there are tens of millions of steps. */
const IS_COMPLETE = process.env.AGENT_CONFIG_MODEL === 'all'
const MORE = IS_COMPLETE ? [A] : []
const LONGEST_MS = IS_COMPLETE ? 1_800_000 : 180_000

const ANY: Bounds = { surroundings: 'any', workers: 1, writes: [A, BOTH, ...MORE], heldLoads: 1 }
const WITH_REPLICA: Bounds = { surroundings: 'any', workers: 1, writes: [BOTH, ...MORE], replica: true }
const WITH_EVICTIONS: Bounds = { surroundings: 'any', workers: 1, writes: [BOTH, ...MORE], heldLoads: 1, evictions: true }
const ALONE_WITH_EVICTIONS: Bounds = { surroundings: 'servers', workers: 1, writes: [BOTH, A], heldLoads: 1, evictions: true }
const TWO_WORKERS: Bounds = { surroundings: 'servers', workers: 2, writes: [BOTH], heldLoads: 0 }
const SUBSCRIPTION: Bounds = { surroundings: 'subscription', workers: 1, writes: [BOTH, A] }

describe('the protocol keeps G1, G2, G5 and minRevision in every state that can be reached', () => {
  const cases: readonly (readonly [title: string, bounds: Bounds])[] = [
    ['with any other workers, any Redis and any messages, and a slow load', ANY],
    ['with a replica that lags and a slow load of each scope', WITH_REPLICA],
    ['while heads are pushed out of their table', WITH_EVICTIONS],
    ['between two workers and a Redis that is flushed, full or loses announcements', TWO_WORKERS],
    ['by its subscription alone, which is lost and comes back', SUBSCRIPTION],
  ]

  it.each(cases)('%s', { timeout: LONGEST_MS }, (title, bounds) => {
    const { states, transitions, finding } = search(bounds)

    console.info(`${title}: ${states} states, ${transitions} steps`)
    expect(finding).toBeUndefined()
    expect(states).toBeGreaterThan(5_000)
  })
})

describe('the search finds what breaks', () => {
  const cases: readonly (readonly [broken: Break, promises: readonly Violation['promise'][], bounds: Bounds])[] = [
    ['no floor check in accept()', ['G1'], ANY],
    ['announce before commit', ['G1'], ANY],
    ['no catchUp after a subscription', ['G2'], SUBSCRIPTION],
    ['serve a document whose head is above applied', ['G5'], ANY],
    ['let waiting loads go when any read of the log ends', ['G1', 'G5'], ANY],
    ['put own documents while earlier revisions are unknown', ['G5'], { ...ANY, writes: [BOTH, A] }],
    ['raise the floors of one revision one by one', ['G5', 'minRevision'], ANY],
    ['confirm an early document by the head it brought itself', ['G5'], ANY],
    ['leave a document with a head that was pushed out', ['G2'], ALONE_WITH_EVICTIONS],
    ['take the heads that were not read for heads that are not there', ['G1'], ANY],
    ['take a bound for a head', ['G1'], ANY],
    ['let what was announced before the first read stand as the head', ['G1'], ANY],
  ]

  it.each(cases)('%s', (broken, promises, bounds) => {
    const { finding } = search(bounds, broken)

    expect(promises, finding?.steps.join('\n')).toContain(finding?.promise)
  })
})
