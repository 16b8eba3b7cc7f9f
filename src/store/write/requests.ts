import type { WriteMeta } from '../../entities/written.js'
import type { Search } from '../read/search-condition.js'

/** One entity. */
export interface Target {
  readonly name: string
  /** @default the manager's project, 'default' */
  readonly project?: string
}

export interface Promotion extends Target, WriteMeta {
  readonly version: number
  /** @default the manager's label, 'production' */
  readonly label?: string
  /** The version the label has to be on now; else nothing is written. */
  readonly expectedVersion?: number
  /** Moves the label even if a rollout runs on it, which is then paused, or the version does not fit a registered contract. */
  readonly force?: boolean
}

export interface Rollback extends Target, WriteMeta {
  /** @default the manager's label, 'production' */
  readonly label?: string
}

export interface LabelRemoval extends Target, WriteMeta {
  readonly label: string
  readonly force?: boolean
}

export interface Deactivation extends Target, WriteMeta {
  /** Absent: every version of that name. */
  readonly version?: number
  /** Also when the version carries labels, which are then removed. */
  readonly force?: boolean
}

export interface Activation extends Target, WriteMeta {
  readonly version: number
}

export interface FindQuery extends Target {
  /** @default 'latest' */
  readonly label?: string
  /** Wins over `label`. */
  readonly version?: number
}

export interface ListQuery extends Search {
  readonly project?: string
  /** @default true */
  readonly activeOnly?: boolean
  /** Only versions that carry this label. */
  readonly label?: string
  /** The whole name, as it is. */
  readonly name?: string
  /** 1 to 1,000. @default 50 */
  readonly limit?: number
  readonly cursor?: string
}

export interface HistoryQuery extends Target {
  /** At most so many changes, 1 to 1,000. @default all */
  readonly limit?: number
  /** Only changes before this one, by its `id`: the last of the page before. */
  readonly before?: number
}

/** What to count: a list without its pages. */
export type CountQuery = Omit<ListQuery, 'limit' | 'cursor'>

export interface DiffQuery extends Target {
  readonly from: number
  readonly to: number
}

export interface Copy extends Target, WriteMeta {
  /** @default the highest active version */
  readonly version?: number
  /** Where to: what is left out stays as it is. */
  readonly to?: { readonly name?: string; readonly project?: string }
  /** Labels that point at the copy from now on. @default ['staging'] */
  readonly labels?: readonly string[]
}

/** The keys of each request: what else is given is refused. */
const TARGET = ['name', 'project'] as const
export const GROUP_META_KEYS = ['changedBy', 'summary', 'waitForWorkers'] as const
export const META_KEYS = [...GROUP_META_KEYS, 'ifUnchangedSince'] as const
export const REQUEST_KEYS = {
  promote: [...TARGET, 'version', 'label', 'expectedVersion', 'force', ...META_KEYS],
  rollback: [...TARGET, 'label', ...META_KEYS],
  removeLabel: [...TARGET, 'label', 'force', ...META_KEYS],
  deactivate: [...TARGET, 'version', 'force', ...META_KEYS],
  activate: [...TARGET, 'version', ...META_KEYS],
  find: [...TARGET, 'label', 'version'],
  list: ['project', 'activeOnly', 'label', 'search', 'searchIn', 'name', 'limit', 'cursor'],
  count: ['project', 'activeOnly', 'label', 'search', 'searchIn', 'name'],
  versions: TARGET,
  history: [...TARGET, 'limit', 'before'],
  diff: [...TARGET, 'from', 'to'],
  copy: [...TARGET, 'version', 'to', 'labels', ...META_KEYS],
} as const
