import { expect, it } from 'vitest'
import type { MutableEntry } from '../../../src/cache/held/memory-entry.js'
import { MemoryTier } from '../../../src/cache/held/memory-tier.js'

it('keeps an entry that is read again and again while a scan brings in more than fits', () => {
  const tier = new MemoryTier<string>({ maxEntries: 10, maxBytes: 1_000_000 })
  const hot = anEntry('hot')
  tier.set(hot)

  for (let index = 0; index < 100; index++) {
    tier.set(anEntry(`scanned-${index}`))
    tier.touch(hot)
  }

  expect(tier.peek('hot')).toBe(hot)
  expect(tier.size).toBe(10)
})

it('lets the entry go that was not read, of two that came one after the other', () => {
  const tier = new MemoryTier<string>({ maxEntries: 2, maxBytes: 1_000_000 })
  const [read, unread] = [anEntry('read'), anEntry('unread')]
  tier.set(read)
  tier.set(unread)
  tier.touch(read)

  tier.set(anEntry('new'))

  expect(tier.peek('read')).toBe(read)
  expect(tier.peek('unread')).toBeUndefined()
})

function anEntry(scope: string): MutableEntry<string> {
  return {
    scope,
    value: scope,
    revision: 1,
    token: 'token',
    bytes: 100,
    text: undefined,
    source: 'memory',
    head: undefined,
    asOf: 1,
    expiresAt: 0,
    state: 'fresh',
    isCurrent: true,
    isUsable: true,
    stale: false,
    isTouched: false,
    isHot: false,
  }
}
