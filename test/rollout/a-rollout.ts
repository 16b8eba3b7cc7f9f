import type { Rollout } from '../../src/entities/rollout.js'
import type { Selection } from '../../src/entities/selection.js'
import { chooseVersion, type VersionChoice } from '../../src/rollout/choose-version.js'

/** A running rollout of version 4 against version 3, for everybody. */
export function aRollout(changes: Partial<Rollout> = {}): Rollout {
  return {
    id: 'rollout-1',
    kind: 'prompt',
    project: 'default',
    name: 'greeting',
    label: 'production',
    arms: [
      { version: 3, weight: 50 },
      { version: 4, weight: 50 },
    ],
    coverageBasisPoints: 10_000,
    coverage: 100,
    sticky: false,
    status: 'running',
    recordExposures: false,
    createdBy: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...changes,
  }
}

/** What a subject gets from a rollout on a label that points at version 1. */
export function choose(rollout: Rollout | undefined, choice: Partial<VersionChoice> = {}): Selection | undefined {
  return chooseVersion({ rollout, labelVersion: 1, label: 'production', subject: 'user-7', now: 0, ...choice })
}
