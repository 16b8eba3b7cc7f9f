import type { ConfigKind } from '../../entities/config-kind.js'
import type { WriteMeta } from '../../entities/written.js'
import { InUseError, NotFoundError } from '../../shared/errors.js'
import { type EntityState, versionIn } from './entity-state.js'
import type { Write } from './write.js'

/** A version whose content must not be kept. */
export interface Purge extends WriteMeta {
  readonly kind: ConfigKind
  /** The name; the context of a context rule. */
  readonly name: string
  readonly version: number
  /** @default the manager's project, 'default' */
  readonly project?: string
  /** Who asks for it. Required: what was there is gone afterwards. */
  readonly changedBy: string
  /** Why. Required. */
  readonly summary: string
}

/** The row and the time that the content is cached under. */
export interface PurgedRow {
  readonly id: number
  readonly createdAtMicros: number
}

/**
 * Takes the content of a version out of its row and out of the changelog. The version stays, empty and deactivated, so that its number is
 * not given again; the purge has a changelog row of its own.
 */
export function purgeOf({ kind, name, version, changedBy, summary }: Purge, project: string): Write<PurgedRow> {
  return {
    asks: [{ kind, project, name, versions: [version], rows: [version] }],
    decide: ([state]) => {
      const { labels, rollouts, rows } = state as EntityState
      const noun = `version ${version} of ${kind} "${name}" (project "${project}")`
      const row = rows.get(version)
      if (!versionIn(state as EntityState, version) || !row) throw new NotFoundError(`There is no ${noun}.`)
      const carried = [...labels].filter(([, at]) => at === version).map(([label]) => `"${label}"`)
      if (carried.length > 0) throw new InUseError(`The label ${carried.join(', ')} points at ${noun}. Promote another version first.`)
      const rollout = rollouts.find(({ arms }) => arms.some((arm) => arm.version === version))
      if (rollout) throw new InUseError(`Rollout ${rollout.id} is ${rollout.status} and has ${noun} as an arm. Conclude it first.`)
      return {
        steps: [{ do: 'purge', kind, project, name, version, change: 'purge', by: changedBy, summary }],
        answer: () => ({ id: Number(row.id), createdAtMicros: microsOf(row.created_at as string) }),
      }
    },
  }
}

/** Microseconds since 1970 of an ISO date, which has more digits than a Date keeps. */
function microsOf(iso: string): number {
  const [, fraction = ''] = /\.(\d+)/.exec(iso) ?? []
  const seconds = Math.floor(Date.parse(iso) / 1_000)
  return seconds * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}
