import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rollout } from '../../src/entities/rollout.js'
import { chooseVersion, coverageAt } from '../../src/rollout/choose-version.js'
import { builtProgram } from '../support/built-program.js'
import { aRollout, choose } from './a-rollout.js'
import table from './subjects.json' with { type: 'json' }

const SUBJECTS = Array.from({ length: 100_000 }, (_, index) => `user-${index}`)
const SALTS = ['rollout-1', '8a6e0804-2bd0-4672-b79d-d97027f9071a', '42']

describe('chooseVersion', () => {
  it("gives the label's version, or nothing, when no rollout runs", () => {
    expect(choose(undefined)).toEqual({ label: 'production', version: 1, reason: 'label' })
    expect(choose(aRollout({ status: 'concluded' }))).toEqual({ label: 'production', version: 1, reason: 'label' })
    expect(choose(undefined, { labelVersion: undefined })).toBeUndefined()
  })

  it('gives an arm to a subject that is covered', () => {
    const selection = choose(aRollout({ arms: [{ version: 4, weight: 1 }] }))

    expect(selection).toEqual({ label: 'production', version: 4, rolloutId: 'rollout-1', arm: 0, reason: 'split' })
  })

  it("gives the label's version to the others, and names the rollout", () => {
    expect(choose(aRollout({ coverageBasisPoints: 0 }))).toEqual({
      label: 'production',
      version: 1,
      rolloutId: 'rollout-1',
      reason: 'label',
    })
    expect(choose(aRollout({ coverageBasisPoints: 0 }), { labelVersion: undefined })).toBeUndefined()
  })

  it.each([[undefined], ['']])("never guesses: without a subject (%j) it gives the label's version", (subject) => {
    expect(choose(aRollout(), { subject })).toMatchObject({ version: 1, reason: 'no-subject' })
  })

  it('gives nobody an arm while paused, not even those it names', () => {
    const paused = aRollout({ status: 'paused', forced: { 'user-7': 4 } })

    expect(choose(paused)).toEqual({ label: 'production', version: 1, rolloutId: 'rollout-1', reason: 'paused' })
    expect(choose(paused, { stickyArm: 1 })).toMatchObject({ version: 1, reason: 'paused' })
  })

  it('gives named subjects their version, covered or not, whatever the conditions', () => {
    const rollout = aRollout({ coverageBasisPoints: 0, forced: { 'user-7': 4, ghost: 9 }, when: { plan: 'pro' } })

    expect(choose(rollout)).toEqual({ label: 'production', version: 4, rolloutId: 'rollout-1', arm: 1, reason: 'forced' })
    expect(choose(rollout, { subject: 'ghost' })).toEqual({ label: 'production', version: 9, rolloutId: 'rollout-1', reason: 'forced' })
  })

  it.each(['constructor', '__proto__', 'toString'])('takes %s as a subject like any other', (subject) => {
    expect(choose(aRollout({ forced: {} }), { subject })?.reason).toBe('split')
  })

  it('splits only those for whom the conditions hold', () => {
    const rollout = aRollout({ when: { plan: 'pro', age: { $gte: 18 } } })

    expect(choose(rollout, { attributes: { plan: 'pro', age: 30 } })?.reason).toBe('split')
    expect(choose(rollout, { attributes: { plan: 'pro', age: 17 } })).toMatchObject({ version: 1, reason: 'condition' })
    expect(choose(rollout)).toMatchObject({ version: 1, reason: 'condition' })
  })

  it('follows a remembered arm within the coverage, whatever the weights', () => {
    const moved = aRollout({
      sticky: true,
      arms: [
        { version: 3, weight: 0 },
        { version: 4, weight: 100 },
      ],
    })

    for (const subject of SUBJECTS.slice(0, 200)) {
      expect(choose(moved, { subject, stickyArm: 0 })).toMatchObject({ version: 3, arm: 0, reason: 'split' })
    }
    expect(choose({ ...moved, coverageBasisPoints: 0 }, { stickyArm: 0 })).toMatchObject({ version: 1, reason: 'label' })
    expect(choose(moved, { stickyArm: 7 })).toMatchObject({ version: 4, arm: 1, reason: 'split' })
  })

  it('gives an arm without weight to nobody', () => {
    const rollout = aRollout({
      arms: [
        { version: 3, weight: 0 },
        { version: 4, weight: 1 },
        { version: 5, weight: 0 },
      ],
    })

    expect(new Set(SUBJECTS.slice(0, 20_000).map((subject) => choose(rollout, { subject })?.version))).toEqual(new Set([4]))
  })

  it('answers with the label when a stored rollout has no arm to give', () => {
    expect(choose(aRollout({ arms: [] }))).toMatchObject({ version: 1, reason: 'label' })
    expect(choose(aRollout({ arms: [{ version: 4, weight: 0 }] }))).toMatchObject({ version: 1, reason: 'label' })
  })

  it('changes nothing it is given', () => {
    const rollout = Object.freeze(aRollout({ when: Object.freeze({ plan: 'pro' }), forced: Object.freeze({ ada: 4 }) }))

    expect(() => chooseVersion(Object.freeze({ rollout, labelVersion: 1, label: 'production', subject: 'user-7', now: 0 }))).not.toThrow()
  })
})

describe('the split', () => {
  it('is the one in the checked-in table', () => {
    const rollout = aRollout({ id: table.rolloutId, arms: table.arms, coverageBasisPoints: table.coverageBasisPoints })

    const arms = Object.keys(table.armOf).map((subject) => [subject, choose(rollout, { subject })?.arm ?? null])

    expect(Object.fromEntries(arms)).toEqual(table.armOf)
  })

  it('is the same in another process', async () => {
    const script = builtProgram(new URL('print-arms.ts', import.meta.url))

    const { stdout } = await promisify(execFile)(process.execPath, [script])

    expect(JSON.parse(stdout)).toEqual(table.armOf)
  })

  it('only adds subjects as coverage rises: nobody leaves, nobody changes arm', () => {
    const arms = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 5 }).filter((weights) => weights.some(Boolean))
    const steps = fc
      .array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2, maxLength: 6 })
      .map((points) => points.sort((a, b) => a - b))

    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 30 }),
        arms,
        steps,
        (id, subjects, weights, coverages) => {
          const rollout = aRollout({ id, arms: weights.map((weight, index) => ({ version: index + 1, weight })) })
          for (const subject of subjects) {
            const answers = coverages.map((coverageBasisPoints) => choose({ ...rollout, coverageBasisPoints }, { subject })?.arm)
            const entered = answers.findIndex((arm) => arm !== undefined)
            if (entered === -1) continue
            expect(new Set(answers.slice(entered)).size).toBe(1)
          }
          expect(subjects.every((subject) => choose(rollout, { subject })?.reason === 'split')).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each(SALTS)('covers as many of 100,000 subjects as it says (%s)', (id) => {
    for (const coverageBasisPoints of [1, 820, 1_000, 5_000, 9_999]) {
      const covered = tally(aRollout({ id, coverageBasisPoints }), ({ reason }) => reason)

      expectShares(covered, { split: coverageBasisPoints, label: 10_000 - coverageBasisPoints })
    }
  })

  it.each(SALTS)('shares subjects out by weight (%s)', (id) => {
    for (const weights of [
      [50, 50],
      [1, 2, 3],
      [90, 5, 5],
      [33.3, 33.3, 33.4],
      [1_000_000, 1_000_000],
    ]) {
      const rollout = aRollout({ id, arms: weights.map((weight, index) => ({ version: index + 1, weight })) })

      expectShares(
        tally(rollout, ({ arm }) => `${arm}`),
        Object.fromEntries(weights.entries()),
      )
    }
  })

  it.each(SALTS)('shares out those it covers as it would everybody: gate and arm are independent (%s)', (id) => {
    for (const coverageBasisPoints of [500, 1_000, 5_000, 9_000]) {
      const covered = tally(aRollout({ id, coverageBasisPoints }), ({ reason, arm }) => (reason === 'split' ? `${arm}` : undefined))

      expectShares(covered, { 0: 50, 1: 50 })
    }
  })

  it('gives the same subjects independent arms in two rollouts', () => {
    const arms = new Map<string, number>()
    for (const subject of SUBJECTS) {
      const pair = `${choose(aRollout({ id: 'one' }), { subject })?.arm}${choose(aRollout({ id: 'two' }), { subject })?.arm}`
      arms.set(pair, (arms.get(pair) ?? 0) + 1)
    }

    expectShares(arms, { '00': 1, '01': 1, '10': 1, '11': 1 })
  })
})

describe('coverageAt', () => {
  const rollout = { coverageBasisPoints: 100, schedule: [step(1_000, 500), step(2_000, 10_000), step(3_000, 0)] }

  it.each([
    [0, 100],
    [999, 100],
    [1_000, 500],
    [2_999, 10_000],
    [3_000, 0],
    [9_999_999, 0],
  ])('at %i ms is %i', (now, expected) => {
    expect(coverageAt(rollout, now)).toBe(expected)
  })

  it('goes by the clock of the read', () => {
    const scheduled = aRollout({ coverageBasisPoints: 0, schedule: [step(1_000, 10_000)] })

    expect(choose(scheduled, { now: 999 })?.reason).toBe('label')
    expect(choose(scheduled, { now: 1_000 })?.reason).toBe('split')
  })
})

function step(atMs: number, coverageBasisPoints: number) {
  return { atMs, coverageBasisPoints }
}

function tally(rollout: Rollout, keyOf: (selection: NonNullable<ReturnType<typeof choose>>) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (const subject of SUBJECTS) {
    const key = keyOf(choose(rollout, { subject })!)
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Pearson's chi-squared test; a fair split fails it once in 10,000 tries, and these tries are always the same ones. */
function expectShares(counts: ReadonlyMap<string, number>, weights: Readonly<Record<string, number>>): void {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const weightSum = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  let chiSquared = 0
  for (const [key, weight] of Object.entries(weights)) {
    const expected = (total * weight) / weightSum
    chiSquared += ((counts.get(key) ?? 0) - expected) ** 2 / expected
  }
  const critical = [15.14, 18.42, 21.11][Object.keys(weights).length - 2]
  expect(chiSquared).toBeLessThan(critical!)
}
