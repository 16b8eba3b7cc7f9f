import type { ConfigKind } from '../../entities/config-kind.js'
import type { Write } from './write.js'

/** Raises the heads of a kind without changing anything, so that every worker reads it again. */
export function refreshOf(kind: ConfigKind | 'all'): Write<void> {
  const defaultSummary = kind === 'all' ? 'Refreshed everything' : `Refreshed ${kind}`
  return {
    asks: [],
    decide: () => ({ steps: [{ do: 'refresh', kind, change: 'refresh', defaultSummary }], answer: () => {} }),
  }
}
