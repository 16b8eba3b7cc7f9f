import { createHash } from 'node:crypto'
import { MAX_STAMP_BYTES } from '../held/stamped-document.js'

/** A Lua script, with the digest Redis knows it by. */
export interface Script {
  readonly source: string
  readonly digest: string
}

/** A script by its text. */
export function script(source: string): Script {
  return { source, digest: createHash('sha1').update(source).digest('hex') }
}

/**
 * Stores documents that are newer than what is there, then announces the change. One script does both, so that the new document is in Redis
 * before any worker hears of it, and nothing is announced when the script could not run.
 *
 * KEYS: one for each document, and one more of the namespace, by which a Cluster sends a script without documents to the namespace's primary:
 * a script without a key may go to any node, also to a frozen one. ARGV: channel (empty: announce nothing), message, time to live in ms, then for
 * each document its asOf, the stamp of one that the caller read there and refused (or empty), and the value. What has no stamp
 * is no document, and is replaced. A value's first line is
 * `asOf revision token`, and its signature where there is a secret.
 * SET goes through pcall: a Redis that is out of memory still announces. A primary that was made a replica does not: only those who are
 * still connected to it would hear, and the client has to learn of it.
 */
export const STORE_AND_ANNOUNCE = script(`
for place = 1, #KEYS - 1 do
  local key = KEYS[place]
  local first = 4 + (place - 1) * 3
  local head = redis.pcall('GETRANGE', key, 0, ${MAX_STAMP_BYTES - 1})
  local stamp = type(head) == 'string' and string.match(head, '^[^\\n]*') or ''
  local held = string.match(stamp, '^(%d+) %d+ [%w_-]*$') or string.match(stamp, '^(%d+) %d+ [%w_-]* [%w_-]+$')
  held = tonumber(held)
  if not held or held <= tonumber(ARGV[first]) or stamp == ARGV[first + 1] then
    local set = redis.pcall('SET', key, ARGV[first + 2], 'PX', ARGV[3])
    if set.err and string.find(set.err, 'READONLY', 1, true) then return set end
  end
end
if ARGV[1] ~= '' then return redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return 0
`)
