import type { FlagValue } from '../entities/flag.js'
import { checkInteger, checkProject } from '../shared/arguments.js'
import { checkKeys } from '../shared/known-keys.js'
import { subjectOf } from './evaluation-context.js'
import { type FlagManager, ManagerWatch } from './manager-watch.js'
import type { AgentConfigProvider, OpenFeatureContext, OpenFeatureResolution } from './openfeature-types.js'
import { ProviderEvents } from './provider-events.js'
import { failureOf, resolutionOf } from './resolution.js'
import { track } from './tracking.js'

export interface OpenFeatureProviderOptions {
  /** Whose flags are read. @default the manager's project */
  readonly project?: string
  /** How long `initialize` waits for the manager, in milliseconds. @default 5_000 */
  readonly initializeTimeoutMs?: number
}

const INITIALIZE_TIMEOUT_MS = 5_000
/** Longest delay of a timer. */
const MAX_TIMEOUT_MS = 2_147_483_647

/**
 * A provider for OpenFeature's server SDK (`@openfeature/server-sdk`) that reads flags of a manager. Evaluations never reject: where a flag
 * is missing, of another type, or the store is away, they give the caller's value and an error code. The manager stays the host's: closing
 * the provider leaves it open.
 *
 * @throws {InvalidArgumentError} when an option is not acceptable
 *
 * @example
 * ```ts
 * const manager = createConfigManager({ database: 'pglite:memory' })
 * await OpenFeature.setProviderAndWait(createOpenFeatureProvider(manager))
 * await OpenFeature.getClient().getBooleanValue('new-checkout', false, { targetingKey: 'user-7', plan: 'pro' })
 * ```
 */
export function createOpenFeatureProvider(manager: FlagManager, options: OpenFeatureProviderOptions = {}): AgentConfigProvider {
  checkKeys(options, ['project', 'initializeTimeoutMs'])
  const project = checkProject(options.project ?? manager.project)
  const initializeTimeoutMs = checkInteger('initializeTimeoutMs', options.initializeTimeoutMs ?? INITIALIZE_TIMEOUT_MS, {
    min: 1,
    max: MAX_TIMEOUT_MS,
  })
  const events = new ProviderEvents()
  const watch = new ManagerWatch({ manager, project, initializeTimeoutMs, emit: (event, context) => events.emit(event, context) })

  /** @param typed any value of the requested type, because the caller's own may be null or a list, which a flag cannot be */
  function resolver(typed: FlagValue) {
    return async <Value>(name: string, fallback: Value, context: OpenFeatureContext): Promise<OpenFeatureResolution<Value>> => {
      try {
        return resolutionOf(await manager.getFlagDetails(name, typed, { project, ...subjectOf(context) }), fallback, project)
      } catch (error) {
        return failureOf(error, fallback, project)
      }
    }
  }

  return {
    metadata: { name: 'agent-config' },
    runsOn: 'server',
    events,
    initialize: () => watch.start(),
    onClose: async () => watch.stop(),
    track(eventName, context, details) {
      // An outcome names no project: it counts for rollouts of the manager's project only.
      if (project === manager.project) track(manager.outcomes, eventName, context, details)
    },
    resolveBooleanEvaluation: resolver(false),
    resolveStringEvaluation: resolver(''),
    resolveNumberEvaluation: resolver(0),
    resolveObjectEvaluation: resolver({}),
  }
}
