import { expect, it } from 'vitest'
import { keepPlans } from '../../../src/store/postgres/kept-plans.js'

const LONG = `select ${'1, '.repeat(300)}1`

it('sends a long statement by name once PostgreSQL has answered that the connection is its own', async () => {
  const client = aClient({ processID: 7, backend: 7 })

  const before = keepPlans(client)([LONG, ['value']])
  await client.answered
  const after = keepPlans(client)([LONG, ['value']])

  expect(before).toEqual([LONG, ['value']])
  expect(after).toEqual([{ name: expect.stringMatching(/^agent_config_[0-9a-f]{16}$/), text: LONG, values: ['value'] }])
  expect(client.asked).toBe(1)
})

it('names nothing behind a pooler, whose process id is not the one that answers', async () => {
  const client = aClient({ processID: 7, backend: 8 })

  const prepare = keepPlans(client)
  await client.answered

  expect(prepare([LONG, ['value']])).toEqual([LONG, ['value']])
})

it('leaves short statements and statements without values as they are', async () => {
  const client = aClient({ processID: 7, backend: 7 })

  const prepare = keepPlans(client)
  await client.answered

  expect(prepare(['select $1', ['value']])).toEqual(['select $1', ['value']])
  expect(prepare([LONG, []])).toEqual([LONG, []])
  expect(prepare([LONG])).toEqual([LONG])
})

/** A connection whose only answer is the process behind it. */
function aClient({ processID, backend }: { processID: number; backend: number }) {
  const answered = Promise.resolve({ rows: [{ pid: backend }] })
  const client = {
    processID,
    answered,
    asked: 0,
    query: () => {
      client.asked++
      return answered
    },
  }
  return client
}
