import { Random } from './random.js'

const NETWORK = [
  'redis-cut',
  'redis-refuse',
  'redis-stall',
  'redis-delay',
  'postgres-cut',
  'postgres-refuse',
  'postgres-stall',
  'postgres-delay',
] as const
const REDIS = ['redis-freeze', 'redis-kill', 'redis-flush', 'redis-full'] as const
const POSTGRES = ['postgres-freeze', 'postgres-kill', 'postgres-terminate'] as const
const PROCESSES = ['worker-kill', 'writer-kill'] as const

export const FAULTS = [...NETWORK, ...REDIS, ...POSTGRES, ...PROCESSES] as const
export type FaultKind = (typeof FAULTS)[number]

/** Something that goes wrong, and when, in milliseconds since the start. */
export interface Fault {
  readonly at: number
  readonly ms: number
  readonly kind: FaultKind
  /** The worker whose wire or process it is; of no meaning for the servers' own faults. */
  readonly worker: number
}

/** A row of faults that follow one another: two of one row never overlap, so that each ends before the next begins. */
interface Track {
  readonly kinds: readonly FaultKind[]
  readonly pauseMs: readonly [number, number]
  readonly lastsMs: readonly [number, number]
}

const TRACKS: readonly Track[] = [
  { kinds: NETWORK, pauseMs: [100, 900], lastsMs: [100, 900] },
  { kinds: REDIS, pauseMs: [500, 2_500], lastsMs: [100, 1_500] },
  { kinds: POSTGRES, pauseMs: [1_500, 4_000], lastsMs: [100, 1_800] },
  { kinds: PROCESSES, pauseMs: [2_000, 5_000], lastsMs: [2_000, 2_000] },
]

/** The faults of a run. The same seed, length and number of workers give the same faults; every kind comes equally often. */
export function planFaults(seed: number, lengthMs: number, workers: number): readonly Fault[] {
  const faults: Fault[] = []
  TRACKS.forEach(({ kinds, pauseMs, lastsMs }, place) => {
    const random = new Random(seed * 31 + place)
    let bag: FaultKind[] = []
    for (let at = random.between(...pauseMs); ; at += random.between(...pauseMs)) {
      if (bag.length === 0) bag = random.shuffled(kinds)
      const fault = { at, ms: random.between(...lastsMs), kind: bag.pop() as FaultKind, worker: random.below(workers) }
      if (at + fault.ms > lengthMs) break
      faults.push(fault)
      at += fault.ms
    }
  })
  return faults.sort((one, other) => one.at - other.at)
}
