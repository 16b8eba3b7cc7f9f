export { createOpenFeatureProvider, type OpenFeatureProviderOptions } from './create-openfeature-provider.js'
export type { FlagManager } from './manager-watch.js'
export type {
  AgentConfigProvider,
  OpenFeatureContext,
  OpenFeatureEmitter,
  OpenFeatureErrorCode,
  OpenFeatureEvent,
  OpenFeatureEventContext,
  OpenFeatureHandler,
  OpenFeatureLogger,
  OpenFeatureResolution,
  OpenFeatureTrackingDetails,
} from './openfeature-types.js'
