import { getConfigManager } from '../manager/global-manager.js'
import type { AgentManager } from './agent-manager.js'

/** The process's manager; `undefined` when no database is configured: then an agent uses its fallbacks. */
export function defaultManager(): AgentManager | undefined {
  const manager = getConfigManager()
  return manager.isUnconfigured ? undefined : manager
}
