import { BoundedMap } from '../cache/held/bounded-map.js'
import type { Rollout } from '../entities/rollout.js'
import { NOT_ENROLLED } from '../rollout/choose-version.js'

/** Most assignments kept in memory; the table has all of them. */
const MAX_REMEMBERED = 50_000

export interface StickyArmsParts {
  readonly assign: (rolloutId: string, subject: string, arm: number) => Promise<number>
  /** The arm that was assigned before, if one was. */
  readonly find: (rolloutId: string, subject: string) => Promise<number | undefined>
}

/** Which arm each subject of a sticky rollout was given first. */
export class StickyArms {
  readonly #parts: StickyArmsParts
  readonly #known = new BoundedMap<number>(MAX_REMEMBERED)
  readonly #asking = new Map<string, Promise<number>>()

  constructor(parts: StickyArmsParts) {
    this.#parts = parts
  }

  known(rollout: Rollout, subject: string): number | undefined {
    return this.#known.get(`${rollout.id}:${subject}`)
  }

  /**
   * The remembered arm, or `arm`, which is remembered from now on. With the database away it is `arm`, and nothing is remembered. In a
   * rollout that takes no new subjects `NOT_ENROLLED` instead of `arm`.
   */
  async assign(rollout: Rollout, subject: string, arm: number): Promise<number> {
    if (rollout.enrol === false) return this.#find(rollout, subject)
    const key = `${rollout.id}:${subject}`
    let asking = this.#asking.get(key)
    if (!asking) {
      asking = this.#parts.assign(rollout.id, subject, arm).finally(() => this.#asking.delete(key))
      this.#asking.set(key, asking)
    }
    try {
      const assigned = await asking
      this.#known.set(key, assigned)
      return assigned
    } catch {
      return arm
    }
  }

  /** A subject without an arm is looked up again at its next read, because enrolment may have been resumed. */
  async #find(rollout: Rollout, subject: string): Promise<number> {
    const arm = await this.#parts.find(rollout.id, subject).catch(() => undefined)
    if (arm === undefined) return NOT_ENROLLED
    this.#known.set(`${rollout.id}:${subject}`, arm)
    return arm
  }
}
