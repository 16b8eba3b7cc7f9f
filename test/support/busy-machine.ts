/**
 * What a machine that others use may add to a time limit of this package, in milliseconds.
 *
 * For tests of limits: a server that is frozen never answers, so without the limit under test what is timed would not end at all, and any
 * bound tells the two apart. A bound closer to the limit would only say how busy the machine was.
 */
export const BUSY_MS = 15_000
