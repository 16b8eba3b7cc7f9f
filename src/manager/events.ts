import type { ConfigKind } from '../entities/config-kind.js'
import type { Exposure } from './exposures.js'
import type { GuardEvent } from './judge.js'

/** What a manager tells its host. */
export interface ConfigurationManagerEvents {
  /** A configuration changed, here or in another process; what readers get from now on is the new one. */
  change: (event: {
    readonly kind: ConfigKind
    readonly project: string
    /** Empty for context rules, which are read as one. */
    readonly name: string
    readonly revision: number
    readonly origin: 'here' | 'elsewhere'
  }) => void
  /** A last good value was served, or kept longer than its time to live, because it could not be confirmed. */
  stale: (event: { readonly kind: ConfigKind; readonly project: string; readonly name: string; readonly error: unknown }) => void
  /** A definition's fallback, or that of a read of a flag, was served: the store has none that fits, or does not answer. */
  fallback: (event: { readonly kind: ConfigKind; readonly project: string; readonly name: string; readonly error: unknown }) => void
  /** A rollout gave a subject an arm: once a subject and arm, as far as this process remembers (50,000 of them). */
  exposure: (event: Exposure) => void
  /** A guard concluded something. Emitted only in the worker that stored the conclusion. */
  'rollout:guard': (event: GuardEvent) => void
  /** Redis stopped answering: reads go on from memory and PostgreSQL, and changes arrive by poll or LISTEN. */
  'redis:lost': (event: { readonly error: Error }) => void
  'redis:restored': (event: Record<never, never>) => void
  /** PostgreSQL stopped answering: documents in memory are still served, and writes fail. */
  'database:lost': (event: { readonly error: Error }) => void
  'database:restored': (event: Record<never, never>) => void
  /** `prefetch()` has loaded one more batch. `isCut`: it was asked for more than memory may hold, and leaves the rest out. */
  'prefetch:progress': (event: { readonly loaded: number; readonly total: number; readonly isCut: boolean }) => void
  /** A failure in the background, which no caller gets: of a hook, a listener, a poll. */
  error: (event: { readonly error: unknown; readonly message: string }) => void
}
