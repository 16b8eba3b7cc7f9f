import { beforeEach, describe, expect, it, vi } from 'vitest'
import { aCache, aGate } from './a-cache.js'
import { FakeHistory } from './fake-history.js'
import { FakeRedis } from './fake-redis.js'

const GREETING = 'prompt:default:greeting'
const OTHER = 'prompt:default:other'

let history: FakeHistory

beforeEach(() => {
  history = new FakeHistory()
})

/** A write of this process, from the moment in which it holds the lock until it is announced and cannot be followed by a read of the log. */
async function writeHere({ cache }: ReturnType<typeof aCache>, scopes: readonly string[]): Promise<void> {
  const change = history.commit(scopes)
  const documents = scopes.map((scope) => history.document(scope))
  cache.log.beginOwn(change.revision)
  history.failure = new Error('away')
  await cache.takeOwn({ ...change, documents })
  cache.log.endOwn(change.revision)
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

    await writeHere(worker, [GREETING])

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

    await writeHere(worker, [GREETING])

    expect(await worker.read(GREETING)).toBe(`${GREETING}@3`)
  })

  it('is not replaced by what was loaded before from the lost history and arrives after it', async () => {
    const worker = aCache(history)
    for (let count = 0; count < 9; count++) history.commit([GREETING], `lost ${count}`)
    await worker.cache.log.catchUp()
    const gate = aGate()
    history.gate = gate.closed
    const slow = worker.read(GREETING)
    await new Promise(setImmediate)
    history.loseAfter(2)
    history.gate = undefined

    await writeHere(worker, [GREETING])
    gate.open()

    expect([await slow, await worker.read(GREETING)]).toEqual([`${GREETING}@3`, `${GREETING}@3`])
  })

  it('is no other history when the log was read between its commit and its announcement', async () => {
    const worker = aCache(history)
    history.commit([OTHER])
    await worker.cache.log.catchUp()
    await worker.read(OTHER)

    const change = { revision: 2 }
    worker.cache.log.beginOwn(change.revision)
    const own = history.commit([GREETING])
    history.commit([OTHER])
    await worker.cache.log.catchUp()
    const heard = worker.cache.log.hearOwn(own.revision, own.token, [GREETING])

    expect(heard).not.toBe('elsewhere')
    await worker.cache.log.catchUp()
    expect([await worker.read(GREETING), await worker.read(OTHER)]).toEqual([`${GREETING}@2`, `${OTHER}@3`])
    expect(worker.said.failed).toEqual([])
  })
})

describe('an own write under a number that was only announced for another change', () => {
  /** A worker that heard of revisions 3 to 8, all of them of a history that ends at 2 now, and loaded what they say. */
  async function aheadOfTheLog(change: readonly string[]) {
    const redis = new FakeRedis()
    const worker = aCache(history, { redis })
    history.commit([GREETING])
    history.commit([OTHER])
    await worker.cache.log.catchUp()
    for (let count = 0; count < 6; count++) worker.hear(history.commit(change, `lost ${count}`))
    worker.hear(history.commit([OTHER], 'lost'))
    await Promise.all([worker.read(GREETING), worker.read(OTHER)])
    await redis.put([GREETING, OTHER].map((scope) => ({ document: history.document(scope) })))
    history.loseAfter(2)
    return worker
  }

  it('is served though the log cannot be read, whatever its scope contained by then', async () => {
    const worker = await aheadOfTheLog(['prompt:default:third'])
    expect(await worker.read(GREETING)).toBe(`${GREETING}@1`)

    await writeHere(worker, [GREETING])

    expect(await worker.read(GREETING)).toBe(`${GREETING}@3`)
  })

  it('is followed by nothing older, from memory or Redis, though its scope was changed under a higher number that is lost', async () => {
    const worker = await aheadOfTheLog([GREETING])
    expect(await worker.read(GREETING)).toBe('lost 5')

    await writeHere(worker, [GREETING])

    await expect(worker.read(GREETING)).rejects.toThrow('away')
    history.failure = undefined
    expect(await worker.read(GREETING)).toBe(`${GREETING}@3`)
  })
})

describe('a change of the new history that is announced before the log was read', () => {
  it('makes a document be read again whose stamp was counted in the lost one', async () => {
    const worker = aCache(history)
    for (let count = 0; count < 3; count++) history.commit([GREETING])
    await worker.cache.log.catchUp()
    for (let count = 0; count < 5; count++) history.commit([OTHER])
    expect(await worker.read(GREETING)).toBe(`${GREETING}@3`)
    history.loseAfter(3)

    worker.hear(history.commit([GREETING], 'new'))

    expect(await worker.read(GREETING)).toBe('new')
  })
})

it('revisions that were only announced, lost, and overwritten are settled without a word: nothing of them was served', async () => {
  const worker = aCache(history)
  history.commit([GREETING])
  await worker.read(GREETING)
  const lost = [history.commit([OTHER], 'lost'), history.commit([OTHER], 'lost')]
  for (const change of lost) worker.hear(change)

  history.loseAfter(1)
  for (let count = 0; count < 3; count++) history.commit([OTHER])
  await worker.cache.log.catchUp()

  expect([await worker.read(GREETING), await worker.read(OTHER)]).toEqual([`${GREETING}@1`, `${OTHER}@4`])
  expect(worker.said.failed).toEqual([])
})

describe('a change that was announced and is lost with its history', () => {
  async function aWorkerThatHoldsWhatIsLost() {
    const worker = aCache(history)
    history.commit([GREETING])
    history.commit([OTHER])
    for (let count = 0; count < 5; count++) history.commit([GREETING], `lost ${count}`)
    await worker.cache.log.catchUp()
    expect(await worker.read(GREETING)).toBe('lost 4')
    history.failure = new Error('away')
    worker.hear(history.commit([GREETING], 'lost 5'))
    await expect(worker.read(GREETING)).rejects.toThrow('away')
    history.loseAfter(2)
    history.restoreText(GREETING, 'kept')
    history.failure = undefined
    return worker
  }

  it('does not leave its predecessor, which is lost as well, to be served when the primary does not bear it out', async () => {
    const worker = await aWorkerThatHoldsWhatIsLost()

    expect(await worker.read(GREETING)).toBe('kept')
  })

  it('nor while the log, which would tell of the other history, cannot be read', async () => {
    const worker = await aWorkerThatHoldsWhatIsLost()
    history.logFailure = new Error('no log')

    await expect(worker.read(GREETING)).rejects.toThrow('no log')

    history.logFailure = undefined
    expect(await worker.read(GREETING)).toBe('kept')
  })
})

it('a document that was loaded again is replaced, though the stamp of the one in memory, counted in a lost history, is higher', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const worker = aCache(history, { ttlMs: 1_000 })
  history.commit([GREETING], 'old')
  for (let count = 0; count < 8; count++) history.commit([OTHER])
  await worker.cache.log.catchUp()
  expect(await worker.read(GREETING)).toBe('old')
  history.loseAfter(1)
  history.commit([GREETING], 'new')

  vi.advanceTimersByTime(1_101)
  worker.cache.tick()
  await worker.read(GREETING)
  await new Promise(setImmediate)

  expect(await worker.read(GREETING)).toBe('new')
  vi.useRealTimers()
})
