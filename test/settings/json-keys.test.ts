import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { createConfig, isConfigError } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

function load(files: Record<string, string>, env: Record<string, string> = {}, schema?: Parameters<typeof createConfig>[0] & object) {
  const listed = Object.keys(files).filter((name) => name !== 's.json')
  return createConfig({ root: aFolder(files), files: listed, secretsFile: 's.json', prefix: 'P', env, onWarning: () => {}, ...schema })
}

describe('a key that stands twice in one object of JSON', () => {
  it.each([
    ['at the top', '{"A": 1,\n "A": 2}', /a\.json:2:2 has the key "A" twice/],
    ['with the same value', '{"A": 1, "A": 1}', /a\.json:1:10 has the key "A" twice/],
    ['in a table', '{\n  "db": {\n    "port": 1,\n    "host": "h",\n    "port": 2\n  }\n}', /a\.json:5:5 has the key "port" twice/],
    ['in a table of a list', '{"l": [{"a": 1}, {"b": [], "a": {}, "b": 1}]}', /has the key "b" twice/],
    ['behind a table with the same key', '{"a": {"a": 1}, "a": 2}', /a\.json:1:17 has the key "a" twice/],
    ['with an escape', '{"caf\\u00e9": 1, "café": 2}', /has the key "café" twice/],
    ['that is empty', '{"": 1, "": 2}', /has the key "" twice/],
    ['between CRLF', '{\r\n"A": 1,\r\n"A": 2}', /a\.json:3:1 has/],
    ['behind texts that look like keys', '{"A": "\\"B\\": {", "B": "}", "B": 1}', /has the key "B" twice/],
    ['as a section', '{"default": {"A": 1}, "default": {"B": 2}}', /has the key "default" twice/],
  ])('is refused %s', (_, text, message) => {
    const error = (() => {
      try {
        load({ 'a.json': text })
      } catch (thrown) {
        return thrown
      }
      return undefined
    })()

    expect(isConfigError(error, 'E_SETTINGS_FILE') && error.message).toMatch(message)
    expect(error).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
  })

  it('is refused in the file of secrets without its value', () => {
    expect(() => load({ 'a.json': '{}', 's.json': '{"PIN": "hunter2", "PIN": "hunter3"}' })).toThrow(
      /^(?!.*hunter).*s\.json:1:20 has the key "PIN"/,
    )
  })

  it('is no repetition in another object, or in another case', () => {
    const text = '{"a": {"x": 1}, "b": {"x": 1}, "l": [{"x": 1}, {"x": 2}], "x": 3, "h": {"K": 1, "k": 2}}'
    const schema = v.looseObject({ h: v.record(v.string(), v.number()) })

    expect(load({ 'a.json': text }, {}, { schema }).values).toEqual(JSON.parse(text))
  })

  it('makes the text of a variable one that is not JSON', () => {
    const schema = v.object({ T: v.record(v.string(), v.number()), L: v.array(v.object({ a: v.number() })) })

    expect(load({}, { P_T: '{"a": 1, "a": 2}' }).get('T')).toBe('{"a": 1, "a": 2}')
    expect(() => load({}, { P_T: '{"a": 1, "a": 2}', P_L: '[{"a": 1, "a": 2}]' }, { schema })).toThrow(
      /T must be a table[\s\S]*L must be a list/,
    )
    expect(() => load({}, { P_T: '@json {"a": 1, "a": 2}' })).toThrow(/T has @json, which needs JSON/)
  })

  it('is found in every document, and only where there is one', () => {
    const keys = fc.uniqueArray(
      fc.string({ maxLength: 6 }).filter((key) => key !== '__proto__' && key !== 'toJSON'),
      { minLength: 1, maxLength: 6, selector: (key) => key.toLowerCase() },
    )
    fc.assert(
      fc.property(keys, fc.json({ maxDepth: 2 }), fc.boolean(), (names, value, isRepeated) => {
        const all = isRepeated ? [...names, names[0] ?? ''] : names
        const text = `{"T": [{${all.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ')}}]}`
        const read = () => load({ 'a.json': text })

        if (isRepeated) expect(read).toThrow(/twice/)
        else expect(read).not.toThrow(/twice/)
      }),
      { numRuns: 60 },
    )
  })
})
