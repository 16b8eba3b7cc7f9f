import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseBusMessage } from '../../src/shared/bus-message.js'

const change = { type: 'prompt', key: null, revision: 7, token: 't', database: 'd', scopes: ['prompt:default:a'] }

it('reads a change, with or without its scopes', () => {
  expect(parseBusMessage(JSON.stringify(change))).toEqual({
    form: 'change',
    database: 'd',
    revision: 7,
    token: 't',
    scopes: ['prompt:default:a'],
  })
  expect(parseBusMessage(JSON.stringify({ revision: 7, token: 't', database: 'd' }))).toMatchObject({ form: 'change', scopes: undefined })
})

it("reads the plan's own message, which has no revision", () => {
  expect(parseBusMessage('{"type":"prompt","key":null}')).toEqual({ form: 'plain', type: 'prompt', key: undefined })
  expect(parseBusMessage('{"type":"all","key":"prompt:default:a"}')).toEqual({ form: 'plain', type: 'all', key: 'prompt:default:a' })
})

it('refuses what is malformed, mistyped or oversized', () => {
  const refused = [
    '',
    'null',
    '[]',
    '"text"',
    '{',
    '{}',
    '{"type":1}',
    ...[0, -1, 1.5, '7', 2 ** 53, null].map((revision) => JSON.stringify({ ...change, revision })),
    ...[{ token: 1 }, { database: 1 }, { token: undefined }, { scopes: 'a' }, { scopes: [1] }].map((part) =>
      JSON.stringify({ ...change, ...part }),
    ),
    JSON.stringify({ ...change, scopes: ['x'.repeat(8_000)] }),
  ]

  expect(refused.filter((text) => parseBusMessage(text) !== undefined)).toEqual([])
})

it('never throws, whatever is sent', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.object().map((value) => JSON.stringify({ ...change, ...value })),
      ),
      (text) => {
        const message = parseBusMessage(text)
        if (message?.form === 'change') {
          expect(Number.isSafeInteger(message.revision)).toBe(true)
          expect(typeof message.token).toBe('string')
        }
      },
    ),
  )
})
