/** Values of attributes. */
export type OtelAttributes = Record<string, string | number | boolean | string[]>

/** What this needs of a span. */
export interface OtelSpan {
  setAttributes(attributes: OtelAttributes): unknown
  setStatus(status: { code: number; message?: string }): unknown
  addEvent(name: string, attributes?: OtelAttributes): unknown
  end(): void
}

/** What this needs of a tracer: that of `trace.getTracer()` of `@opentelemetry/api` fits. */
export interface OtelTracer {
  startActiveSpan(name: string, options: { kind?: number; attributes?: OtelAttributes }, work: (span: OtelSpan) => unknown): unknown
}

/** What this needs of a histogram. */
export interface OtelHistogram {
  record(value: number, attributes?: OtelAttributes): void
}

/** What this needs of an observable instrument, whose callback runs when metrics are collected. */
export interface OtelObservable {
  addCallback(callback: (result: { observe(value: number, attributes?: OtelAttributes): void }) => void): void
  removeCallback(callback: (result: { observe(value: number, attributes?: OtelAttributes): void }) => void): void
}

/** What this needs of a meter: that of `metrics.getMeter()` of `@opentelemetry/api` fits. */
export interface OtelMeter {
  createHistogram(
    name: string,
    options?: { description?: string; unit?: string; advice?: { explicitBucketBoundaries?: number[] } },
  ): OtelHistogram
  createObservableCounter(name: string, options?: { description?: string; unit?: string }): OtelObservable
  createObservableGauge(name: string, options?: { description?: string; unit?: string }): OtelObservable
}

/** `SpanStatusCode.ERROR`, `SpanKind.INTERNAL` and `SpanKind.CLIENT` of `@opentelemetry/api`. */
export const STATUS_ERROR = 2
export const KIND_INTERNAL = 0
export const KIND_CLIENT = 2

/** Attributes without those that are unknown. */
export function known(attributes: Record<string, OtelAttributes[string] | undefined>): OtelAttributes {
  return Object.fromEntries(Object.entries(attributes).filter((entry): entry is [string, OtelAttributes[string]] => entry[1] !== undefined))
}
