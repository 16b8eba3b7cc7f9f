import { getConfigManager } from '../manager/global-manager.js'
import type { AgentManager } from './agent-manager.js'

/** The process's manager, when a database is configured; `undefined` when none is, and an agent lives on its fallbacks. */
export function defaultManager(): AgentManager | undefined {
  const manager = getConfigManager()
  return manager.isUnconfigured ? undefined : manager
}
