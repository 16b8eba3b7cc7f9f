import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rollout } from '../../src/entities/rollout.js'
import { type Choosable, choose } from '../../src/manager/choose.js'
import { chooseVersion } from '../../src/rollout/choose-version.js'

const ROLLOUT: Rollout = {
  id: 'aabbcc',
  kind: 'prompt',
  project: 'default',
  name: 'p',
  label: 'production',
  arms: [
    { version: 2, weight: 1 },
    { version: 3, weight: 1 },
  ],
  coverageBasisPoints: 5_000,
  coverage: 50,
  sticky: false,
  forced: { forced: 3 },
  status: 'running',
  recordExposures: false,
  createdBy: null,
  createdAt: '2026-01-01T00:00:00.000Z',
}

function documentWith(rollout: Rollout | undefined): Choosable {
  return {
    rolloutOn: () => rollout,
    select: (label, who, stickyArm) => chooseVersion({ rollout, labelVersion: 1, label, ...who, now: 0, stickyArm }),
  }
}

const subjects = fc.oneof(fc.constantFrom('', 'forced'), fc.string({ minLength: 1 }))

describe('choosing in a document', () => {
  it('tells of an exposure exactly where a rollout gave a subject an arm', () => {
    fc.assert(
      fc.property(subjects, fc.boolean(), fc.constantFrom('running', 'paused', undefined), (subject, sticky, status) => {
        const rollout = status && { ...ROLLOUT, sticky, status }

        const choice = choose(documentWith(rollout), 'production', { subject }, () => 0)

        if ('asks' in choice) throw new Error('It knows the arm.')
        expect(choice.exposes).toBe(choice.selection?.reason === 'split' ? rollout : undefined)
      }),
    )
  })

  it('asks for an arm only in a sticky rollout that covers the subject, and takes the one it is given', () => {
    fc.assert(
      fc.property(subjects, fc.constantFrom(0, 1), (subject, arm) => {
        const document = documentWith({ ...ROLLOUT, sticky: true })
        const plain = choose(documentWith(ROLLOUT), 'production', { subject }, () => undefined)

        const choice = choose(document, 'production', { subject }, () => undefined)

        if ('asks' in plain) throw new Error('It is not sticky.')
        if (plain.selection?.reason !== 'split') {
          expect(choice).toEqual({ selection: plain.selection })
          return
        }
        expect(choice).toMatchObject({ asks: { id: ROLLOUT.id }, subject, offered: plain.selection.arm })
        const answered = choose(document, 'production', { subject }, () => arm)
        expect(answered).toMatchObject({ selection: { version: arm + 2, arm, reason: 'split' }, exposes: { id: ROLLOUT.id } })
      }),
    )
  })
})
