import { beforeEach, describe, expect, it } from 'vitest'
import { aCache } from './a-cache.js'
import { FakeHistory } from './fake-history.js'

const GREETING = 'prompt:default:greeting'
const OTHER = 'prompt:default:other'

let history: FakeHistory

beforeEach(() => {
  history = new FakeHistory()
})

/** A write of this process, from the moment in which it holds the lock until it is announced. */
function writeHere({ cache }: ReturnType<typeof aCache>, scopes: readonly string[], meanwhile = () => {}) {
  const { generation } = cache
  const change = history.commit(scopes)
  cache.log.beginOwn(change.revision)
  meanwhile()
  const heard = cache.log.hearOwn(change.revision, change.token, scopes)
  for (const scope of scopes) cache.put(history.document(scope), generation)
  cache.log.endOwn(change.revision)
  return heard
}

describe('an own write under a number that the log had given to another change', () => {
  it('is served at once though the log cannot be read, and what is not known to be lost goes on being served', async () => {
    const worker = aCache(history)
    history.commit([GREETING])
    history.commit([OTHER])
    for (let count = 0; count < 8; count++) history.commit([GREETING], `lost ${count}`)
    await worker.cache.log.catchUp()
    expect([await worker.read(GREETING), await worker.read(OTHER)]).toEqual(['lost 7', `${OTHER}@2`])
    history.loseAfter(4)
    history.restoreText(GREETING, 'lost 1')

    const heard = writeHere(worker, [GREETING])
    history.failure = new Error('away')

    expect(heard).toBe('elsewhere')
    expect([await worker.read(GREETING), await worker.read(OTHER)]).toEqual([`${GREETING}@5`, `${OTHER}@2`])
    history.failure = undefined
    await worker.cache.log.catchUp()
    expect(worker.said.failed).toEqual([expect.stringContaining('another history')])
    expect([await worker.read(GREETING), await worker.read(OTHER)]).toEqual([`${GREETING}@5`, `${OTHER}@2`])
  })

  it('is served though its scope was changed under a higher number in the history that is lost', async () => {
    const worker = aCache(history)
    for (let count = 0; count < 9; count++) history.commit([GREETING], `lost ${count}`)
    await worker.cache.log.catchUp()
    await worker.read(GREETING)
    history.loseAfter(2)

    writeHere(worker, [GREETING])

    expect(await worker.read(GREETING)).toBe(`${GREETING}@3`)
  })

  it('is no other history when the log was read between its commit and its announcement', async () => {
    const worker = aCache(history)
    history.commit([OTHER])
    await worker.cache.log.catchUp()
    await worker.read(OTHER)
    const { generation } = worker.cache

    const change = { revision: 2 }
    worker.cache.log.beginOwn(change.revision)
    const own = history.commit([GREETING])
    history.commit([OTHER])
    await worker.cache.log.catchUp()
    const heard = worker.cache.log.hearOwn(own.revision, own.token, [GREETING])

    expect(heard).not.toBe('elsewhere')
    await worker.cache.log.catchUp()
    expect(worker.cache.generation).toBe(generation)
    expect([await worker.read(GREETING), await worker.read(OTHER)]).toEqual([`${GREETING}@2`, `${OTHER}@3`])
    expect(worker.said.failed).toEqual([])
  })
})
