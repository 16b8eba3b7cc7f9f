import type { RedisLike } from './redis-like.js'

/** Pause before a client that ended is connected again, in milliseconds. */
const REOPEN_MS = 500

/**
 * Connects a client again whenever it ends: ioredis gives up for good in some states although the client was not closed.
 *
 * @returns the function that lets it end
 */
export function reopenOnEnd(client: RedisLike): () => void {
  let timer: NodeJS.Timeout | undefined
  const reopen = () => {
    clearTimeout(timer)
    timer = setTimeout(() => void client.connect().catch(() => {}), REOPEN_MS)
    timer.unref()
  }
  client.on('end', reopen)
  return () => {
    clearTimeout(timer)
    client.off('end', reopen)
  }
}
