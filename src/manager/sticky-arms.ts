import { BoundedMap } from '../cache/bounded-map.js'
import type { Rollout } from '../entities/rollout.js'

/** Assignments remembered in memory; the table knows all of them. */
const MAX_REMEMBERED = 50_000

/** Which arm each subject of a sticky rollout was given first. */
export class StickyArms {
  readonly #assign: (rolloutId: string, subject: string, arm: number) => Promise<number>
  readonly #known = new BoundedMap<number>(MAX_REMEMBERED)
  readonly #asking = new Map<string, Promise<number>>()

  constructor(assign: (rolloutId: string, subject: string, arm: number) => Promise<number>) {
    this.#assign = assign
  }

  known(rollout: Rollout, subject: string): number | undefined {
    return this.#known.get(`${rollout.id}:${subject}`)
  }

  /** The remembered arm, or `arm`, which is remembered from now on. With the database away it is `arm`, and nothing is remembered. */
  async assign(rollout: Rollout, subject: string, arm: number): Promise<number> {
    const key = `${rollout.id}:${subject}`
    let asking = this.#asking.get(key)
    if (!asking) {
      asking = this.#assign(rollout.id, subject, arm).finally(() => this.#asking.delete(key))
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
}
