/**
 * The parts of OpenFeature's server SDK that the provider touches, written as shapes: the package imports nothing of the SDK, neither code
 * nor types, so a host may have any copy of it, or several.
 *
 * @see https://openfeature.dev/specification/sections/providers
 */
export type OpenFeatureEvent = 'PROVIDER_READY' | 'PROVIDER_ERROR' | 'PROVIDER_STALE' | 'PROVIDER_CONFIGURATION_CHANGED'

/** The payload of an event. */
export interface OpenFeatureEventContext {
  readonly message?: string
  /** Flags that may have another value now; with `PROVIDER_CONFIGURATION_CHANGED`. */
  readonly flagsChanged?: string[]
}

// biome-ignore lint/suspicious/noExplicitAny: the SDK hands in functions of its own event types, one for each event
export type OpenFeatureHandler = (details?: any) => unknown

/** How the SDK listens to a provider. */
export interface OpenFeatureEmitter {
  emit(event: string, context?: OpenFeatureEventContext): void
  addHandler(event: string, handler: OpenFeatureHandler): void
  removeHandler(event: string, handler: OpenFeatureHandler): void
  removeAllHandlers(event?: string): void
  getHandlers(event: string): OpenFeatureHandler[]
  setLogger(logger: OpenFeatureLogger): this
}

export interface OpenFeatureLogger {
  error(...values: unknown[]): void
}

/** The evaluation context: the subject that a flag is evaluated for, and its attributes. */
export interface OpenFeatureContext {
  readonly targetingKey?: string
  readonly [attribute: string]: unknown
}

export type OpenFeatureErrorCode = 'FLAG_NOT_FOUND' | 'TYPE_MISMATCH' | 'INVALID_CONTEXT' | 'GENERAL'

/** The result of one evaluation. */
export interface OpenFeatureResolution<Value> {
  value: Value
  /** `v<version>`; absent where the value is the caller's own. */
  variant?: string
  reason: 'STATIC' | 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT' | 'STALE' | 'ERROR'
  /** `project`, and where a version answered `version`, `rolloutId`, and `rolloutPaused` while that rollout is paused. */
  flagMetadata: Record<string, string | number | boolean>
  /** One of `OpenFeatureErrorCode`. */
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's type is an enum, which no text is assignable to
  errorCode?: any
  errorMessage?: string
}

/** The details of a tracking event. */
export interface OpenFeatureTrackingDetails {
  /** A number, for the mean of the metric. */
  readonly value?: number
  /** Whether it went wrong. @default true for an event without a `value` */
  readonly bad?: unknown
  readonly [detail: string]: unknown
}

/** A provider for `OpenFeature.setProvider()` of `@openfeature/server-sdk`. */
export interface AgentConfigProvider {
  readonly metadata: { readonly name: string }
  readonly runsOn: 'server'
  readonly events: OpenFeatureEmitter
  /** @throws {Error} when the manager was not ready in time or cannot start; `PROVIDER_READY` follows as soon as it is */
  initialize(): Promise<void>
  /** Stops listening to the manager, which stays open. */
  onClose(): Promise<void>
  /**
   * Records an outcome for guarded rollouts: the event's name is the metric, `targetingKey` the subject. Without a `targetingKey`, and where
   * the name can be no metric, nothing is recorded.
   */
  track(eventName: string, context: OpenFeatureContext | undefined, details?: OpenFeatureTrackingDetails): void
  resolveBooleanEvaluation(name: string, fallback: boolean, context: OpenFeatureContext): Promise<OpenFeatureResolution<boolean>>
  resolveStringEvaluation(name: string, fallback: string, context: OpenFeatureContext): Promise<OpenFeatureResolution<string>>
  resolveNumberEvaluation(name: string, fallback: number, context: OpenFeatureContext): Promise<OpenFeatureResolution<number>>
  resolveObjectEvaluation<Value>(name: string, fallback: Value, context: OpenFeatureContext): Promise<OpenFeatureResolution<Value>>
}
