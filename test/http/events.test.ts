import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { EventStreams } from '../../src/http/event-streams.js'
import { toNodeHandler } from '../../src/http/index.js'
import { eventually } from '../support/eventually.js'
import { ADMIN, type OpenHandler, openHandler } from './open-handler.js'

let open: OpenHandler
let streams: ReadableStreamDefaultReader<string>[] = []

beforeAll(async () => {
  open = await openHandler()
})

afterEach(async () => {
  await Promise.all(streams.map((stream) => stream.cancel()))
  streams = []
})

afterAll(() => open.close())

/** A stream of events, and what came of it until some text did. */
async function connect(lastEventId?: string, from = open) {
  const headers = { ...ADMIN, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) }
  const response = await from.handler(new Request('http://host/config/api/events', { headers }))
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  streams.push(reader)
  let text = ''
  return {
    response,
    async until(wanted: RegExp): Promise<string> {
      while (!wanted.test(text)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`The stream ended with: ${text}`)
        text += value
      }
      return text
    },
    async toTheEnd(): Promise<string> {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return text
        text += value
      }
    },
  }
}

/** Listeners that streams have on the manager. */
function watchListeners({ manager }: OpenHandler): ReadonlySet<unknown> {
  const listening = new Set<unknown>()
  const on = manager.on.bind(manager)
  manager.on = ((event: never, listener: never) => {
    listening.add(listener)
    const stop = on(event, listener)
    return () => {
      listening.delete(listener)
      stop()
    }
  }) as typeof manager.on
  return listening
}

const changesIn = (text: string) =>
  [...text.matchAll(/(?:id: (\d+)\n)?event: change\ndata: (.*)\n/g)].map(([, id, data]) => ({ id: id && Number(id), ...JSON.parse(data!) }))

const write = async (name: string) => (await open.ask('POST', '/prompts', { name, template: 'x' })).body.revision as number

describe('the stream of events', () => {
  it('says when it is ready, and then each change under its revision', async () => {
    const { response, until } = await connect()
    const text = await until(/event: ready/)
    const revision = await write('live')

    const [change] = changesIn(await until(/"live"/))

    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
    expect(text).toMatch(/^retry: 1000\n\nid: \d+\nevent: ready\ndata: \{"revision":\d+/)
    expect(change).toEqual({ id: revision, kind: 'prompt', project: 'default', name: 'live', revision, origin: 'here' })
  })

  it('begins with what a client missed, oldest first, and nothing twice', async () => {
    const seen = await write('seen')
    const missed = [await write('missed-1'), await write('missed-2')]
    const { until } = await connect(String(seen))
    await until(/event: ready/)
    const later = await write('later')

    const text = await until(/"later"/)

    expect(changesIn(text).map(({ id }) => id)).toEqual([...missed, later])
    expect(text.indexOf('missed-2')).toBeLessThan(text.indexOf('event: ready'))
  })

  it('goes on where a list ends', async () => {
    for (const path of ['/prompts', '/context-rules', '/rollouts', '/changelog']) {
      const { revision } = (await open.ask('GET', path)).body
      expect(revision).toBe(open.manager.stats().revision)
      await open.manager.prompts.createVersion({ name: 'after-the-list', template: path })

      const text = await (await connect(String(revision))).until(/event: ready/)

      expect(text.match(/event: change/g)).toHaveLength(1)
      expect(text).toContain('after-the-list')
    }
  })

  it('gives a transaction one id, at its last change', async () => {
    const { until } = await connect()
    await until(/event: ready/)

    await open.manager.transaction(async ({ prompts, contextRules }) => {
      await prompts.create({ name: 'together-1', template: 'x' })
      await contextRules.create({ context: 'together' })
      await prompts.create({ name: 'together-2', template: 'x' })
    })
    const { revision } = (await open.manager.changelog.list({ limit: 1 })).items[0]!
    const live = changesIn(await until(new RegExp(`id: ${revision}\n`)))
    const replayed = changesIn(await (await connect(String(revision - 1))).until(/event: ready/))

    for (const changes of [live, replayed]) {
      expect(changes.map(({ name }) => name).sort()).toEqual(['', 'together-1', 'together-2'])
      expect(changes.map(({ id }) => id)).toEqual([undefined, undefined, revision])
    }
  })

  it('tells a client to load everything anew when it missed too much, or comes from the future', async () => {
    const { revision } = open.manager.stats()

    // What is no revision was not given here: its client may hold anything.
    for (const id of [String(revision! + 1_000), '9'.repeat(16), '9'.repeat(400), 'nonsense', '-1', '1.5', '1, 2', '0x1', '٣'].map(
      encodeURI,
    ))
      expect(await (await connect(id)).until(/event: ready/), id).toContain('event: reset')
    expect(await (await connect('')).until(/event: ready/)).not.toMatch(/event: (reset|change)/)
    expect(changesIn(await (await connect('0')).until(/event: ready/)).length).toBeGreaterThan(3)
  })

  it('is told apart from what was pruned', async () => {
    const other = await openHandler()
    await other.ask('POST', '/prompts', { name: 'old', template: 'x' })
    await other.ask('POST', '/prompts', { name: 'young', template: 'x' })
    const list = other.manager.changelog.list.bind(other.manager.changelog)
    // The first row is gone.
    other.manager.changelog.list = async (query) => ({ items: (await list(query)).items.filter(({ configName }) => configName !== 'old') })

    expect(await (await connect('0', other)).until(/event: ready/)).toContain('event: reset')
    expect(await (await connect('1', other)).until(/event: ready/)).toContain('young')
    await other.close()
  })

  it('ends when the handler is closed, and no other begins', async () => {
    const other = await openHandler()
    const { toTheEnd, until } = await connect(undefined, other)
    await until(/event: ready/)

    other.handler.close()

    expect(await toTheEnd()).toContain('retry: 1000')
    expect((await other.ask('GET', '/events')).status).toBe(503)
    await other.close()
  })

  it('is let go of with its client', async () => {
    const other = await openHandler()
    const listening = watchListeners(other)
    const controller = await other.handler(new Request('http://host/config/api/events', { headers: ADMIN }))
    expect(listening.size).toBe(1)

    await controller.body!.cancel()

    expect(listening.size).toBe(0)
    await other.close()
  })

  it('is not kept open for a client that wants its headers alone', async () => {
    const other = await openHandler()
    const listening = watchListeners(other)

    const answer = await other.handler(new Request('http://host/config/api/events', { method: 'HEAD', headers: ADMIN }))

    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    await eventually(() => listening.size === 0)
    await other.close()
  })

  it('is not kept open for a client that went away before it began', async () => {
    const other = await openHandler()
    const listening = watchListeners(other)
    const catchUp = other.manager.catchUp.bind(other.manager)
    let goOn = () => {}
    other.manager.catchUp = async () => {
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      await catchUp()
    }
    const closed = vi.fn()
    const server = createServer((request, response) => {
      response.on('close', closed)
      toNodeHandler(other.handler)(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const asked = new AbortController()
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/config/api/events`
    const answer = fetch(url, { headers: { ...ADMIN, 'last-event-id': '0' }, signal: asked.signal }).catch(() => {})
    await eventually(() => listening.size === 1)

    asked.abort()
    await answer
    await eventually(() => closed.mock.calls.length === 1)
    goOn()

    await eventually(() => listening.size === 0)
    server.close()
    await other.close()
  })

  it('is dropped when its client does not read', async () => {
    const { manager, listeners, tell } = standIn()
    const streams = new EventStreams(manager as never)
    await streams.open(undefined)

    for (let revision = 2; listeners.size > 0 && revision < 100; revision++) {
      tell(revision, { name: 'x'.repeat(100_000) })
      await Promise.resolve()
    }

    expect(listeners.size).toBe(0)
  })
})

describe('a change that is heard before the one that came before it', () => {
  it('gives no id: who comes back with it would miss the other', async () => {
    const { manager, tell } = standIn()
    const told = await textOf(new EventStreams(manager as never))

    tell(3)
    await told.until(/"revision":3/)
    tell(2)
    manager.state.revision = 3

    expect(changesIn(await told.until(/"revision":2/)).map(({ id, revision }) => ({ id, revision }))).toEqual([
      { id: undefined, revision: 3 },
      { id: 2, revision: 2 },
    ])
  })

  it('is not missed by a stream that is opened then: the log is read before the stream is ready', async () => {
    const { manager } = standIn()
    Object.assign(manager.state, { revision: 1, lag: 2 })
    manager.catchUp = async () => void Object.assign(manager.state, { revision: 3, lag: 0 })

    expect(await (await textOf(new EventStreams(manager as never))).until(/event: ready/)).toMatch(/id: 3\nevent: ready/)
  })

  it('does not keep a stream closed while the log cannot be read', async () => {
    const { manager } = standIn()
    manager.state.lag = 2
    manager.catchUp = () => Promise.reject(new Error('PostgreSQL is away'))

    expect(await (await textOf(new EventStreams(manager as never))).until(/event: ready/)).toMatch(/id: 1\nevent: ready/)
  })
})

/** A manager whose messages come in the order that a test wants. */
function standIn() {
  const listeners = new Set<(change: object) => void>()
  const manager = {
    state: { revision: 1, lag: 0 },
    stats: () => manager.state,
    catchUp: async () => {},
    on: (_: string, listener: (change: object) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const tell = (revision: number, change: object = {}) => {
    for (const listener of listeners) listener({ kind: 'prompt', name: 'p', ...change, revision })
  }
  return { manager, listeners, tell }
}

async function textOf(streams: EventStreams) {
  const { body } = await streams.open(undefined)
  const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    async until(wanted: RegExp): Promise<string> {
      while (!wanted.test(text)) text += (await reader.read()).value
      return text
    },
  }
}
