/** Revisions count from 1; 0 is the empty database. A scope is a place in a list. Sets of revisions and of scopes are bit masks. */
export interface WorkerState {
  /** -1 until the log was read. */
  applied: number
  /** Heard of, not applied yet. */
  ahead: number
  /** Per scope; -1 when the head is not in the table. */
  readonly heads: number[]
  /** Scopes whose head is only a bound: the scope's last change is not below it. */
  bounds: number
  minFloor: number
  /** Where the log ended when it was first read, without the heads up to there. */
  unknownBelow: number
  /** Per scope, the `asOf` of the document in memory; -1 when there is none. */
  readonly memory: number[]
  /** Per scope, the head that the document in memory goes by when that is no longer the table's; -1 when it is. */
  readonly detached: number[]
  /** Scopes whose document came from Redis while PostgreSQL could not confirm it. */
  unverified: number
  /** Per scope, a document or an answer about one that was read and has not arrived: `source * 16 + asOf`; -1 when there is none. */
  readonly loads: number[]
  /** Per scope, the floor that the load began under, when that is above the document; of an answer, 1 when it confirms; 0 otherwise. */
  readonly claims: number[]
  /** The answer of a read of the log that has not arrived: the newest revision; -1 when there is none. */
  page: number
  pageAfter: number
  /** The scopes it was asked about. */
  pageAsked: number
  /** Revisions heard before that read that are above it. */
  pageHeard: number
  /** Own writes that are committed and not announced. */
  own: number
  /** Own writes that are announced, whose documents wait for earlier revisions. */
  waiting: number
  /** Only in the variant that raises the floors of a revision one by one: revisions that are half raised. */
  half: number
  isSubscribed: number
  /** Announced on a subscription that stands, and not arrived. */
  owed: number
  /** 1: a subscription was confirmed and the log not asked since; 2: asked, and the answer is on its way. */
  mustCatchUp: number
  /** Per scope, what this worker was told of or has returned (G1). No part of the protocol: the observer's own note. */
  readonly told: number[]
  /** Per scope, what has to be there because another change of its transaction was returned (G5). */
  readonly whole: number[]
}

export function newWorker(scopes: number): WorkerState {
  const perScope = (value: number) => new Array<number>(scopes).fill(value)
  return {
    applied: -1,
    ahead: 0,
    heads: perScope(-1),
    bounds: 0,
    minFloor: 0,
    unknownBelow: 0,
    memory: perScope(-1),
    detached: perScope(-1),
    unverified: 0,
    loads: perScope(-1),
    claims: perScope(0),
    page: -1,
    pageAfter: 0,
    pageAsked: 0,
    pageHeard: 0,
    own: 0,
    waiting: 0,
    half: 0,
    isSubscribed: 1,
    owed: 0,
    mustCatchUp: 0,
    told: perScope(0),
    whole: perScope(0),
  }
}

export function copyWorker(worker: WorkerState): WorkerState {
  return {
    ...worker,
    heads: worker.heads.slice(),
    memory: worker.memory.slice(),
    detached: worker.detached.slice(),
    loads: worker.loads.slice(),
    claims: worker.claims.slice(),
    told: worker.told.slice(),
    whole: worker.whole.slice(),
  }
}

/** The state as text. What makes no difference to what can follow is left out, so that states that are alike are one. */
export function workerKey(worker: WorkerState): string {
  const { heads, memory, detached, loads, claims, told, whole } = worker
  const codes = [
    worker.applied,
    worker.ahead,
    worker.bounds,
    worker.minFloor,
    worker.unknownBelow,
    worker.unverified,
    worker.page,
    worker.page < 0 ? 0 : worker.pageAfter,
    worker.pageAsked,
    worker.pageHeard,
    worker.own,
    worker.waiting,
    worker.half,
    worker.isSubscribed,
    worker.owed,
    worker.mustCatchUp,
  ]
  for (let scope = 0; scope < heads.length; scope++) {
    codes.push(heads[scope]!, memory[scope]!, detached[scope]!, loads[scope]!, claims[scope]!, told[scope]!)
    codes.push(whole[scope]! <= told[scope]! ? 0 : whole[scope]!)
  }
  for (let place = 0; place < codes.length; place++) codes[place]! += 2
  return String.fromCharCode(...codes)
}
