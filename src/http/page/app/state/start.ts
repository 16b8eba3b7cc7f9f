import { effect, signal } from '@preact/signals'
import { learnAbilities } from '../api/abilities.js'
import { ApiError, get } from '../api/call.js'
import { learnKinds } from '../api/kinds.js'
import { token } from '../api/session.js'
import { learnWho } from '../api/who.js'
import type { CacheStats } from '../api/wire.js'
import { noteRevision, workers } from '../live/changes.js'
import { follow } from '../live/follow.js'

/** Whether the page has asked what the API can do. Views that depend on it wait for the answer, whatever it is. */
export const hasAsked = signal(false)

export function start(): void {
  void follow()
  // Again after a sign-in: before it the API may have refused to say anything.
  effect(() => {
    void token.value
    void learn()
  })
}

async function learn(): Promise<void> {
  try {
    await learnAbilities()
    await Promise.all([learnKinds(), learnWho()])
  } catch (error) {
    // Without the document the page shows what every API of this package has.
    if (!(error instanceof ApiError)) throw error
  }
  hasAsked.value = true
  try {
    const stats = await get<CacheStats>('/cache/stats', {}, { asks: false })
    noteRevision(stats.revision)
    workers.value ??= stats.workers
  } catch {
    // The header does without.
  }
}
