import type { RedisKind } from './chaos-redis.js'
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
const POSTGRES = ['postgres-freeze', 'postgres-kill', 'postgres-terminate', 'postgres-restore', 'postgres-failover'] as const
/** Commits are lost: by a restore from a backup, and by a failover to a copy that did not have them. */
const PROCESSES = ['worker-kill', 'writer-kill'] as const

export const FAULTS = [...NETWORK, ...REDIS, ...POSTGRES, ...PROCESSES] as const
export type FaultKind = (typeof FAULTS)[number]

/** Whose fault it is: those of one server follow one another, and one process is replaced at a time; wires go wrong independently. */
export function laneOf(kind: FaultKind): 'redis' | 'postgres' | 'processes' | 'wires' {
  if (REDIS.some((one) => one === kind)) return 'redis'
  if (POSTGRES.some((one) => one === kind)) return 'postgres'
  return PROCESSES.some((one) => one === kind) ? 'processes' : 'wires'
}

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

/** Where replicas take over, a fault lasts until one has; the server alone has wires, and can be flushed and filled. */
const REDIS_TRACKS: Readonly<Record<RedisKind, readonly Track[]>> = {
  server: [
    { kinds: NETWORK, pauseMs: [100, 900], lastsMs: [100, 900] },
    { kinds: REDIS, pauseMs: [500, 2_500], lastsMs: [100, 1_500] },
  ],
  cluster: failovers(),
  sentinels: failovers(),
}

function failovers(): readonly Track[] {
  return [
    // As often as with the server alone, where every second fault of a wire is one of Redis's.
    { kinds: NETWORK.filter((kind) => kind.startsWith('postgres')), pauseMs: [700, 2_300], lastsMs: [100, 900] },
    { kinds: ['redis-freeze', 'redis-kill'], pauseMs: [6_000, 9_000], lastsMs: [100, 1_500] },
  ]
}

const SERVER_TRACKS: readonly Track[] = [
  { kinds: POSTGRES, pauseMs: [1_500, 4_000], lastsMs: [100, 1_800] },
  { kinds: PROCESSES, pauseMs: [2_000, 5_000], lastsMs: [2_000, 2_000] },
]

/** The faults of a run. The same seed, length, number of workers and kind of Redis give the same faults; every kind comes equally often. */
export function planFaults(seed: number, lengthMs: number, workers: number, redis: RedisKind): readonly Fault[] {
  const faults: Fault[] = []
  const tracks = [...REDIS_TRACKS[redis], ...SERVER_TRACKS]
  tracks.forEach(({ kinds, pauseMs, lastsMs }, place) => {
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
