import type { FilesProgress } from '../files/progress.js'
import type { CliIo } from './command.js'

/** Work that takes less says nothing, in milliseconds. */
const QUIET_MS = 500
const EVERY_MS = 100
/** Back to the begin of the line, and what stands there wiped. */
const WIPE = '\r\u001b[K'

/**
 * Runs work that may take long. On a terminal one line says how far it is, which is written over, and wiped at the end; elsewhere nothing does.
 */
export async function withProgress<Value>(
  io: CliIo,
  work: (onProgress: (progress: FilesProgress) => void) => Promise<Value>,
): Promise<Value> {
  let nextAt = performance.now() + QUIET_MS
  let isShown = false
  const show = ({ doing, done, total }: FilesProgress) => {
    const now = performance.now()
    if (!io.isTerminal || now < nextAt) return
    nextAt = now + EVERY_MS
    isShown = true
    io.stderr(`${WIPE}${done}${total === undefined ? '' : ` of ${total}`} versions ${doing}`)
  }
  try {
    return await work(show)
  } finally {
    if (isShown) io.stderr(WIPE)
  }
}
