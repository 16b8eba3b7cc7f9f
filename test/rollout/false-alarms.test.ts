import { describe, expect, it } from 'vitest'
import { evidenceThreshold, logEvidence } from '../../src/rollout/evidence.js'

const ROLLOUTS = 2_000
const SUBJECTS = 1_500
const THRESHOLD = Math.log(evidenceThreshold(0.05, 1))

describe('a guard that is looked at after every subject', () => {
  it.each([0.01, 0.05, 0.2])(
    'raises a false alarm in at most one of twenty rollouts when both arms fail with probability %s',
    (share) => {
      const random = seeded(Math.round(share * 1_000))
      const alarms = Array.from({ length: ROLLOUTS }, () => subjectsUntilAlarm(random, share, share)).filter(Number.isFinite)

      expect(alarms.length / ROLLOUTS).toBeLessThanOrEqual(0.05)
    },
    60_000,
  )

  it.each([
    [0.02, 0.5, 60],
    [0.05, 0.2, 220],
    [0.05, 0.1, 1_000],
  ])(
    'notices %d against %d, in half of all rollouts within %d subjects',
    (control, candidate, limit) => {
      const random = seeded(5)
      const times = Array.from({ length: 400 }, () => subjectsUntilAlarm(random, control, candidate)).sort((one, other) => one - other)

      expect(times[200]).toBeLessThanOrEqual(limit)
    },
    60_000,
  )
})

/** Subjects come one at a time, to either arm with the same probability. */
function subjectsUntilAlarm(random: () => number, control: number, candidate: number): number {
  let [bad, total] = [0, 0]
  for (let subject = 1; subject <= SUBJECTS; subject++) {
    const isCandidate = random() < 0.5
    if (random() >= (isCandidate ? candidate : control)) continue
    total++
    if (!isCandidate) continue
    bad++
    if (logEvidence({ bad, total, theta: 0.5 }) >= THRESHOLD) return subject
  }
  return Number.POSITIVE_INFINITY
}

/** mulberry32: the same numbers at every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
