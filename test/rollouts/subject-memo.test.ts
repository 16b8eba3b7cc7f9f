import { expect, it } from 'vitest'
import { SubjectMemo } from '../../src/manager/subject-memo.js'

it('keeps the subjects that come again, and of all others the last 10,000 to 20,000', () => {
  const memo = new SubjectMemo<number>()
  memo.set('regular', -1)
  for (let visitor = 0; visitor < 100_000; visitor++) {
    memo.set(`visitor-${visitor}`, visitor)
    if (visitor % 1_000 === 0) expect(memo.get('regular')).toBe(-1)
  }
  const kept = Array.from({ length: 100_000 }, (_, visitor) => visitor).filter((visitor) => memo.get(`visitor-${visitor}`) === visitor)

  expect(kept.length).toBeGreaterThanOrEqual(10_000)
  expect(kept.length).toBeLessThanOrEqual(20_000)
  expect(kept.at(-1)).toBe(99_999)
  memo.clear()
  expect([memo.get('regular'), memo.get('visitor-99999')]).toEqual([undefined, undefined])
})
