import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach } from 'vitest'

/** The real SDK with exporters in memory, anew for each test. Call it at the top of a file. */
export function useOtel() {
  let spans: InMemorySpanExporter
  let traces: BasicTracerProvider
  /** Ids of spans in the order they began: their times may be equal. */
  let begun: string[]
  let metricExporter: InMemoryMetricExporter
  let metrics: MeterProvider
  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    spans = new InMemorySpanExporter()
    begun = []
    const order: SpanProcessor = {
      onStart: (span) => void begun.push(span.spanContext().spanId),
      onEnd: () => {},
      forceFlush: async () => {},
      shutdown: async () => {},
    }
    traces = new BasicTracerProvider({ spanProcessors: [order, new SimpleSpanProcessor(spans)] })
    trace.setGlobalTracerProvider(traces)
    metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    metrics = new MeterProvider({
      readers: [new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })],
    })
  })
  afterEach(async () => {
    await Promise.all([traces.shutdown(), metrics.shutdown()])
    context.disable()
    trace.disable()
  })
  const placeOf = (span: ReadableSpan) => begun.indexOf(span.spanContext().spanId)
  return {
    get tracer() {
      return traces.getTracer('test')
    },
    get meter() {
      return metrics.getMeter('test')
    },
    /** The spans that have ended, in the order they began. */
    spans(): ReadableSpan[] {
      return spans.getFinishedSpans().toSorted((one, other) => placeOf(one) - placeOf(other))
    },
    /** The points of a metric: attributes and value. */
    async points(name: string): Promise<{ attributes: Record<string, unknown>; value: unknown }[]> {
      await metrics.forceFlush()
      const found = metricExporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name)
      return (found ?? []).flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => ({ attributes, value })))
    },
  }
}
