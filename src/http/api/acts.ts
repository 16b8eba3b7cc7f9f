import type { Action } from '../actor.js'
import type { Call, Services } from '../endpoint.js'

/** The action of a read, as `can` is asked about it. */
export function reading({ defaults }: Services, kind: string, project: string | undefined, name = '*'): Action {
  return { verb: 'read', kind, project: project ?? defaults.project, name, labels: [] }
}

/** Who writes, why, on what condition, and how long to wait: for every write of the library. */
export function metaOf(
  call: Call<{ readonly wait_for_workers?: number | undefined }, unknown>,
  summary?: string | undefined,
): { changedBy: string; summary?: string; waitForWorkers?: number; ifUnchangedSince?: number } {
  const wait = call.query?.wait_for_workers
  const { actor, ifUnchangedSince } = call
  return {
    changedBy: actor,
    ...(summary !== undefined && { summary }),
    ...(wait !== undefined && { waitForWorkers: wait }),
    ...(ifUnchangedSince !== undefined && { ifUnchangedSince }),
  }
}

/** The project of a request: that of its query or its body, else the manager's. */
export function projectOf(services: Services, ...given: readonly (string | undefined)[]): string {
  return given.find((project) => project !== undefined) ?? services.defaults.project
}
