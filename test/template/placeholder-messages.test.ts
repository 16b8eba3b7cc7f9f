import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TemplateVariableError } from '../../src/shared/errors.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import { unhindered } from '../support/unhindered.js'
import { caught } from './caught.js'

const parsed = parseTemplate([{ placeholder: 'history' }])
const render = (history: unknown) => parsed.render({ history }) as unknown[]

describe('histories in a placeholder', () => {
  it.each<[string, object]>([
    [
      'a tool call without content',
      { role: 'assistant', content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
    ],
    ['a tool call with its content left out', { role: 'assistant', tool_calls: [] }],
    ['our tool call', { role: 'assistant', content: '', toolCalls: [{ id: '1', name: 'f', input: { a: [1] } }] }],
    ['a tool result', { role: 'tool', content: '{"a":1}', tool_call_id: '1' }],
    ['a developer', { role: 'developer', content: 'x' }],
    [
      'parts',
      {
        role: 'user',
        content: [
          { type: 'text', text: '{a}' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      },
    ],
    ['bytes', { role: 'user', content: [{ type: 'image', data: new Uint8Array(3) }] }],
    ['signatures', { role: 'assistant', content: [{ type: 'reasoning', text: 'x', providerMetadata: { anthropic: { signature: 's' } } }] }],
    ['no parts', { role: 'assistant', content: [] }],
  ])('pass through untouched: %s', (_name, message) => {
    const before = structuredClone(message)

    expect(render([message])[0]).toBe(message)
    expect(message).toEqual(before)
  })

  it('pass through untouched, whatever a provider puts into its messages', () => {
    const part = fc.record({ type: fc.string(), more: fc.jsonValue({ maxDepth: 5 }) }, { noNullPrototype: true })
    const content = fc.oneof(fc.string(), fc.constant(null), fc.array(part, { maxLength: 4 }))
    const message = fc.record(
      { role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool'), content, extra: fc.jsonValue() },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (history) => {
        const given = structuredClone(history)
        expect(render(history)).toEqual(given)
        for (const [index, value] of render(history).entries()) expect(value).toBe(history[index])
      }),
    )
  })

  const cycle: Record<string, unknown> = { role: 'user', content: 'x' }
  cycle.self = cycle
  const wide: unknown[] = []
  wide.push(wide, wide)
  const deep = Array.from({ length: 200 }).reduce<unknown>((inner) => ({ inner }), 'x')

  it.each<[string, unknown]>([
    ['without a content, of a user', [{ role: 'user' }]],
    ['with a number as content', [{ role: 'user', content: 7 }]],
    ['with parts without a type', [{ role: 'user', content: [{ text: 'x' }] }]],
    ['that hold themselves', [cycle]],
    ['that hold themselves twice', [{ role: 'user', content: 'x', wide }]],
    ['that nest too deep', [{ role: 'user', content: 'x', deep }]],
    ['that are too large', Array.from({ length: 17 }, () => ({ role: 'user', content: 'x'.repeat(1024 * 1024) }))],
    ['that are too many', Array.from({ length: 500_001 }, () => ({ role: 'user', content: '' }))],
  ])('are refused: %s', (_name, history) => {
    const error = unhindered(() => caught(() => render(history)))

    expect(error).toBeInstanceOf(TemplateVariableError)
    expect(error).toMatchObject({ variables: ['history'] })
  })
})
