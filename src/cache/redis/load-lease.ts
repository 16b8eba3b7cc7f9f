import { script } from './scripts.js'

/** How long one worker's load of a document keeps others from loading it too, in milliseconds. */
export const LEASE_MS = 100
/**
 * How long a worker waits for others at most, in milliseconds: where PostgreSQL takes longer than a lease, or the first worker died, one more
 * loads for each lease that ends, and not all of them at once.
 */
export const MAX_WAIT_MS = 3 * LEASE_MS
/** Pause between two looks whether the other has stored it, in milliseconds. */
export const LOOK_AGAIN_MS = 5

/**
 * Takes leases on loads: the worker that gets one loads the document from PostgreSQL, and the others wait until it is in Redis. KEYS: one a document.
 * ARGV: who asks, and for how many milliseconds. Gives 1 for each lease that the asker has now.
 */
export const TAKE_LEASES = script(`
local taken = {}
for place = 1, #KEYS do
  local set = redis.pcall('SET', KEYS[place], ARGV[1], 'NX', 'PX', ARGV[2])
  local free = type(set) ~= 'boolean'
  taken[place] = (free or redis.call('GETRANGE', KEYS[place], 0, -1) == ARGV[1]) and 1 or 0
end
return taken
`)
