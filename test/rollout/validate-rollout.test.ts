import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RolloutSplit, validateRamp, validateResume, validateStart } from '../../src/rollout/validate-rollout.js'
import { InvalidArgumentError } from '../../src/shared/errors.js'

const ARMS = [
  { version: 3, weight: 50 },
  { version: 4, weight: 50 },
]
const START: RolloutSplit = { arms: ARMS, coverageBasisPoints: 1_000, sticky: false, recordExposures: false }

describe('validateStart', () => {
  it('gives the split as it is stored, with defaults', () => {
    expect(validateStart({ arms: ARMS }, refuse)).toEqual({
      arms: ARMS,
      coverageBasisPoints: 10_000,
      sticky: false,
      recordExposures: false,
    })
  })

  it('takes everything that can be said', () => {
    const split = validateStart(
      {
        arms: ARMS,
        coverage: 8.2,
        sticky: true,
        recordExposures: true,
        forced: { 'user-7': 4 },
        when: { plan: 'pro' },
        schedule: [
          { at: '2026-03-01T09:00:00Z', coverage: 25 },
          { at: '2026-03-01T10:30:00+01:00', coverage: 50.5 },
          { at: new Date('2026-03-02'), coverage: 100 },
        ],
      },
      refuse,
    )

    expect(split).toEqual({
      arms: ARMS,
      coverageBasisPoints: 820,
      sticky: true,
      recordExposures: true,
      forced: { 'user-7': 4 },
      when: { plan: 'pro' },
      schedule: [
        { atMs: Date.UTC(2026, 2, 1, 9), coverageBasisPoints: 2_500 },
        { atMs: Date.UTC(2026, 2, 1, 9, 30), coverageBasisPoints: 5_050 },
        { atMs: Date.UTC(2026, 2, 2), coverageBasisPoints: 10_000 },
      ],
    })
  })

  it('covers nobody before the first step of a schedule, unless told otherwise', () => {
    const schedule = [{ at: '2026-03-01', coverage: 10 }]

    expect(validateStart({ arms: ARMS, schedule }, refuse).coverageBasisPoints).toBe(0)
    expect(validateStart({ arms: ARMS, schedule, coverage: 5 }, refuse).coverageBasisPoints).toBe(500)
  })

  it('takes every percentage with two decimals exactly', () => {
    for (let points = 0; points <= 10_000; points++) {
      expect(validateStart({ arms: ARMS, coverage: Number((points / 100).toFixed(2)) }, refuse).coverageBasisPoints).toBe(points)
    }
  })

  it.each([
    [{ arms: [] }, 'arms'],
    [{ arms: undefined }, 'arms'],
    [{ arms: [null] }, 'arms[0].version'],
    [{ arms: [{ version: 0, weight: 1 }] }, 'arms[0].version'],
    [{ arms: [{ version: 1.5, weight: 1 }] }, 'arms[0].version'],
    [{ arms: [...ARMS, { version: 3, weight: 1 }] }, 'arms[2].version'],
    [{ arms: [{ version: 3, weight: -1 }] }, 'arms[0].weight'],
    [{ arms: [{ version: 3, weight: Number.NaN }] }, 'arms[0].weight'],
    [{ arms: [{ version: 3, weight: Number.POSITIVE_INFINITY }] }, 'arms[0].weight'],
    [{ arms: [{ version: 3 }] }, 'arms[0].weight'],
    [
      {
        arms: [
          { version: 3, weight: 0 },
          { version: 4, weight: 0 },
        ],
      },
      'arms',
    ],
    [{ coverage: 10.125 }, 'coverage'],
    [{ coverage: -1 }, 'coverage'],
    [{ coverage: 100.01 }, 'coverage'],
    [{ coverage: '10' }, 'coverage'],
    [{ coverage: Number.NaN }, 'coverage'],
    [{ sticky: 'yes' }, 'sticky'],
    [{ recordExposures: 1 }, 'recordExposures'],
    [{ forced: [] }, 'forced'],
    [{ forced: { '': 3 } }, 'forced'],
    [{ forced: { ada: 9 } }, 'forced.ada'],
    [{ when: { age: { $gtt: 1 } } }, 'when.age.$gtt'],
    [{ when: null }, 'when'],
    [{ schedule: [] }, 'schedule'],
    [{ schedule: {} }, 'schedule'],
    [{ schedule: [{ at: '2026-03-01T09:00', coverage: 1 }] }, 'schedule[0].at'],
    [{ schedule: [{ at: 'soon', coverage: 1 }] }, 'schedule[0].at'],
    [{ schedule: [{ at: new Date(Number.NaN), coverage: 1 }] }, 'schedule[0].at'],
    [
      {
        schedule: [
          { at: '2026-03-02', coverage: 1 },
          { at: '2026-03-01', coverage: 2 },
        ],
      },
      'schedule[1].at',
    ],
    [{ schedule: [{ at: '2026-03-02', coverage: 0.001 }] }, 'schedule[0].coverage'],
  ])('refuses %j, naming %s', (changes, field) => {
    expect(() => validateStart({ arms: ARMS, ...changes } as never, refuse)).toThrow(
      expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field }),
    )
  })

  it('keeps a subject named __proto__', () => {
    const { forced } = validateStart({ arms: ARMS, forced: JSON.parse('{"__proto__": 4}') }, refuse)

    expect(Object.entries(forced!)).toEqual([['__proto__', 4]])
  })

  it('throws nothing but what it was handed, for anything at all', () => {
    fc.assert(
      fc.property(
        fc.record(
          { arms: fc.anything(), coverage: fc.anything(), forced: fc.anything(), when: fc.anything(), schedule: fc.anything() },
          { requiredKeys: [] },
        ),
        (settings) => {
          try {
            validateStart(settings as never, refuse)
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidArgumentError)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('validateRamp', () => {
  const scheduled: RolloutSplit = { ...START, sticky: true, schedule: [{ atMs: 0, coverageBasisPoints: 5_000 }] }

  it('changes coverage, and ends the schedule', () => {
    expect(validateRamp(scheduled, { coverage: 25 }, 5_000, refuse)).toEqual({ ...START, sticky: true, coverageBasisPoints: 2_500 })
  })

  it('changes weights, and stays at the coverage the schedule had reached', () => {
    const arms = [
      { version: 3, weight: 10 },
      { version: 4, weight: 90 },
    ]

    expect(validateRamp(scheduled, { arms }, 5_000, refuse)).toEqual({ ...START, sticky: true, arms, coverageBasisPoints: 5_000 })
    expect(validateRamp(scheduled, { weights: [10, 90] }, 5_000, refuse)).toMatchObject({ arms })
  })

  it.each([
    [{}, 'coverage'],
    [{ coverage: 1.234 }, 'coverage'],
    [{ arms: ARMS, weights: [1, 1] }, 'weights'],
    [{ weights: [1] }, 'weights'],
    [{ weights: [0, 0] }, 'weights'],
    [{ weights: [1, -1] }, 'weights[1]'],
    [{ arms: [...ARMS].reverse() }, 'arms'],
    [{ arms: [ARMS[0]] }, 'arms'],
    [
      {
        arms: [
          { version: 3, weight: 1 },
          { version: 5, weight: 1 },
        ],
      },
      'arms',
    ],
    [
      {
        arms: [
          { version: 3, weight: 0 },
          { version: 4, weight: 0 },
        ],
      },
      'arms',
    ],
  ])('refuses %j, naming %s', (ramp, field) => {
    expect(() => validateRamp(START, ramp as never, 1_000, refuse)).toThrow(expect.objectContaining({ field }))
  })
})

describe('validateResume', () => {
  it('lets a split go on that could be started', () => {
    expect(() =>
      validateResume({ ...START, forced: { ada: 3 }, when: { plan: 'pro' }, schedule: [{ atMs: 0, coverageBasisPoints: 1 }] }, refuse),
    ).not.toThrow()
  })

  it.each([
    [{ arms: [] }, 'arms'],
    [{ arms: [{ version: 3, weight: 0 }] }, 'arms'],
    [{ coverageBasisPoints: 10_001 }, 'coverage'],
    [{ coverageBasisPoints: 0.5 }, 'coverage'],
    [{ when: { $where: '1' } }, 'when.$where'],
    [{ forced: { ada: 9 } }, 'forced.ada'],
    [{ schedule: [{ atMs: 0, coverageBasisPoints: -1 }] }, 'schedule[0].coverage'],
  ])('refuses %j, naming %s', (changes, field) => {
    expect(() => validateResume({ ...START, ...changes } as never, refuse)).toThrow(expect.objectContaining({ field }))
  })
})

function refuse(field: string, expectation: string): never {
  throw new InvalidArgumentError(field, expectation)
}
