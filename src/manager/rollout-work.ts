import { assignArm, findArm, insertExposures } from '../store/rollouts/assignments.js'
import type { ConfigStore } from '../store/write/config-store.js'
import type { ReadableDatabase } from './connections.js'
import { Exposures } from './exposures.js'
import { Guarding } from './guarding.js'
import type { ResolvedOptions } from './options.js'
import type { Reporter } from './reporter.js'
import { StickyArms } from './sticky-arms.js'

export interface RolloutWorkParts {
  readonly options: ResolvedOptions
  readonly primary: ReadableDatabase
  readonly store: ConfigStore
  readonly reporter: Reporter
  /** Connects, unless the manager is connected already. */
  readonly ready: () => Promise<void>
}

/** What rollouts need in a process beside the reads: remembered arms, exposures, outcomes, and the judge of guards. */
export class RolloutWork {
  readonly stickyArms: StickyArms
  readonly exposures: Exposures
  readonly guarding: Guarding

  constructor({ options, primary, store, reporter, ready }: RolloutWorkParts) {
    const { schema, project } = options
    const { db } = primary.database
    const onError = (error: unknown, message: string) => reporter.failed(error, message)
    this.stickyArms = new StickyArms({
      assign: (...assignment) => primary.reads.run(() => assignArm(db, schema, ...assignment)),
      find: (...subject) => primary.reads.run(() => findArm(db, schema, ...subject)),
    })
    this.exposures = new Exposures({
      emit: (exposure) => reporter.events.emit('exposure', exposure),
      write: async (rows) => {
        const times = await this.guarding.serverTimes()
        const inTime = rows.map((row) => ({ ...row, at: times(row.at) }))
        await primary.reads.run(() => insertExposures(db, schema, inTime))
      },
      onWatched: (rolloutId, guard) => this.guarding.watch(rolloutId, guard),
      onError,
    })
    this.guarding = new Guarding({
      db,
      store,
      project,
      read: (query) => primary.reads.run(query),
      ready,
      flushExposures: () => this.exposures.flush(),
      emit: (event) => reporter.events.emit('rollout:guard', event),
      onError,
    })
  }

  async close(): Promise<void> {
    await this.exposures.close()
    await this.guarding.close()
  }
}
