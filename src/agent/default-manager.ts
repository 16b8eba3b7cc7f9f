import { getConfigManager } from '../manager/global-manager.js'
import { isConfigError } from '../shared/errors.js'
import type { AgentManager } from './agent-manager.js'

/** The process's manager, when a database is configured; `undefined` when none is, and an agent lives on its fallbacks. */
export function defaultManager(): AgentManager | undefined {
  try {
    return getConfigManager()
  } catch (error) {
    if (isConfigError(error, 'E_SETTINGS')) return undefined
    throw error
  }
}
