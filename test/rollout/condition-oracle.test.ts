import { evalCondition } from '@growthbook/growthbook'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { conditionProblem } from '../../src/rollout/condition-problem.js'
import { conditionsHold } from '../../src/rollout/conditions.js'
import { loadPatternEngine } from '../../src/rollout/pattern.js'
import { unhindered } from '../support/unhindered.js'

beforeAll(loadPatternEngine)

const scalars = fc.constantFrom<unknown>(
  '',
  'a',
  'A',
  'b',
  'ab',
  '1',
  '1.2.3',
  'v1.2.3-rc.1+build',
  '10.0.0',
  0,
  1,
  2,
  18,
  -1,
  true,
  false,
  null,
)
const values = fc.oneof(
  { weight: 3, arbitrary: scalars },
  fc.array(scalars, { maxLength: 4 }),
  fc.dictionary(fc.constantFrom('a', 'b'), scalars, { noNullPrototype: true }),
)
const attributes = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', '__x'),
  fc.oneof(values, fc.array(fc.dictionary(fc.constantFrom('a', 'b'), values, { noNullPrototype: true }), { maxLength: 3 })),
  { noNullPrototype: true },
)
const PATTERNS = ['a', '^a', 'b$', '^(a|b)*$', '[0-9]+', '^$', 'null', ',', '\\.', 'A/B', 'a{2}']

const { conditions } = fc.letrec((tie) => ({
  operator: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(fc.constant('$eq'), scalars),
    fc.tuple(fc.constant('$ne'), scalars),
    fc.tuple(fc.constant('$lt'), fc.constantFrom<unknown>(1, 'a', '1', 0)),
    fc.tuple(fc.constant('$lte'), fc.constantFrom<unknown>(1, 'a', '1', 0)),
    fc.tuple(fc.constant('$gt'), fc.constantFrom<unknown>(1, 'a', '1', 0)),
    fc.tuple(fc.constant('$gte'), fc.constantFrom<unknown>(1, 'a', '1', 0)),
    fc.tuple(fc.constant('$in'), fc.array(scalars, { maxLength: 3 })),
    fc.tuple(fc.constant('$nin'), fc.array(scalars, { maxLength: 3 })),
    fc.tuple(fc.constant('$ini'), fc.array(scalars, { maxLength: 3 })),
    fc.tuple(fc.constant('$nini'), fc.array(scalars, { maxLength: 3 })),
    fc.tuple(fc.constant('$all'), fc.array(tie('value'), { maxLength: 3 })),
    fc.tuple(fc.constant('$alli'), fc.array(scalars, { maxLength: 3 })),
    fc.tuple(fc.constant('$exists'), fc.boolean()),
    fc.tuple(fc.constant('$regex'), fc.constantFrom(...PATTERNS)),
    fc.tuple(fc.constant('$regexi'), fc.constantFrom(...PATTERNS)),
    fc.tuple(fc.constant('$type'), fc.constantFrom('string', 'number', 'boolean', 'array', 'object', 'null', 'undefined')),
    fc.tuple(fc.constant('$size'), fc.oneof(fc.nat(3), fc.record({ $gt: fc.nat(2) }))),
    fc.tuple(fc.constant('$elemMatch'), fc.oneof(tie('operators'), tie('conditions'))),
    fc.tuple(fc.constant('$not'), tie('value')),
    fc.tuple(fc.constant('$veq'), fc.constantFrom('1.2.3', 'v1.2.3', '10.0.0')),
    fc.tuple(fc.constant('$vne'), fc.constantFrom('1.2.3', '10.0.0')),
    fc.tuple(fc.constant('$vgt'), fc.constantFrom('1.2.3', '9.0.0')),
    fc.tuple(fc.constant('$vgte'), fc.constantFrom('1.2.3', '9.0.0')),
    fc.tuple(fc.constant('$vlt'), fc.constantFrom('1.2.3', '9.0.0')),
    fc.tuple(fc.constant('$vlte'), fc.constantFrom('1.2.3', '9.0.0')),
  ),
  operators: objectOf(tie('operator') as fc.Arbitrary<[string, unknown]>, { minLength: 1, maxLength: 2 }),
  value: fc.oneof({ depthSize: 'small' }, values, tie('operators')),
  entry: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(fc.constantFrom('a', 'b', 'c', 'a.b', 'c.a', 'constructor'), tie('value')),
    fc.tuple(fc.constantFrom('$and', '$or', '$nor'), fc.array(tie('conditions'), { minLength: 1, maxLength: 3 })),
    fc.tuple(fc.constant('$not'), tie('conditions')),
  ),
  conditions: objectOf(tie('entry') as fc.Arbitrary<[string, unknown]>, { maxLength: 3 }),
}))

function objectOf(entry: fc.Arbitrary<[string, unknown]>, length: fc.ArrayConstraints): fc.Arbitrary<Record<string, unknown>> {
  return fc.array(entry, length).map((entries) => Object.fromEntries(entries))
}

describe('conditions', () => {
  it("hold where GrowthBook's evaluator says they do", () => {
    const seen = { true: 0, false: 0 }
    // $and, $or and $nor for an element's parts: their evaluator logs that it does not know them there.
    const unknown = vi.spyOn(console, 'error').mockImplementation(() => {})
    fc.assert(
      fc.property(conditions, attributes, (when, given) => {
        fc.pre(conditionProblem(when) === undefined && !JSON.stringify(when).includes('constructor'))
        const expected = evalCondition(given, when as never)
        fc.pre(unknown.mock.calls.splice(0).length === 0)
        seen[`${expected}`] += 1
        expect(conditionsHold(when as never, given)).toBe(expected)
      }),
      { numRuns: 5_000 },
    )

    unknown.mockRestore()
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(500)
  })

  it('look at own properties only', () => {
    expect(conditionsHold({ constructor: { $exists: true } }, {})).toBe(false)
    expect(conditionsHold({ 'a.length': 1 }, { a: ['x'] })).toBe(true)
  })
})

describe('the work of conditions', () => {
  it.each([
    ['^(\\w+\\s?)*$', `${'a'.repeat(2_000)}!`],
    ['^(a+)+$', `${'a'.repeat(2_000)}!`],
    ['(x+x+)+y', 'x'.repeat(2_000)],
    ['(a?){50}a{50}$', `${'a'.repeat(2_000)}!`],
    ['(.*)(.*)(.*)(.*)(.*)(.*)z$', 'a'.repeat(2_000)],
    ['^(a|a)*$', `${'a'.repeat(2_000)}!`],
  ])('of $regex %s does not double with each letter of the text', (pattern, text) => {
    expect(unhindered(() => conditionsHold({ a: { $regex: pattern } }, { a: text }))).toBe(false)
    expect(unhindered(() => conditionsHold({ a: { $not: { $regexi: pattern } } }, { a: text }))).toBe(true)
  })

  it('ends at the longest attribute: a longer one fulfils neither a pattern, nor a version, nor their opposite', () => {
    const long = 'a'.repeat(2_049)
    for (const test of [{ $regex: 'a' }, { $regexi: 'b' }, { $veq: '1' }, { $vne: '1' }]) {
      expect(conditionsHold({ a: test }, { a: long })).toBe(false)
      expect(conditionsHold({ a: { $not: test } }, { a: long })).toBe(false)
      expect(conditionsHold({ $nor: [{ a: test }] }, { a: long })).toBe(false)
    }
    expect(conditionsHold({ a: { $regex: '^a+$' } }, { a: long.slice(1) })).toBe(true)
  })

  it('is bounded for lists as well', () => {
    const many = Array.from({ length: 50_000 }, () => 'aaaa')
    const holds = (conditions: Record<string, unknown>) => unhindered(() => conditionsHold(conditions as never, { a: many }))

    expect(holds({ a: { $elemMatch: { $regex: 'b' } } })).toBe(false)
    expect(holds({ a: { $not: { $all: ['b', { $in: ['c'] }, 'd'] } } })).toBe(true)
    expect(holds({ $and: Array.from({ length: 40 }, () => ({ a: { $nin: ['b'] } })) })).toBe(false)
  })

  it('with an invalid part matches no subject, however it is negated', () => {
    const spy = vi.spyOn(console, 'error')
    for (const invalid of [
      { a: { $regex: '(' } },
      { a: { $regex: '(?!x)' } },
      { a: { $regx: 'x' } },
      { a: { $in: 'x' } },
      { $or: 'x' },
      { $x: 1 },
    ]) {
      for (const when of [invalid, { $not: invalid }, { $nor: [invalid] }, { $or: [{}, invalid] }]) {
        expect(conditionsHold(when as never, { a: 'x' })).toBe(false)
      }
    }
    expect(spy).not.toHaveBeenCalled()
    spy.mockRestore()
  })
})
