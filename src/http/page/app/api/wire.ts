// The API's answers, as far as the page reads them. Lists may leave the contents out.

/** One version of one name, of any kind. */
export interface Version {
  readonly name: string
  readonly project: string
  readonly version: number
  readonly labels?: readonly string[]
  readonly is_active: boolean
  readonly created_by: string | null
  readonly created_at: string
  readonly revision?: number
  readonly propagated?: boolean
  readonly receipt?: Receipt
  readonly [field: string]: unknown
}

/** How many workers serve a write, and after how long. */
export interface Receipt {
  readonly workers: number
  readonly applied: number
  readonly ms: number
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly cursor?: string | null
  /** Up to which revision it has every change. */
  readonly revision?: number
}

export interface Arm {
  readonly version: number
  readonly weight: number
}

export interface Rollout {
  readonly id: string
  readonly kind: string
  readonly project: string
  readonly name: string
  readonly label: string
  readonly arms: readonly Arm[]
  readonly coverage: number
  readonly sticky: boolean
  readonly forced?: Readonly<Record<string, number>>
  readonly when?: unknown
  readonly schedule?: readonly { readonly at: string; readonly coverage: number }[]
  readonly status: 'running' | 'paused' | 'concluded'
  readonly winner?: number
  readonly record_exposures?: boolean
  readonly guard?: Guard
  /** There while it takes no new subjects. */
  readonly enrol?: false
  readonly created_by: string | null
  readonly created_at: string
  readonly receipt?: Receipt
}

/** What watches a rollout. */
export interface Guard {
  readonly metrics: readonly { readonly name: string; readonly over_ms?: number }[]
  readonly alpha: number
  readonly alpha_spent: number
  readonly action: 'pause' | 'notify'
  readonly settle_ms: number
  /** The control's place among the arms. */
  readonly control: number
  /** It has paused the rollout. */
  readonly acted?: true
}

/** What the outcomes of a rollout say so far. */
export interface RolloutReport {
  readonly arms: readonly {
    readonly version: number
    readonly subjects: number
    readonly metrics: Readonly<Record<string, MetricReport>>
  }[]
  readonly ratio: { readonly observed: readonly number[]; readonly ok: boolean }
  readonly guard: readonly {
    readonly metric: string
    readonly evidence: number
    readonly threshold: number
    readonly verdict: 'ok' | 'worse' | 'too-early'
  }[]
}

/** One metric of one arm: a share of bad subjects, or a mean. */
export interface MetricReport {
  readonly bad?: number
  readonly share?: number
  readonly mean?: number
  readonly interval?: readonly [low: number, high: number]
}

export interface Change {
  readonly id: number
  readonly revision: number
  readonly config_type: string
  readonly config_name: string
  readonly project: string
  readonly previous_version: number | null
  readonly new_version: number | null
  readonly change_type: string
  readonly change_summary: string | null
  readonly previous_data: Readonly<Record<string, unknown>> | null
  readonly new_data: Readonly<Record<string, unknown>> | null
  readonly changed_by: string | null
  readonly changed_at: string
}

/** An entry of a chat template. */
export type Message = { readonly role: Role; readonly content: string } | { readonly placeholder: string; readonly optional?: boolean }

export const ROLES = ['system', 'user', 'assistant', 'tool'] as const
export type Role = (typeof ROLES)[number]

export interface CacheStats {
  readonly revision: number | null
  readonly lag: number
  readonly worker?: number
  readonly workers?: number
  readonly hit_ratio: { readonly memory: number | null; readonly redis: number | null }
  readonly memory: { readonly entries: number; readonly bytes: number }
  readonly redis: { readonly state: string }
  readonly database: { readonly loads: number; readonly state: string }
  readonly used_memory?: string | null
  readonly cached_keys?: number
}

/** An event of the stream. */
export interface ChangeEvent {
  readonly kind: string
  readonly project: string
  readonly name: string
  readonly revision: number
}
