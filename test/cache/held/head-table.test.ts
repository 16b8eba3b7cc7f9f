import { describe, expect, it } from 'vitest'
import { HeadTable } from '../../../src/cache/held/head-table.js'

it('remembers the last change of a scope, and says what was news', () => {
  const heads = new HeadTable(10)

  expect(heads.raise('a', 5, 'five')).toEqual({ revision: 5, token: 'five' })
  expect(heads.raise('a', 3, 'three')).toBeUndefined()
  expect(heads.raise('a', 5, 'five')).toBeUndefined()
  expect(heads.floor('a')).toBe(5)
  expect(heads.known('a')).toEqual({ revision: 5, token: 'five' })
})

it('lets the highest revision that was pushed out hold for every scope it does not know', () => {
  const heads = new HeadTable(2)
  heads.raise('a', 1, 'x')
  heads.raise('b', 2, 'x')
  heads.raise('c', 3, 'x')

  expect(heads.floor('a')).toBe(1)
  expect(heads.floor('never heard of')).toBe(1)
  expect(heads.known('a')).toBeUndefined()
  expect(heads.certainFrom('a')).toBe(1)
})

it('does not lower the floor of a scope that was pushed out when a late message names it', () => {
  const heads = new HeadTable(1)
  heads.raise('a', 9, 'x')
  heads.raise('b', 10, 'x')

  heads.raise('a', 4, 'late')

  expect(heads.floor('a')).toBeGreaterThanOrEqual(9)
  expect(heads.get('a')?.token).not.toBe('late')
})

it('does not lower the floor of a scope that was pushed out when an old answer of the database names it', () => {
  const heads = new HeadTable(1)
  heads.raise('a', 9, 'x')
  heads.raise('b', 10, 'x')

  heads.learn('a', 4, 'old', 8)

  expect(heads.floor('a')).toBeGreaterThanOrEqual(9)
})

it('takes over what the database says of a scope, unless it was told of something later', () => {
  const heads = new HeadTable(10)
  heads.raise('a', 9, 'forged')

  heads.learn('a', 4, 'four', 8)
  expect(heads.get('a')).toEqual({ revision: 9, token: 'forged' })
  heads.learn('a', 4, 'four', 9)
  expect(heads.get('a')).toEqual({ revision: 4, token: 'four' })
})

it('forgets everything at once', () => {
  const heads = new HeadTable(1)
  heads.raise('a', 9, 'x')
  heads.raise('b', 10, 'x')

  heads.clear()

  expect([heads.floor('a'), heads.floor('b'), heads.certainFrom('a')]).toEqual([0, 0, 0])
})

describe('where the heads up to a revision were not read', () => {
  const begun = () => {
    const heads = new HeadTable(2)
    heads.beginAt(10)
    return heads
  }

  it('a document from before it is neither known to be wrong nor certain', () => {
    const heads = begun()

    expect([heads.floor('a'), heads.certainFrom('a'), heads.known('a')]).toEqual([0, 10, undefined])
  })

  it('an answer of the database from before it teaches nothing', () => {
    const heads = begun()

    expect(heads.learn('a', 4, 'four', 9)).toBeUndefined()
    expect(heads.known('a')).toBeUndefined()
    expect(heads.learn('a', 4, 'four', 10)).toEqual({ revision: 4, token: 'four' })
    expect(heads.certainFrom('a')).toBe(4)
  })

  it('a bound is not taken for a head', () => {
    const heads = begun()
    Object.assign(heads.raise('a', 5, 'announced') ?? {}, { token: '' })

    expect([heads.floor('a'), heads.certainFrom('a'), heads.known('a')]).toEqual([5, 10, undefined])
    expect(heads.learn('a', 7, 'seven', 8)).toEqual({ revision: 5, token: '' })
  })

  it('a message about something further back contradicts nothing', () => {
    const heads = begun()

    expect(heads.contradicts('a', 9, 'nine')).toBe(false)
    expect(heads.contradicts('a', 11, 'eleven')).toBe(true)
  })

  it('what is pushed out later holds for all beside it', () => {
    const heads = begun()
    for (const [place, scope] of ['a', 'b', 'c'].entries()) heads.raise(scope, 11 + place, 'x')

    expect([heads.floor('a'), heads.certainFrom('a'), heads.floor('d')]).toEqual([11, 11, 11])
  })
})
