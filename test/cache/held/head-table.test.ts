import { expect, it } from 'vitest'
import { HeadTable } from '../../../src/cache/held/head-table.js'

it('remembers the last change of a scope, and says what was news', () => {
  const heads = new HeadTable(10)

  expect(heads.raise('a', 5, 'five')).toEqual({ revision: 5, token: 'five' })
  expect(heads.raise('a', 3, 'three')).toBeUndefined()
  expect(heads.raise('a', 5, 'five')).toBeUndefined()
  expect(heads.floor('a')).toBe(5)
  expect(heads.isComplete).toBe(true)
})

it('lets the highest revision that was pushed out hold for every scope it does not know', () => {
  const heads = new HeadTable(2)
  heads.raise('a', 1, 'x')
  heads.raise('b', 2, 'x')
  heads.raise('c', 3, 'x')

  expect(heads.floor('a')).toBe(1)
  expect(heads.floor('never heard of')).toBe(1)
  expect(heads.isComplete).toBe(false)
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

  expect([heads.floor('a'), heads.floor('b'), heads.isComplete]).toEqual([0, 0, true])
})
