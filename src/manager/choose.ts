import type { Rollout } from '../entities/rollout.js'
import type { Selection } from '../entities/selection.js'
import type { Subject } from './entity-view.js'

/** The parts of a document that a choice depends on. */
export interface Choosable {
  rolloutOn(label: string): Rollout | undefined
  select(label: string, subject: Subject, stickyArm?: number): Selection | undefined
}

/** The arm that a subject of a sticky rollout was given before; `undefined` when it is not known here. */
export type ArmOf = (rollout: Rollout, subject: string) => number | undefined

export type Choice =
  | {
      readonly selection: Selection | undefined
      /** The rollout that gave the subject an arm: an exposure. */
      readonly exposes?: Rollout
    }
  /** A sticky rollout may have given the subject another arm before: the database has to be asked, and this arm stored if there was none. */
  | { readonly asks: Rollout; readonly subject: string; readonly offered: number }

/** Which version a read of a label gets in one document, and what the caller then has to do: fetch, wait, or record an exposure. */
export function choose(document: Choosable, label: string, query: Subject, armOf: ArmOf): Choice {
  const selection = document.select(label, query)
  const rollout = document.rolloutOn(label)
  const { subject } = query
  if (selection?.reason !== 'split' || !rollout || !subject) return { selection }
  if (!rollout.sticky) return { selection, exposes: rollout }
  const arm = armOf(rollout, subject)
  if (arm === undefined) return { asks: rollout, subject, offered: selection.arm as number }
  const kept = document.select(label, query, arm)
  return { selection: kept, ...(kept?.reason === 'split' && { exposes: rollout }) }
}
