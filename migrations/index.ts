import { initial } from './0001_initial.js'
import { rollouts } from './0002_rollouts.js'
import { guardedWrites } from './0003_guarded_writes.js'
import { indexes } from './0004_indexes.js'
import { entries } from './0005_entries.js'
import { outcomes } from './0006_outcomes.js'
import { prices } from './0007_prices.js'
import { idempotencyKeys } from './0008_idempotency_keys.js'
import { manyVersions } from './0009_many_versions.js'
import { guardIndexes } from './0010_guard_indexes.js'
import { keptPlans } from './0011_kept_plans.js'
import { documents } from './0012_documents.js'
import type { Migration } from './migration.js'

/** Every migration by name, in the order in which they run. An explicit list: nothing reads a folder at run time. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_initial': initial,
  '0002_rollouts': rollouts,
  '0003_guarded_writes': guardedWrites,
  '0004_indexes': indexes,
  '0005_entries': entries,
  '0006_outcomes': outcomes,
  '0007_prices': prices,
  '0008_idempotency_keys': idempotencyKeys,
  '0009_many_versions': manyVersions,
  '0010_guard_indexes': guardIndexes,
  '0011_kept_plans': keptPlans,
  '0012_documents': documents,
}
