import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { conditionProblem } from '../../src/rollout/condition-problem.js'
import { conditionsHold } from '../../src/rollout/conditions.js'
import { loadPatternEngine } from '../../src/rollout/pattern.js'

beforeAll(loadPatternEngine)

describe('conditionsHold', () => {
  it.each([
    [{}, {}, true],
    [{ plan: 'pro' }, { plan: 'pro' }, true],
    [{ plan: 'pro' }, { plan: 'free' }, false],
    [{ plan: 'pro' }, undefined, false],
    [{ age: { $gte: 18, $lt: 65 } }, { age: 18 }, true],
    [{ age: { $gte: 18, $lt: 65 } }, { age: 65 }, false],
    [{ country: { $in: ['de', 'fr'] } }, { country: 'fr' }, true],
    [{ country: { $nin: ['de', 'fr'] } }, { country: 'fr' }, false],
    [{ 'user.roles': { $elemMatch: { $eq: 'admin' } } }, { user: { roles: ['admin'] } }, true],
    [{ tags: { $all: ['a', 'b'] } }, { tags: ['b', 'c', 'a'] }, true],
    [{ tags: { $size: { $gt: 1 } } }, { tags: ['a'] }, false],
    [{ email: { $regex: '@example\\.org$' } }, { email: 'ada@example.org' }, true],
    [{ email: { $exists: false } }, {}, true],
    [{ version: { $vgte: '1.10.0' } }, { version: '1.9.3' }, false],
    [{ $or: [{ plan: 'pro' }, { age: { $gt: 60 } }] }, { plan: 'free', age: 61 }, true],
    [{ $nor: [{ plan: 'pro' }, { plan: 'team' }] }, { plan: 'free' }, true],
    [{ $not: { plan: 'pro' } }, { plan: 'pro' }, false],
    [{ age: { $not: { $gt: 5 } } }, { age: 4 }, true],
    [{ on: true }, { on: true }, true],
    [{ left: null }, {}, true],
  ])('of %j for %j is %s', (conditions, attributes, holds) => {
    expect(conditionProblem(conditions)).toBeUndefined()
    expect(conditionsHold(conditions, attributes)).toBe(holds)
  })

  it('is false, says nothing and throws nothing for malformed conditions, and for attributes that fail', () => {
    const spy = vi.spyOn(console, 'error')
    for (const broken of [null, { $or: 7 }, { a: { $elemMatch: null } }, { $not: null }, { a: { $unknown: 1 } }]) {
      expect(conditionsHold(broken as never, { a: [1] })).toBe(false)
    }
    const failing = {
      get a() {
        throw new Error('no')
      },
    }
    expect(conditionsHold({ a: 1 }, failing)).toBe(false)
    expect(spy).not.toHaveBeenCalled()
    spy.mockRestore()
  })
})

describe('conditionProblem', () => {
  it.each([
    [null, ''],
    ['plan', ''],
    [[], ''],
    [new Date(), ''],
    [{ $where: 'process.exit()' }, '.$where'],
    [{ $savedGroup: { id: 'x' } }, '.$savedGroup'],
    [{ $or: [] }, '.$or'],
    [{ $or: {} }, '.$or'],
    [{ $and: [{ a: 1 }, { b: { $gtt: 1 } }] }, '.$and[1].b.$gtt'],
    [{ $not: 'x' }, '.$not'],
    [{ age: { $gte: [] } }, '.age.$gte'],
    [{ age: { $gte: 18, max: 3 } }, '.age.max'],
    [{ age: { $constructor: 1 } }, '.age.$constructor'],
    [{ plan: { $in: 'pro' } }, '.plan.$in'],
    [{ plan: { $in: ['pro', {}] } }, '.plan.$in[1]'],
    [{ plan: { $inGroup: 'x' } }, '.plan.$inGroup'],
    [{ mail: { $regex: '(' } }, '.mail.$regex'],
    [{ mail: { $regex: '(?=a)' } }, '.mail.$regex'],
    [{ mail: { $regexi: '(a)\\1' } }, '.mail.$regexi'],
    [{ mail: { $regex: 'a'.repeat(1_001) } }, '.mail.$regex'],
    [{ mail: { $regex: '((a{0,100}){0,9}){0,9}' } }, '.mail.$regex'],
    [{ mail: { $regex: 7 } }, '.mail.$regex'],
    [{ version: { $veq: '1'.repeat(257) } }, '.version.$veq'],
    [{ mail: { $exists: 'yes' } }, '.mail.$exists'],
    [{ mail: { $type: 'date' } }, '.mail.$type'],
    [{ tags: { $size: 'many' } }, '.tags.$size'],
    [{ tags: { $elemMatch: 'a' } }, '.tags.$elemMatch'],
    [{ since: new Date() }, '.since'],
    [{ run: () => true }, '.run'],
    [{ n: Number.NaN }, '.n'],
    [{ n: undefined }, '.n'],
    [{ n: Number.POSITIVE_INFINITY }, '.n'],
  ])('of %j is at %j', (conditions, path) => {
    expect(conditionProblem(conditions)).toMatchObject({ path, expectation: expect.any(String) })
  })

  it('is found in conditions that nest too deep or hold themselves', () => {
    const self: Record<string, unknown> = {}
    self.$not = self
    const list: { $or: unknown[] } = { $or: [] }
    list.$or.push(list)
    const value: Record<string, unknown> = {}
    value.a = [value]

    for (const conditions of [self, list, value, { a: value }]) expect(conditionProblem(conditions)?.expectation).toContain('nest deeper')
  })

  it('is an answer for anything at all, and what has none can be evaluated', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.object({ key: fc.constantFrom('a', '$or', '$and', '$not', '$in', '$gt', '$elemMatch', '$size', '$all', '$regex') }),
        ),
        fc.object(),
        (conditions, attributes) => {
          if (conditionProblem(conditions) === undefined) expect(typeof conditionsHold(conditions as never, attributes)).toBe('boolean')
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('an evaluation over attributes that are large', () => {
  const list = Array.from({ length: 50_000 }, (_, index) => index)
  const objects = Array.from({ length: 200 }, () => list.slice(0, 200).map((index) => ({ index })))
  const text = '1'.repeat(4_000_000)

  it.each([
    ['text beside a list', list, (at: number) => `x${at}`],
    ['number beside a list', list, (at: number) => at],
    ['object beside a list', list, (at: number) => ({ x: at })],
    ['list beside objects', objects, (at: number) => [at]],
    ['number beside a text', text, (at: number) => at],
    ['order beside a list', list, (at: number) => ({ $gt: at })],
    ['folded text', text, (at: number) => ({ $ini: [`x${at}`] })],
    ['folded texts of a list', [text, text], (at: number) => ({ $alli: [`x${at}`] })],
    ['version beside a list', list, () => ({ $veq: '1.0' })],
  ])('ends soon and matches nobody: %s', (_, a, expected) => {
    const conditions = { $or: Array.from({ length: 1_000 }, (_, at) => ({ a: expected(at) })) }
    const startedAt = performance.now()

    expect(conditionsHold(conditions as never, { a })).toBe(false)
    // Without counting all that is read, one such evaluation takes up to six seconds.
    expect(performance.now() - startedAt).toBeLessThan(400)
  })

  it('is the same as before for attributes of a usual size', () => {
    const a = { list: list.slice(0, 1_000), text: text.slice(0, 10_000) }

    expect(conditionsHold({ list: a.list } as never, a)).toBe(true)
    expect(conditionsHold({ text: { $ini: [a.text] } }, a)).toBe(true)
    expect(conditionsHold({ text: a.text }, { text: a.text })).toBe(true)
  })
})
