import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { startActive } from './active-span.js'
import { errorType } from './error-type.js'
import { KIND_INTERNAL, known, type OtelAttributes, type OtelMeter, type OtelObservable, type OtelTracer } from './otel-types.js'

/** How a manager is instrumented. */
export interface InstrumentOptions {
  /** A span for each change that arrives (`config change`), and for each fallback that is served (`config fallback`). */
  readonly tracer?: OtelTracer
  /** Counters and gauges, read from `manager.stats()` when metrics are collected. */
  readonly meter?: OtelMeter
}

/** What this needs of a manager. */
export type InstrumentedManager = Pick<ConfigurationManager, 'stats' | 'on'>

type Stats = ReturnType<InstrumentedManager['stats']>
type Observe = (value: number, attributes?: OtelAttributes) => void

/** Instruments by their names, with what they tell of the statistics. */
const COUNTERS: Readonly<Record<string, { readonly description: string; readonly read: (stats: Stats, observe: Observe) => void }>> = {
  'agent_config.cache.hits': {
    description: 'Reads that a tier of the cache answered.',
    read: ({ memory, redis }, observe) => {
      observe(memory.hits, { 'agent_config.cache.tier': 'memory' })
      observe(redis.hits, { 'agent_config.cache.tier': 'redis' })
    },
  },
  'agent_config.cache.misses': {
    description: 'Reads that a tier of the cache could not answer.',
    read: ({ memory, redis }, observe) => {
      observe(memory.misses, { 'agent_config.cache.tier': 'memory' })
      observe(redis.misses, { 'agent_config.cache.tier': 'redis' })
    },
  },
  'agent_config.loads': { description: 'Documents loaded from PostgreSQL.', read: ({ database }, observe) => observe(database.loads) },
  'agent_config.catch_ups': { description: 'Reads of the log of revisions.', read: ({ catchUps }, observe) => observe(catchUps) },
  'agent_config.stale_served': {
    description: 'Last good values served while they could not be confirmed.',
    read: ({ staleServed }, observe) => observe(staleServed),
  },
}

const GAUGES: typeof COUNTERS = {
  'agent_config.revision': {
    description: 'Every change up to this revision is known here.',
    read: ({ revision }, observe) => {
      if (revision !== undefined) observe(revision)
    },
  },
  'agent_config.revision.lag': { description: 'Revisions heard of and not applied yet.', read: ({ lag }, observe) => observe(lag) },
  'agent_config.cache.entries': { description: 'Documents in memory.', read: ({ memory }, observe) => observe(memory.entries) },
  'agent_config.cache.bytes': { description: 'Size of the documents in memory.', read: ({ memory }, observe) => observe(memory.bytes) },
  'agent_config.breaker.open': {
    description: '1 while a server is not asked because it does not answer, else 0.',
    read: ({ redis, database }, observe) => {
      observe(database.state === 'down' ? 1 : 0, { 'agent_config.server': 'database' })
      if (redis.state !== 'off') observe(redis.state === 'down' ? 1 : 0, { 'agent_config.server': 'redis' })
    },
  },
}

/**
 * Makes metrics of a manager's statistics, and spans of its changes.
 *
 * @returns the function that stops
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api'
 * const stop = instrument(manager, { meter: metrics.getMeter('my-service') })
 * ```
 */
export function instrument(manager: InstrumentedManager, { tracer, meter }: InstrumentOptions): () => void {
  const stops = [...(meter ? observeStats(manager, meter) : []), ...(tracer ? traceEvents(manager, tracer) : [])]
  return () => {
    for (const stop of stops) stop()
  }
}

function observeStats(manager: InstrumentedManager, meter: OtelMeter): (() => void)[] {
  const watch = (instrument: OtelObservable, read: (stats: Stats, observe: Observe) => void) => {
    const callback = (result: { observe: Observe }) => read(manager.stats(), (value, attributes) => result.observe(value, attributes))
    instrument.addCallback(callback)
    return () => instrument.removeCallback(callback)
  }
  return [
    ...Object.entries(COUNTERS).map(([name, { description, read }]) => watch(meter.createObservableCounter(name, { description }), read)),
    ...Object.entries(GAUGES).map(([name, { description, read }]) => watch(meter.createObservableGauge(name, { description }), read)),
  ]
}

function traceEvents(manager: InstrumentedManager, tracer: OtelTracer): (() => void)[] {
  const span = (name: string, attributes: OtelAttributes) => startActive(tracer, name, KIND_INTERNAL, attributes).span.end()
  return [
    manager.on('change', ({ kind, project, name, revision, origin }) =>
      span('config change', {
        'agent_config.kind': kind,
        'agent_config.project': project,
        'agent_config.name': name,
        'agent_config.revision': revision,
        'agent_config.origin': origin,
      }),
    ),
    manager.on('fallback', ({ project, name, error }) =>
      span(
        'config fallback',
        known({
          'agent_config.project': project,
          'agent_config.name': name,
          'error.type': error === undefined ? undefined : errorType(error),
        }),
      ),
    ),
  ]
}
