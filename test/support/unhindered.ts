import { runInThisContext } from 'node:vm'

/** Far beyond what any work handed in here takes, on a machine that many share as well. */
const LIMIT_MS = 30_000

/**
 * Does synchronous work that a bad algorithm would draw out to hours, and gives what it gives.
 *
 * Vitest cannot end a test that never lets go of its thread; this does. The limit is no promise about speed: those are measured, and
 * stand in docs/benchmarks.md.
 *
 * @throws {Error} with code `ERR_SCRIPT_EXECUTION_TIMEOUT` when the work is not over after half a minute
 */
export function unhindered<Value>(work: () => Value): Value {
  const place = globalThis as { workOfTheTest?: () => unknown }
  place.workOfTheTest = work
  try {
    // The time of a script includes that of the functions it calls, and of regular expressions.
    return runInThisContext('workOfTheTest()', { timeout: LIMIT_MS }) as Value
  } finally {
    delete place.workOfTheTest
  }
}
