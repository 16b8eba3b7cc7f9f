import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TSX_LOADER } from '../../support/tsx-loader.js'
import type { Servers } from './servers.js'

const run = promisify(execFile)

export interface MemoryCost {
  /** Heap of the manager with everything it keeps, in bytes. */
  readonly heap: number
  readonly rss: number
  readonly peakRss: number
  readonly entries: number
}

/** The memory of one worker in a process of its own. It keeps ten heads for each document that it may keep. */
export async function measureMemory({ postgres, redis }: Servers, maxEntries: number, documents: number): Promise<MemoryCost> {
  const file = fileURLToPath(new URL('./memory-process.ts', import.meta.url))
  const args = ['--expose-gc', '--import', TSX_LOADER, file, postgres.url, redis.url, String(maxEntries), String(documents)]
  const { stdout } = await run(process.execPath, args)
  return JSON.parse(stdout) as MemoryCost
}
