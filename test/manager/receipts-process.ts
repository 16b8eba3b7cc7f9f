import { createConfigManager } from '../../src/manager/global-manager.js'
import type { ConfigManagerOptions } from '../../src/manager/options.js'
import { serveRequests } from '../support/serve-requests.js'

// A worker of receipts.test.ts, to be frozen and killed.

const handlers = {
  open: (options: ConfigManagerOptions) => createConfigManager(options).ready(),
}

export type ReceiptsHandlers = typeof handlers
serveRequests(handlers)
