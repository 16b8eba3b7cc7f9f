import type { HttpManager } from './manager.js'

/**
 * A revision up to which every change that was committed before this call is known to this worker: its reads from now on have all of them.
 * `undefined` when PostgreSQL has never answered.
 */
export async function knownRevision(manager: HttpManager): Promise<number | undefined> {
  await manager.catchUp()
  return manager.stats().revision
}
