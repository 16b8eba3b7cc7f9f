import type { RolloutConditions } from '../entities/rollout.js'
import { conditionProblem } from './condition-problem.js'
import { type ConditionTest, conditionTest, Work } from './condition-test.js'
import { isPatternEngineLoaded, loadPatternEngine } from './pattern.js'

/**
 * Whether conditions hold for a read's attributes, by the rules flag systems share. Invalid conditions, which a write refuses but the
 * database may hold, match no subject, and so do attributes that are too large for them or fail while they are read: a read never throws
 * because of its conditions.
 *
 * Conditions for which `needsPatterns` is true can be evaluated once `preparePatterns` has resolved; until then they match no subject.
 */
export function conditionsHold(conditions: RolloutConditions, attributes: Readonly<Record<string, unknown>> | undefined): boolean {
  try {
    return testOf(conditions)?.(attributes ?? {}, new Work()) ?? false
  } catch {
    return false
  }
}

/** Whether conditions hold a `$regex` whose engine is not loaded yet. */
export function needsPatterns(conditions: unknown): boolean {
  return !isPatternEngineLoaded() && hasPattern(conditions)
}

/** Loads the engine for `$regex`, if conditions hold one. */
export async function preparePatterns(conditions: unknown): Promise<void> {
  if (needsPatterns(conditions)) await loadPatternEngine()
}

/** Tests by conditions, which are part of a frozen document and evaluated many times. */
const TESTS = new WeakMap<object, ConditionTest | 'invalid'>()

function testOf(conditions: RolloutConditions): ConditionTest | undefined {
  if (typeof conditions !== 'object' || conditions === null || needsPatterns(conditions)) return undefined
  let test = TESTS.get(conditions)
  if (test === undefined) {
    test = conditionProblem(conditions) === undefined ? conditionTest(conditions) : 'invalid'
    TESTS.set(conditions, test)
  }
  return test === 'invalid' ? undefined : test
}

function hasPattern(conditions: unknown): boolean {
  const seen = new Set<unknown>([conditions])
  for (const part of seen) {
    if (typeof part !== 'object' || part === null) continue
    for (const [key, value] of Object.entries(part)) {
      if (key === '$regex' || key === '$regexi') return true
      seen.add(value)
    }
  }
  return false
}
