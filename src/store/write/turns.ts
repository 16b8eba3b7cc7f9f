import { AsyncLocalStorage } from 'node:async_hooks'

/** The last one in the queue of each transaction. */
const LAST = new WeakMap<object, Promise<unknown>>()
/** The transaction whose turn the current call chain is part of. */
const CURRENT = new AsyncLocalStorage<object>()
let open = 0

/**
 * Lets the writes that join one transaction of a host's take turns. Savepoints nest, so rolling one of two concurrent writes back would undo the
 * other's. A write from a hook of the one whose turn it is does not wait.
 */
export async function inTurn<Result>(transaction: object, work: () => Promise<Result>): Promise<Result> {
  if (open > 0 && CURRENT.getStore() === transaction) return work()
  const turn = (LAST.get(transaction) ?? Promise.resolve()).then(work)
  LAST.set(
    transaction,
    turn.catch(() => {}),
  )
  return turn
}

/** Runs a hook as part of the turn that its transaction is in. */
export async function withinTurn<Result>(transaction: object, hook: () => Promise<Result>): Promise<Result> {
  open++
  try {
    return await CURRENT.run(transaction, hook)
  } finally {
    open--
    // On Node 20 and 22 a storage in use makes every promise of the process slower.
    if (open === 0) CURRENT.disable()
  }
}
