import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { DocumentCache, type DocumentCacheParts } from '../../src/cache/document-cache.js'
import type { StampedDocument } from '../../src/cache/held/stamped-document.js'
import type { LogPage } from '../../src/cache/log/revision-log.js'
import type { RedisTier } from '../../src/cache/redis/redis-tier.js'

it('does not let a waiting load go with a read of the log that began before what it waits for', async () => {
  const log = aLog()
  const cache = aCache({ readLog: (after = log.top()) => log.read(after), load: async (scopes) => log.documents(scopes) })
  await cache.log.catchUp()
  await cache.document('A')
  await cache.document('B')
  const early = log.hold()
  const read = cache.log.catchUp()
  await early.reached
  // Transaction 1 changes both, and its message is lost; revision 2, of A alone, is heard.
  log.commit(['A', 'B'])
  log.commit(['A'])
  cache.log.hear(2, 't2', ['A'])
  const readingA = cache.document('A')
  await sleep(5)
  early.release()
  await read

  const a = await readingA
  const b = await cache.document('B')

  expect([a?.entry.value, b?.entry.value]).toEqual([2, 1])
  expect(cache.log.applied).toBe(2)
  cache.close()
})

it('drops a document of a lost history that Redis gave before the log could be read', async () => {
  let isDown = true
  const answer = async <Value>(value: Value): Promise<Value> => {
    if (isDown) throw new Error('down')
    return value
  }
  const redis = {
    get: async () => ({ document: aDocument('A', 105, 105, 'lost'), stamp: '105 105 lost' }),
    put: async () => {},
    mayLoad: async () => true,
  } as unknown as RedisTier
  const cache = aCache({
    redis,
    readLog: () =>
      answer({
        database: 'd',
        top: 100,
        topToken: 't100',
        tokenAtAfter: undefined,
        heads: [],
        asked: [{ scope: 'A', revision: 90, token: 't90' }],
      }),
    load: () => answer(new Map([['A', aDocument('A', 90, 100)]])),
  })
  const early = await cache.document('A')
  isDown = false
  await cache.log.catchUp()

  const later = await cache.document('A')

  expect([early?.entry.value, later?.entry.value]).toEqual([105, 90])
  cache.close()
})

function aDocument(scope: string, revision: number, asOf: number, token = revision > 0 ? `t${revision}` : ''): StampedDocument {
  return { scope, revision, asOf, token, text: String(revision) }
}

function aCache(parts: Pick<DocumentCacheParts<number>, 'readLog' | 'load'> & { readonly redis?: RedisTier }): DocumentCache<number> {
  return new DocumentCache<number>({
    options: { maxEntries: 100, maxBytes: 1_000_000, ttlMs: 1_000_000, readMs: 2_000 },
    hasReplica: false,
    redis: undefined,
    materialize: (document) => Number(document.text),
    onKept: () => {},
    onRemoved: () => {},
    events: { changed: () => {}, servedStale: () => {}, failed: () => {} },
    ...parts,
  })
}

/** A log that can answer late, with what it knew when it was asked. */
function aLog() {
  const heads = new Map<string, number>()
  let top = 0
  let gate: { readonly asked: () => void; readonly open: Promise<void> } | undefined
  return {
    top: () => top,
    commit: (scopes: readonly string[]) => {
      top++
      for (const scope of scopes) heads.set(scope, top)
    },
    documents: (scopes: readonly string[]) => new Map(scopes.map((scope) => [scope, aDocument(scope, heads.get(scope) ?? 0, top)])),
    read: async (after: number): Promise<LogPage> => {
      const news = [...heads].filter(([, revision]) => revision > after)
      const page = {
        database: 'd',
        top,
        topToken: `t${top}`,
        tokenAtAfter: `t${after}`,
        heads: news.map(([scope, revision]) => ({ scope, revision, token: `t${revision}` })),
        asked: [],
      }
      const held = gate
      gate = undefined
      held?.asked()
      await held?.open
      return page
    },
    hold: () => {
      let release = (): void => {}
      let asked = (): void => {}
      const open = new Promise<void>((resolve) => {
        release = resolve
      })
      const reached = new Promise<void>((resolve) => {
        asked = resolve
      })
      gate = { asked, open }
      return { release, reached }
    },
  }
}
