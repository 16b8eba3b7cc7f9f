import fc from 'fast-check'
import { expect, it } from 'vitest'
import { judge } from '../../src/rollout/guard.js'

const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 3 },
]

it('what a guard finds can be written as JSON, with however many bad subjects', () => {
  const bad = fc.integer({ min: 0, max: 1_000_000 })
  fc.assert(
    fc.property(bad, bad, fc.constantFrom(0, 1), (control, candidate, place) => {
      const counts = { exposed: [1_000_000, 3_000_000], bad: { error: place === 0 ? [control, candidate] : [candidate, control] } }
      const [found] = judge({ metrics: [{ name: 'error' }], alpha: 0.05, control: place }, ARMS, counts)

      expect(JSON.parse(JSON.stringify(found))).toEqual(found)
      expect(found?.verdict === 'worse').toBe((found?.evidence as number) >= 20)
    }),
    { examples: [[0, 1_000_000, 0]] },
  )
})
