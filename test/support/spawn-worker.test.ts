import { afterEach, expect, it } from 'vitest'
import type { EchoHandlers } from './echo-process.js'
import { spawnWorker, type Worker } from './spawn-worker.js'

const ECHO = new URL('./echo-process.ts', import.meta.url)
let worker: Worker<EchoHandlers>

afterEach(() => worker.kill())

it('answers each request with its own result, whatever the order of the answers', async () => {
  worker = await spawnWorker<EchoHandlers>(ECHO)

  const answers = await Promise.all([
    worker.ask('echo', new Map([['a', 1]]), 100),
    worker.ask('echo', new Map([['b', 2]]), 0),
    worker.ask('echo', new Map([['c', 3]]), 50),
  ])

  expect(answers).toEqual([new Map([['a', 1]]), new Map([['b', 2]]), new Map([['c', 3]])])
  expect(worker.pid).not.toBe(process.pid)
})

it('hands the error of a handler over with its message, name and code', async () => {
  worker = await spawnWorker<EchoHandlers>(ECHO)

  const failure = worker.ask('fail', 'too far')

  await expect(failure).rejects.toThrow('too far')
  await expect(failure).rejects.toMatchObject({ cause: { name: 'RangeError', code: 'E_RANGE' } })
})

it('fails what is still unanswered when the process is killed', async () => {
  worker = await spawnWorker<EchoHandlers>(ECHO)
  const failure = worker.ask('echo', new Map(), 60_000)

  const refused = expect(failure).rejects.toThrow('ended with SIGKILL before it answered')
  await worker.kill()

  await refused
})

it('ends by itself when the conversation ends', async () => {
  worker = await spawnWorker<EchoHandlers>(ECHO)

  expect(await worker.end()).toBe(0)
})
