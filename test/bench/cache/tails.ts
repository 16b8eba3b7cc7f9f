import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigurationManager } from '../../../src/index.js'
import { NAMES } from '../support/bench-prompts.js'
import { createConfigManager } from '../support/built.js'
import { type BenchRow, significant } from '../support/row.js'

const MS = 5_000
const WRITES_A_SECOND = 50

/** The slowest of a thousand awaited hits while another manager of this process writes 50 times a second, and the longest time the loop was held up. */
export async function tailRow(manager: ConfigurationManager, options: Parameters<typeof createConfigManager>[0]): Promise<BenchRow> {
  await Promise.all(NAMES.map((name) => manager.getPrompt(name)))
  const quiet = await slowest(manager)
  const writer = createConfigManager(options)
  let isWriting = true
  const writing = (async () => {
    for (let write = 0; isWriting; write++) {
      await Promise.all([writer.prompts.promote({ name: NAMES[0]!, version: 1 + (write % 2) }), sleep(1_000 / WRITES_A_SECOND)])
    }
  })()
  const busy = await slowest(manager)
  isWriting = false
  await writing
  await writer.shutdown()
  return {
    measure: `\`await getPrompt\`, memory hit, p99.9 under ${WRITES_A_SECOND} writes a second of the same process`,
    ours: `${significant(busy.us)} µs; the event loop was held up for ${significant(busy.delayMs)} ms at most`,
    beside: `without writes: ${significant(quiet.us)} µs; ${significant(quiet.delayMs)} ms`,
    ratio: busy.us / quiet.us,
    reach: 3,
    atMost: true,
  }
}

async function slowest(manager: ConfigurationManager): Promise<{ readonly us: number; readonly delayMs: number }> {
  const times: number[] = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  for (const end = performance.now() + MS; performance.now() < end; ) {
    for (const name of NAMES) {
      const start = performance.now()
      await manager.getPrompt(name)
      times.push(performance.now() - start)
    }
    // Sockets and timers get their turn.
    await sleep(1)
  }
  delay.disable()
  return { us: (times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.999)] as number) * 1_000, delayMs: delay.max / 1e6 }
}
