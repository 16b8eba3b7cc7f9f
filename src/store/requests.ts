import type { WriteMeta } from './written.js'

/** One entity. */
export interface Target {
  readonly name: string
  /** @default the manager's project, 'default' */
  readonly project?: string
}

export interface Promotion extends Target, WriteMeta {
  readonly version: number
  /** @default 'production' */
  readonly label?: string
  /** The version the label has to be on now; else nothing is written. */
  readonly expectedVersion?: number
  /** Moves the label although something needs it where it is. */
  readonly force?: boolean
}

export interface Rollback extends Target, WriteMeta {
  /** @default 'production' */
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

export interface ListQuery {
  readonly project?: string
  /** @default true */
  readonly activeOnly?: boolean
  /** Only versions that carry this label. */
  readonly label?: string
  /** Part of the name, in any case. */
  readonly search?: string
  /** 1 to 1,000. @default 50 */
  readonly limit?: number
  readonly cursor?: string
}

export interface DiffQuery extends Target {
  readonly from: number
  readonly to: number
}
