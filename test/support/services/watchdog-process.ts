import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { endFamily } from './process-family.js'
import type { WatchdogOrder } from './watchdog.js'

// The helper process behind watchdog.ts. Its standard input is a pipe from the process that owns the servers; the
// operating system closes that pipe however the owner ends, SIGKILL included, and then the servers are ended here.

const pids = new Set<number>()
// Of killed servers too: only their orderly end removes them.
const folders = new Set<string>()

// Ctrl-C reaches a whole terminal group; the owner is the one to react to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const orders = createInterface({ input: process.stdin })
orders.on('line', (line) => {
  const order: WatchdogOrder = JSON.parse(line)
  if ('watch' in order) {
    pids.add(order.watch)
    folders.add(order.folder)
  } else pids.delete(order.forget)
})
orders.on('close', async () => {
  await Promise.all([...pids].map((pid) => endFamily(pid)))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exit()
})
