import { expect, it, vi } from 'vitest'

it('loads the engine when the first conditions with a $regex come, and not before', async () => {
  vi.resetModules()
  const { conditionsHold, needsPatterns, preparePatterns } = await import('../../src/rollout/conditions.js')
  const { isPatternEngineLoaded } = await import('../../src/rollout/pattern.js')
  const self: { $or: unknown[] } = { $or: [] }
  self.$or.push(self, self)

  await preparePatterns({ a: 1, $or: [{ b: { $in: ['$regex'] } }] })
  await preparePatterns(undefined)
  await preparePatterns(self)
  expect(conditionsHold({ a: 1 }, { a: 1 })).toBe(true)
  expect(isPatternEngineLoaded()).toBe(false)

  const when = { $or: [{ a: { $not: { $regexi: '^X' } } }] }
  expect(needsPatterns(when)).toBe(true)
  expect(conditionsHold(when, { a: 'y' })).toBe(false)
  await preparePatterns(when)
  expect(needsPatterns(when)).toBe(false)
  expect(conditionsHold(when, { a: 'y' })).toBe(true)
})
