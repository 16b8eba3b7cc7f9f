import { describe, expect, it, vi } from 'vitest'
import { Events } from '../../src/shared/events.js'

interface Heard {
  change: (event: { readonly version: number }) => void
  error: (event: { readonly error: Error }) => void
}

const change = { version: 2 }

describe('events', () => {
  it('reach the listeners of their name, in the order in which these came', () => {
    const events = new Events<Heard>(vi.fn())
    const told: string[] = []
    events.on('change', ({ version }) => told.push(`first ${version}`))
    events.on('change', ({ version }) => told.push(`second ${version}`))
    events.on('error', () => told.push('error'))

    events.emit('change', change)

    expect(told).toEqual(['first 2', 'second 2'])
  })

  it('keep what a listener throws or rejects with away from the others and from whoever emits', async () => {
    const onListenerError = vi.fn()
    const events = new Events<Heard>(onListenerError)
    const last = vi.fn()
    events.on('change', () => {
      throw new Error('thrown')
    })
    events.on('change', (async () => {
      throw new Error('rejected')
    }) as () => void)
    events.on('change', last)

    events.emit('change', change)
    await Promise.resolve()

    expect(last).toHaveBeenCalledWith(change)
    expect(onListenerError.mock.calls.map(([error, name]) => [(error as Error).message, name])).toEqual([
      ['thrown', 'change'],
      ['rejected', 'change'],
    ])
  })

  it('count one function twice when it listens twice, and stop one of the two', () => {
    const events = new Events<Heard>(vi.fn())
    const listener = vi.fn()
    const stop = events.on('change', listener)
    events.on('change', listener)

    events.emit('change', change)
    stop()
    stop()
    events.emit('change', change)

    expect(listener).toHaveBeenCalledTimes(3)
    expect(events.has('change')).toBe(true)
  })

  it('are told to those who listened when they began', () => {
    const events = new Events<Heard>(vi.fn())
    const late = vi.fn()
    const gone = vi.fn()
    events.on('change', () => {
      events.on('change', late)
      stop()
    })
    const stop = events.on('change', gone)

    events.emit('change', change)
    expect([late.mock.calls.length, gone.mock.calls.length]).toEqual([0, 1])

    events.emit('change', change)
    expect([late.mock.calls.length, gone.mock.calls.length]).toEqual([1, 1])
  })

  it('reach nobody after the end, and stopping then changes nothing', () => {
    const events = new Events<Heard>(vi.fn())
    const listener = vi.fn()
    const stop = events.on('change', listener)

    events.removeAll()
    stop()
    events.emit('change', change)

    expect(listener).not.toHaveBeenCalled()
    expect([events.has('change'), events.has('error')]).toEqual([false, false])
  })
})
