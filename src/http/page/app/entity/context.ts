import { can } from '../api/abilities.js'
import type { Rollout, Version } from '../api/wire.js'
import { pathOf, type Target } from '../api/writes.js'

/** What the tabs and the panels of a page know about its name. */
export interface Context {
  readonly target: Target
  readonly versions: readonly Version[]
  readonly shown: Version
  readonly labels: ReadonlyMap<string, number>
  readonly rollouts: readonly Rollout[]
  /** Where each label was before, if there is a way back. */
  readonly before: ReadonlyMap<string, number>
}

/** Whether the API renders this kind for the playground. */
export const canTry = (target: Target): boolean => target.kind.kind === 'prompt' && can('POST', `${pathOf(target)}/preview`)
