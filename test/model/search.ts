import { type Break, Protocol, Violation } from './protocol.js'
import { copyWorker } from './worker-state.js'
import { type Bounds, Steps, type World } from './world.js'

export interface Finding {
  readonly promise: Violation['promise']
  readonly message: string
  /** The shortest way there, one step a line. */
  readonly steps: readonly string[]
}

export interface SearchResult {
  /** Different states that can be reached; all of them when nothing was found. */
  readonly states: number
  /** Steps between them. */
  readonly transitions: number
  readonly finding: Finding | undefined
}

/** Visits every state that the protocol can reach within the bounds, nearest first, and looks in each for a promise that is not kept. */
export function search(bounds: Bounds, broken?: Break): SearchResult {
  const scopes = 32 - Math.clz32(bounds.writes.reduce((all, mask) => all | mask, 0))
  const protocol = new Protocol(bounds.writes, scopes, broken)
  const steps = new Steps(protocol, bounds)
  const first = steps.start()
  const seen = new Set([steps.key(first)])
  const parents = [-1]
  const actions = ['start']
  // A state is needed until its successors are known, and then only by its number.
  let wave: { readonly world: World; readonly number: number }[] = [{ world: first, number: 0 }]
  let transitions = 0
  let current = 0

  try {
    while (wave.length > 0) {
      const next: typeof wave = []
      for (const { world, number } of wave) {
        current = number
        settle(protocol, bounds, world)
        steps.from(world, (action, after) => {
          transitions++
          const key = steps.key(after)
          if (seen.has(key)) return
          seen.add(key)
          parents.push(number)
          actions.push(action)
          next.push({ world: after, number: parents.length - 1 })
        })
      }
      wave = next
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { states: seen.size, transitions, finding: { promise: error.promise, message: error.message, steps: wayTo(current) } }
  }
  return { states: seen.size, transitions, finding: undefined }

  function wayTo(state: number): string[] {
    const way: string[] = []
    for (let at = state; at > 0; at = parents[at]!) way.unshift(actions[at]!)
    return way
  }
}

/** G2: from every state, one read of the log and one load show the newest. And where nothing is under way, it is shown already. */
function settle(protocol: Protocol, { surroundings }: Bounds, world: World): void {
  for (const worker of world.workers) {
    if (worker.page < 0) protocol.recovers(copyWorker(worker), world.top)
    if (surroundings !== 'subscription') continue
    const isQuiet = worker.isSubscribed && !worker.owed && !worker.ahead && !worker.mustCatchUp && worker.page < 0 && worker.applied >= 0
    if (!isQuiet) continue
    for (let scope = 0; scope < protocol.scopes; scope++) {
      const shown = protocol.headAt(scope, Math.max(0, worker.memory[scope]!))
      if (protocol.isUsable(worker, scope) && shown < protocol.headAt(scope, world.top))
        throw new Violation('G2', `scope ${scope} stays at ${shown}, the log is at ${world.top}, and nothing is on its way`)
    }
  }
}
