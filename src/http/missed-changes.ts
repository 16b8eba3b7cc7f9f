import type { ConfigChange } from '../entities/config-change.js'
import type { HttpManager } from './manager.js'

/** A change as an event tells it. */
export interface SentChange {
  readonly kind: string
  readonly project: string
  readonly name: string
  readonly revision: number
  readonly origin: 'here' | 'elsewhere'
}

/** What a client missed; `changes` is undefined when these are too many, or no longer in the changelog. */
export interface Missed {
  readonly changes: readonly SentChange[] | undefined
  /** Every change up to this revision is listed, and applied by this worker. */
  readonly revision: number | undefined
}

/** Most changes that are sent again: a client that missed more loads everything anew. */
const MOST_CHANGES = 1_000

/** The changes after a revision, oldest first, from the changelog. */
export async function missedChanges(manager: HttpManager, seen: number | undefined): Promise<Missed> {
  if (seen === undefined) return { changes: [], revision: await currentRevision(manager) }
  // Waits for these changes here, so that a client can read them at once.
  await manager.catchUp()
  const { revision } = manager.stats()
  // A revision from the future is of another database, or of one that lost its last commits.
  if (revision !== undefined && seen > revision) return { changes: undefined, revision }
  const { items, cursor } = await manager.changelog.list({ limit: MOST_CHANGES })
  const oldest = items.at(-1)
  // Revisions have no gaps, so a missing one was pruned: the list would not be complete.
  const isWhole =
    cursor === undefined ? oldest === undefined || oldest.revision <= seen + 1 : oldest !== undefined && oldest.revision <= seen
  if (!isWhole) return { changes: undefined, revision }
  const missed = items.filter((change) => change.revision > seen && (revision === undefined || change.revision <= revision)).reverse()
  return { changes: distinct(missed), revision }
}

/** A change that was heard before the one that came before it was told to the streams that were open then: the log is read for both. */
async function currentRevision(manager: HttpManager): Promise<number | undefined> {
  if (manager.stats().lag > 0) await manager.catchUp().catch(() => {})
  return manager.stats().revision
}

/** One event for each entity of a revision, as the manager tells changes. Context rules are read as one, and told without a name. */
function distinct(changes: readonly ConfigChange[]): readonly SentChange[] {
  const told = new Map<string, SentChange>()
  for (const { configType: kind, project, configName, revision } of changes) {
    const name = kind === 'context_rules' ? '' : configName
    told.set(JSON.stringify([revision, kind, project, name]), { kind, project, name, revision, origin: 'elsewhere' })
  }
  return [...told.values()]
}
