/** `agent-config/http`: the REST API and the admin page in any host. */

export type { IdempotencyClaim, IdempotencyKey, IdempotencyKeys, KeptAnswer } from '../entities/idempotency.js'
export type { Action, Actor, Authenticate, AuthenticateContext } from './actor.js'
export { type BearerToken, bearerTokens } from './bearer-tokens.js'
export { type GracefulShutdownOptions, gracefulShutdown, SHUTDOWN_DEFAULTS, type ShutdownReport } from './graceful-shutdown.js'
export { type ConfigHandler, createConfigHandler } from './handler.js'
export type { HttpManager } from './manager.js'
export { type NodeHandler, toNodeHandler } from './node-handler.js'
export { type ConfigHandlerOptions, HANDLER_DEFAULTS } from './options.js'
export type { RedisStatistics } from './redis-statistics.js'
export { type EditorOptions, roles } from './roles.js'
export { PLAYGROUND_DEFAULTS, type PlaygroundLimits } from './run-limiter.js'
