import { setTimeout as sleep } from 'node:timers/promises'
import { HeadTable } from '../../src/cache/head-table.js'
import { MemoryTier } from '../../src/cache/memory-tier.js'
import { RedisTier } from '../../src/cache/redis-tier.js'
import { RevisionLog } from '../../src/cache/revision-log.js'
import type { Decision } from '../../src/store/write.js'
import { type Closing, WriteSession } from '../../src/store/write-session.js'

/** Ways to break the product from outside, to see that the checker notices. */
export const BREAKS = ['no-floor', 'announce-before-commit', 'no-catch-up', 'serve-ahead'] as const
export type Break = (typeof BREAKS)[number]

export function breakProduct(way: Break): void {
  if (way === 'no-floor') fillAlways()
  else if (way === 'no-catch-up') skipCatchUps()
  else if (way === 'serve-ahead') RevisionLog.prototype.reached = async () => true
  else announceBeforeCommit()
}

/** What was loaded is kept and served, whatever was announced while it was on its way. */
function fillAlways(): void {
  HeadTable.prototype.floor = () => 0
  const { set } = MemoryTier.prototype
  MemoryTier.prototype.set = function (this: MemoryTier<unknown>, entry) {
    entry.head = undefined
    return set.call(this, entry)
  }
}

/** The log is read at the start, and never again. */
function skipCatchUps(): void {
  const { catchUp } = RevisionLog.prototype
  RevisionLog.prototype.catchUp = function (this: RevisionLog) {
    return this.applied === undefined ? catchUp.call(this) : Promise.resolve()
  }
}

function announceBeforeCommit(): void {
  let tier: RedisTier | undefined
  const { useDatabase } = RedisTier.prototype
  RedisTier.prototype.useDatabase = function (this: RedisTier, database) {
    tier = this
    useDatabase.call(this, database)
  }
  RedisTier.prototype.announce = async function (this: RedisTier, documents) {
    await this.put(documents)
    return true
  }
  const { close } = WriteSession.prototype
  WriteSession.prototype.close = async function <Value>(this: WriteSession, decision: Decision<Value>, closing: Closing) {
    const closed = await (close<Value>).call(this, decision, closing)
    if (!closing.joined) await tier?.publish(closed.message)
    await sleep(10)
    return closed
  }
}
