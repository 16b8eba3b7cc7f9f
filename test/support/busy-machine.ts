/**
 * What a machine that others use may add to a time limit of this package, in milliseconds: more than it does, and less than what sets the limit
 * under test apart from the next longer one.
 */
export const BUSY_MS = 2_000
