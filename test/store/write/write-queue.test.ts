import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WriteQueue } from '../../../src/store/write/write-queue.js'

describe('a queue of writes', () => {
  it('lets one write run at a time, in the order in which they came', async () => {
    const queue = new WriteQueue({ queueMs: 1_000 })
    const log: string[] = []
    const write = (place: number) =>
      queue.run('a', async () => {
        log.push(`begin ${place}`)
        await sleep(1)
        log.push(`end ${place}`)
      })

    await Promise.all([write(1), write(2), write(3)])

    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
  })

  it('goes round by name, so that many writes of one name do not keep another waiting', async () => {
    const queue = new WriteQueue({ queueMs: 1_000 })
    const log: string[] = []
    const write = (name: string, place: number) => queue.run(name, async () => void log.push(`${name}${place}`))

    await Promise.all([...[1, 2, 3, 4].map((place) => write('busy', place)), write('other', 1), write('third', 1)])

    expect(log).toEqual(['busy1', 'busy2', 'other1', 'third1', 'busy3', 'busy4'])
  })

  it('goes on after a write that failed', async () => {
    const queue = new WriteQueue({ queueMs: 1_000 })
    const failing = queue.run('a', () => Promise.reject(new Error('refused')))
    const next = queue.run('a', async () => 'written')

    await expect(failing).rejects.toThrow('refused')
    expect(await next).toBe('written')
    expect(await queue.run('a', async () => 'and another')).toBe('and another')
  })

  it('refuses a write when too many wait, and says that nothing was written', async () => {
    const queue = new WriteQueue({ queueMs: 1_000, maxWaiting: 2 })
    let end = (): void => {}
    const first = queue.run('a', () => new Promise<void>((resolve) => (end = resolve)))
    const waiting = [queue.run('a', async () => 1), queue.run('b', async () => 2)]

    await expect(queue.run('c', async () => 3)).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
      outcome: 'none',
      reason: 'queue_full',
    })
    end()
    await first
    expect(await Promise.all(waiting)).toEqual([1, 2])
  })

  it('gives up a write whose turn does not come in time, and nobody else', async () => {
    const queue = new WriteQueue({ queueMs: 30 })
    let end = (): void => {}
    const first = queue.run('a', () => new Promise<void>((resolve) => (end = resolve)))
    const late = queue.run('a', async () => 'late')

    await expect(late).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none', reason: 'queue_timeout' })
    expect(queue.length).toBe(0)
    const next = queue.run('a', async () => 'next')
    end()
    await first
    expect(await next).toBe('next')
  })
})
